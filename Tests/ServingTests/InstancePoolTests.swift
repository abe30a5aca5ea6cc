import MassRuntime
import OperatorCases
import Testing

@testable import MassServing

/// Sessions on threads of their own behind a queue.
@Suite struct InstancePoolTests {
  @Test func answersGoToThoseWhoAsked() async throws {
    let pool = try Self.pool(InstanceOptions(count: 2, threads: 1, queueLimit: 1000))
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for i in 0..<200 {
        group.addTask {
          let input = Tensor.f32([2], [Double(i), -Double(i)])
          let result = try await pool.run([.tensor(input)], deadline: nil, abandonment: nil)
          return result.outputs.first?.tensor?.doubles() == [Double(i), 0]
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
    await pool.close()
  }

  @Test func aClosedPoolAnswersWhatItAdmitted() async throws {
    let pool = try Self.pool(InstanceOptions(count: 1, threads: 1))
    async let answered = pool.run([.tensor(.f32([1], [3]))], deadline: nil, abandonment: nil)
    #expect(try await answered.outputs.first?.tensor?.doubles() == [3])
    await pool.close()
    await #expect(throws: InstancePool.retired) {
      try await pool.run([.tensor(.f32([1], [3]))], deadline: nil, abandonment: nil)
    }
  }

  @Test func aPassedDeadlineIsNotRun() async throws {
    let pool = try Self.pool(InstanceOptions(count: 1, threads: 1))
    await #expect(throws: ServingError(.deadlineExceeded, "Request timeout expired")) {
      try await pool.run([.tensor(.f32([1], [3]))], deadline: 1, abandonment: nil)
    }
    await pool.close()
  }

  @Test func anAbandonedRequestIsAnsweredWithTheReason() async throws {
    let pool = try Self.pool(InstanceOptions(count: 1, threads: 1))
    let (reason, abandonment) = (ServingError(.cancelled, "gone"), Abandonment())
    abandonment.give(reason)
    await #expect(throws: reason) {
      try await pool.run([.tensor(.f32([1], [3]))], deadline: nil, abandonment: abandonment)
    }
    #expect(pool.queue.count == 0)
    await pool.close()
  }

  @Test func aWrongShapeIsTheClientsFault() async throws {
    let pool = try Self.pool(InstanceOptions(count: 1, threads: 1))
    do {
      _ = try await pool.run([.tensor(.f32([1, 1], [3]))], deadline: nil, abandonment: nil)
      Issue.record("ran")
    } catch {
      #expect(error.code == .invalidArgument)
    }
    await pool.close()
  }

  /// `y = relu(x)` over a vector of any length.
  static func pool(_ options: InstanceOptions) throws -> InstancePool {
    var graph = Graph(name: "relu")
    let x = graph.addInput(name: "x", type: .tensor(TensorType(.float32, [Dimension(symbol: "N")])))
    graph.outputs = graph.append(Unary(.relu), [x], resultNames: ["y"], origins: ["relu"])
    try graph.inferTypes()
    let plan = Plan(header: PlanHeader(producer: "", numerics: "", source: ""), graph: graph)
    return try InstancePool(
      Model(plan, plugins: []), name: "relu", options: options,
      recorder: StatisticsRecorder(name: "relu", version: 1, residentBytes: 0))
  }
}
