import MassRuntime
import OperatorCases
import Testing

@testable import MassServing

/// Requests that run together, and those that run again.
@Suite struct BatchingTests {
  private static func pool(
    _ gated: GatedModel, instances: Int = 1, queueLimit: Int = 1000, batching: BatchRules? = nil,
    rules: QueueRules = QueueRules(), recorder: StatisticsRecorder = recorder()
  ) throws -> InstancePool {
    try InstancePool(
      gated.model(), name: "relu", options: InstanceOptions(count: instances, threads: 1, queueLimit: queueLimit),
      rules: rules, batching: batching, recorder: recorder)
  }

  private static func recorder() -> StatisticsRecorder {
    StatisticsRecorder(name: "relu", version: 1, residentBytes: 0)
  }

  private static func row(_ values: Double...) -> [Value] { [.tensor(.f32([1, values.count], values))] }

  private static func wait(until isTrue: () -> Bool) async throws {
    for _ in 0..<5000 where !isTrue() { try await Task.sleep(for: .milliseconds(1)) }
    #expect(isTrue())
  }

  /// Rows of each execution, and how often there was such a one.
  private static func executions(_ recorder: StatisticsRecorder) -> [Int: UInt64] {
    recorder.snapshot.1.batchRows
  }

  @Test func whatWaitsRunsTogetherUpToTheLargestBatch() async throws {
    let gated = GatedModel(isGated: true)
    let recorder = Self.recorder()
    let pool = try Self.pool(gated, batching: BatchRules(largest: 4), recorder: recorder)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask { try await pool.run(Self.row(-1, 2), deadline: nil, abandonment: nil).outputs.rows == 1 }
      try await Self.wait { pool.pending == 1 && pool.queue.count == 0 }
      for i in 1...9 {
        group.addTask {
          let result = try await pool.run(Self.row(Double(i), -1), deadline: nil, abandonment: nil)
          return result.outputs.first?.tensor?.doubles() == [Double(i), 0]
        }
      }
      try await Self.wait { pool.queue.count == 9 }
      gated.open(10)
      for try await isRight in group { #expect(isRight) }
    }
    #expect(Self.executions(recorder) == [1: 2, 4: 2])
    await pool.close()
  }

  @Test func requestsOfSeveralRowsFillABatchAndGetTheirOwn() async throws {
    let gated = GatedModel(isGated: true)
    let recorder = Self.recorder()
    let pool = try Self.pool(gated, batching: BatchRules(largest: 8), recorder: recorder)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask { try await pool.run(Self.row(1, 2), deadline: nil, abandonment: nil).outputs.rows == 1 }
      try await Self.wait { pool.pending == 1 && pool.queue.count == 0 }
      for rows in [3, 5, 9, 2] {
        group.addTask {
          let values = (0..<rows * 2).map { Double($0 * rows) }
          let result = try await pool.run([.tensor(.f32([rows, 2], values))], deadline: nil, abandonment: nil)
          return result.outputs.first?.tensor?.doubles() == values
        }
        let before = pool.queue.count
        try await Self.wait { pool.queue.count == before + 1 }
      }
      gated.open(10)
      for try await isRight in group { #expect(isRight) }
    }
    // 3 and 5 fill a batch; 9 rows are too many for any; 2 come last.
    #expect(Self.executions(recorder) == [1: 1, 8: 1, 9: 1, 2: 1])
    await pool.close()
  }

  @Test func otherShapesRunByThemselves() async throws {
    let gated = GatedModel(isGated: true)
    let recorder = Self.recorder()
    let pool = try Self.pool(gated, batching: BatchRules(largest: 8), recorder: recorder)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask { try await pool.run(Self.row(1, 2), deadline: nil, abandonment: nil).outputs.rows == 1 }
      try await Self.wait { pool.pending == 1 && pool.queue.count == 0 }
      for i in 0..<6 {
        group.addTask {
          let input = i % 2 == 0 ? Self.row(Double(i), 1) : Self.row(Double(i), 1, 2)
          let result = try await pool.run(input, deadline: nil, abandonment: nil)
          return result.outputs.first?.tensor?.doubles().first == Double(i)
        }
        let before = pool.queue.count
        try await Self.wait { pool.queue.count == before + 1 }
      }
      gated.open(10)
      for try await isRight in group { #expect(isRight) }
    }
    #expect(Self.executions(recorder) == [1: 1, 3: 2])
    await pool.close()
  }

  /// An hour: who waits that long does not end within the test.
  private static let hour: UInt64 = 3_600_000_000_000

  @Test func aFullBatchDoesNotWaitForMore() async throws {
    let recorder = Self.recorder()
    let pool = try Self.pool(GatedModel(), batching: BatchRules(largest: 3, delay: Self.hour), recorder: recorder)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<3 { group.addTask { _ = try await pool.run(Self.row(1, 2), deadline: nil, abandonment: nil) } }
      try await group.waitForAll()
    }
    #expect(Self.executions(recorder) == [3: 1])
    await pool.close()
  }

  @Test func anIdleInstanceWaitsForOthersAsLongAsTold() async throws {
    let delay: UInt64 = 50_000_000
    let pool = try Self.pool(GatedModel(), batching: BatchRules(largest: 3, delay: delay))
    let result = try await pool.run(Self.row(1, 2), deadline: nil, abandonment: nil)
    #expect(result.timing.queue >= delay)
    await pool.close()
  }

  @Test func nobodyIsWaitedForBeyondADeadlineOrWhileOthersWait() async throws {
    let recorder = Self.recorder()
    let pool = try Self.pool(GatedModel(), batching: BatchRules(largest: 3, delay: Self.hour), recorder: recorder)
    let deadline = MonotonicClock.now() + 20_000_000
    _ = try? await pool.run(Self.row(1, 2), deadline: deadline, abandonment: nil)
    // The first of these runs because the second, which does not fit to it, waits; that one has a deadline.
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { _ = try await pool.run(Self.row(1, 2), deadline: nil, abandonment: nil) }
      try await Self.wait { pool.pending == 1 && pool.queue.count == 0 }
      group.addTask {
        let deadline = MonotonicClock.now() + 20_000_000
        _ = try? await pool.run(Self.row(1, 2, 3), deadline: deadline, abandonment: nil)
      }
      try await group.waitForAll()
    }
    #expect(Self.executions(recorder)[1] ?? 0 >= 1)
    await pool.close()
  }

  @Test func aPoolThatIsClosedWaitsForNobody() async throws {
    let pool = try Self.pool(GatedModel(), batching: BatchRules(largest: 3, delay: Self.hour))
    async let answer = pool.run(Self.row(1, -2), deadline: nil, abandonment: nil)
    try await Task.sleep(for: .milliseconds(20))
    await pool.close()
    let values = try? await answer.outputs.first?.tensor?.doubles()
    #expect(values == nil || values == [1, 0])
  }

  @Test(arguments: [(nil, nil), (6, 3), (4, 2)] as [(Int?, Int?)])
  func aBitThatDiffersInABatchIsFound(_ unevenFrom: Int?, _ rows: Int?) async throws {
    let pool = try Self.pool(GatedModel(unevenFrom: unevenFrom), batching: BatchRules(largest: 4))
    let inputs = [Value.tensor(.f32([4, 2], [1, -2, 3, -4, 5, -6, 7, -8]))]
    #expect(try BatchProbe(instance: try #require(pool.instances.first), inputs: inputs).firstDifference() == rows)
    await pool.close()
  }

  @Test func oneBadRequestFailsAlone() async throws {
    let gated = GatedModel(isGated: true, limit: 100)
    let pool = try Self.pool(gated, batching: BatchRules(largest: 8))
    try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
      group.addTask { (-1, try await pool.run(Self.row(1, 2), deadline: nil, abandonment: nil).outputs.rows == 1) }
      try await Self.wait { pool.pending == 1 && pool.queue.count == 0 }
      for i in 0..<4 {
        group.addTask {
          let input = Self.row(i == 2 ? 1000 : Double(i), 0)
          let result = try? await pool.run(input, deadline: nil, abandonment: nil)
          return (i, result?.outputs.first?.tensor?.doubles() == [Double(i), 0])
        }
      }
      try await Self.wait { pool.queue.count == 4 }
      gated.open(20)
      for try await (i, isRight) in group { #expect(isRight == (i != 2), "request \(i)") }
    }
    await pool.close()
  }

  @Test func abandonedRequestsLeaveTheirBatch() async throws {
    let gated = GatedModel(isGated: true)
    let recorder = Self.recorder()
    let pool = try Self.pool(gated, batching: BatchRules(largest: 8), recorder: recorder)
    let abandonment = Abandonment()
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask { try await pool.run(Self.row(1, 2), deadline: nil, abandonment: nil).outputs.rows == 1 }
      try await Self.wait { pool.pending == 1 && pool.queue.count == 0 }
      for i in 0..<3 {
        group.addTask {
          let result = try? await pool.run(Self.row(1, 2), deadline: nil, abandonment: i == 1 ? abandonment : nil)
          return (result == nil) == (i == 1)
        }
      }
      try await Self.wait { pool.queue.count == 3 }
      abandonment.give(ServingError(.cancelled, "gone"))
      gated.open(10)
      for try await isRight in group { #expect(isRight) }
    }
    #expect(Self.executions(recorder) == [1: 1, 2: 1])
    await pool.close()
  }

  @Test(arguments: [1, 2]) func aRequestRunsOnAnotherInstanceAfterOneFails(_ instances: Int) async throws {
    let pool = try Self.pool(GatedModel(failures: 1), instances: instances)
    let result = try await pool.run(Self.row(3, -3), deadline: nil, abandonment: nil)
    #expect(result.outputs.first?.tensor?.doubles() == [3, 0])
    #expect(pool.recorder.retries == 1)
    await pool.close()
  }

  @Test func whatFailsTwiceIsTold() async throws {
    let pool = try Self.pool(GatedModel(failures: 2))
    do {
      _ = try await pool.run(Self.row(3, -3), deadline: nil, abandonment: nil)
      Issue.record("ran")
    } catch {
      #expect(error.code == .resourceExhausted)
    }
    #expect(try await pool.run(Self.row(3, -3), deadline: nil, abandonment: nil).outputs.rows == 1)
    await pool.close()
  }

  @Test func whatTheDataCausesIsNotTriedAgain() async throws {
    let pool = try Self.pool(GatedModel(limit: 1), instances: 2)
    await #expect(throws: ServingError.self) {
      try await pool.run(Self.row(3, -3), deadline: nil, abandonment: nil)
    }
    #expect(pool.recorder.retries == 0)
    await pool.close()
  }
}
