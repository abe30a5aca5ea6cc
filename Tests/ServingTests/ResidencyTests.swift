import Dispatch
import MassRuntime
import OperatorCases
import Synchronization
import Testing

@testable import MassServing

/// Instances that leave the memory and come back.
@Suite struct ResidencyTests {
  private static func pool() throws(ServingError) -> InstancePool {
    do {
      return try InstancePool(
        GatedModel().model(), name: "relu", options: InstanceOptions(count: 1, threads: 1, queueLimit: 10),
        recorder: StatisticsRecorder(name: "relu", version: 1, residentBytes: 0))
    } catch {
      throw ServingError(.internalError, "\(error)")
    }
  }

  /// Instances that are asleep, and start when the gate is opened.
  private static func asleep(
    _ gate: DispatchSemaphore, failures: Int = 0, patience: UInt64 = 3_600_000_000_000
  ) async throws -> Residency {
    let left = Mutex(failures)
    let residency = Residency(try pool(), patience: patience) { () throws(ServingError) in
      gate.wait()
      let fails = left.withLock { left in
        defer { left -= 1 }
        return left > 0
      }
      if fails { throw ServingError(.resourceExhausted, "no memory") }
      return try pool()
    }
    #expect(await residency.sleepIfIdle(now: .max))
    return residency
  }

  private static let row: [Value] = [.tensor(.f32([1, 2], [-1, 2]))]

  @Test func everybodyWaitsForOneStart() async throws {
    let gate = DispatchSemaphore(value: 0)
    let residency = try await Self.asleep(gate)
    try await withThrowingTaskGroup(of: InstancePool.self) { group in
      for _ in 0..<8 { group.addTask { try await residency.pool() } }
      gate.signal()
      var pools: [InstancePool] = []
      for try await pool in group { pools.append(pool) }
      #expect(pools.allSatisfy { $0 === pools[0] })
    }
    let pool = try await residency.pool()
    #expect(try await pool.run(Self.row, deadline: nil, abandonment: nil).outputs.first?.tensor?.doubles() == [0, 2])
    await residency.close()
  }

  @Test func nobodyWaitsForAStartBeyondADeadline() async throws {
    let gate = DispatchSemaphore(value: 0)
    let residency = try await Self.asleep(gate)
    await #expect(throws: InstancePool.expired) {
      _ = try await residency.pool(deadline: MonotonicClock.now() + 10_000_000)
    }
    gate.signal()
    _ = try await residency.pool(deadline: MonotonicClock.now() + 60_000_000_000)
    await residency.close()
  }

  @Test func whoLeavesIsAnsweredWhileTheModelWakes() async throws {
    let gate = DispatchSemaphore(value: 0)
    let residency = try await Self.asleep(gate)
    let (reason, abandonment) = (ServingError(.cancelled, "gone"), Abandonment())
    async let answer = residency.pool(abandonment: abandonment)
    abandonment.give(reason)
    do {
      _ = try await answer
      Issue.record("waited for the start")
    } catch {
      #expect(error as? ServingError == reason)
    }
    let task = Task { try await residency.pool() }
    task.cancel()
    await #expect(throws: ServingError(.cancelled, "the request was cancelled")) { try await task.value }
    gate.signal()
    await residency.close()
  }

  @Test func aStartThatFailsIsToldAndTriedAgainAfterAPause() async throws {
    let gate = DispatchSemaphore(value: 2)
    defer { for _ in 0..<2 { gate.signal() } }
    let residency = try await Self.asleep(gate, failures: 1)
    // One of the requests starts the model; the others hear why that failed.
    for _ in 0..<20 {
      await #expect(throws: ServingError(.resourceExhausted, "no memory")) { try await residency.pool() }
    }
    try await Task.sleep(for: .milliseconds(1100))
    _ = try await residency.pool()
    await residency.close()
  }

  @Test func whatIsClosedWhileItWakesAnswersNobody() async throws {
    let gate = DispatchSemaphore(value: 0)
    let residency = try await Self.asleep(gate)
    async let answer = residency.pool()
    try await Task.sleep(for: .milliseconds(20))
    async let isClosed: Void = residency.close()
    try await Task.sleep(for: .milliseconds(20))
    gate.signal()
    await isClosed
    do {
      _ = try await answer
      Issue.record("got instances of what is closed")
    } catch {
      #expect(error as? ServingError == InstancePool.retired)
    }
    #expect(residency.current == nil)
  }

  @Test func whatWasAskedForLatelyStays() async throws {
    let residency = Residency(try Self.pool(), patience: 1_000_000_000) { () throws(ServingError) in try Self.pool() }
    let before = MonotonicClock.now()
    _ = try await residency.pool()
    #expect(await !residency.sleepIfIdle(now: before + 900_000_000))
    #expect(await residency.sleepIfIdle(now: MonotonicClock.now() + 1_000_000_000))
    #expect(residency.current == nil)
    await residency.close()
  }
}
