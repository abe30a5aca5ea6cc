import MassRuntime
import OperatorCases
import Testing

@testable import MassServing

/// Batches whose requests have little time, or shapes that nobody expects.
@Suite struct GatheringTests {
  private static func pool(_ batching: BatchRules, _ rules: QueueRules = QueueRules()) throws -> InstancePool {
    try InstancePool(
      GatedModel().model(), name: "relu", options: InstanceOptions(count: 1, threads: 1, queueLimit: 100),
      rules: rules, batching: batching, recorder: StatisticsRecorder(name: "relu", version: 1, residentBytes: 0))
  }

  private static func row(_ values: Double...) -> [Value] { [.tensor(.f32([1, values.count], values))] }

  private static let hour: UInt64 = 3_600_000_000_000

  @Test func aRequestIsAnsweredBeforeItsDeadlineThoughOthersAreWaitedFor() async throws {
    let pool = try Self.pool(BatchRules(largest: 4, delay: Self.hour))
    let deadline = MonotonicClock.now() + 2_000_000_000
    let result = try await pool.run(Self.row(1, -1), deadline: deadline, abandonment: nil)
    #expect(result.outputs.first?.tensor?.doubles() == [1, 0])
    await pool.close()
  }

  @Test func aBatchWaitsNoLongerThanTheMostHurriedOfItsRequests() async throws {
    let pool = try Self.pool(BatchRules(largest: 4, delay: Self.hour))
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for i in 0..<2 {
        group.addTask {
          let deadline = i == 0 ? nil : MonotonicClock.now() + 2_000_000_000
          let result = try await pool.run(Self.row(Double(i), -1), deadline: deadline, abandonment: nil)
          return result.outputs.first?.tensor?.doubles() == [Double(i), 0]
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
    #expect(pool.pending == 0)
    await pool.close()
  }

  @Test func rowsThatHaveNoElementsAreNotCounted() async throws {
    let pool = try Self.pool(BatchRules(largest: 4, delay: 20_000_000))
    let empty: [Value] = [.tensor(try Tensor(element: .float32, shape: [Int.max, 0]))]
    #expect(empty.rows == 0)
    #expect((empty + Self.row(1, 2)).rows == 1)
    #expect([Value]().rows == 1)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 { group.addTask { _ = try await pool.run(empty, deadline: nil, abandonment: nil) } }
      group.addTask { _ = try await pool.run(Self.row(3, -3), deadline: nil, abandonment: nil) }
      try await group.waitForAll()
    }
    #expect(pool.recorder.snapshot.1.batchRows == [0: 4, 1: 1])
    await pool.close()
  }

  @Test func rowsThatEndWithinAByteAreNotJoined() throws {
    var graph = Graph(name: "packed")
    let x = graph.addInput(name: "x", type: .tensor(TensorType(.int4, [Dimension(symbol: "N"), 3])))
    graph.outputs = graph.append(Identity(), [x], resultNames: ["y"], origins: ["copy"])
    try graph.inferTypes()
    let model = Model(Plan(header: PlanHeader(producer: "", numerics: "", source: ""), graph: graph), plugins: [])
    var settings = ModelSettings()
    settings.batching = BatchRules(largest: 4)
    let recorder = StatisticsRecorder(name: "packed", version: 1, residentBytes: 0)
    let start = InstanceStart(name: "packed", settings: settings, recorder: recorder)
    #expect(throws: ServingError.invalid("batching: rows of 'x', i4[Nx3], cannot be joined")) {
      try start.pool(of: model, isFirst: true)
    }
  }

  @Test func theEstimateOfTheWaitIsZeroWhenAllAreAnswered() async throws {
    var rules = QueueRules()
    rules.policy = QueuePolicy(levels: 2)
    rules.longestWait = Self.hour
    let pool = try Self.pool(BatchRules(largest: 3, delay: 100_000), rules)
    await withTaskGroup(of: Void.self) { group in
      for i in 0..<100 {
        group.addTask {
          let abandonment = Abandonment()
          if i % 7 == 0 { abandonment.give(ServingError(.cancelled, "gone")) }
          let deadline = i % 5 == 0 ? MonotonicClock.now() + UInt64(i) * 10_000 : nil
          let input = i % 3 == 0 ? Self.row(1, 2, 3) : Self.row(1, 2)
          _ = try? await pool.run(input, priority: 1 + i % 2, deadline: deadline, abandonment: abandonment)
        }
      }
    }
    await pool.close()
    #expect(pool.pending == 0)
    #expect(pool.estimator?.predictedWait(priority: 2, now: MonotonicClock.now()) == 0)
  }
}
