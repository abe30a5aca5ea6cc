import MassRuntime
import Synchronization
import Testing

@testable import MassServing

@Suite struct SingleFlights {
  private typealias Flights = SingleFlight<String, Int>

  /// Lets others run until a condition holds.
  private static func until(_ isReached: () -> Bool) async {
    for _ in 0..<200_000 where !isReached() { await Task.yield() }
    #expect(isReached())
  }

  /// A value that is made when told.
  private final class Gate: Sendable {
    private struct State {
      var waiting: [CheckedContinuation<Result<Int, ServingError>, Never>] = []
      var calls = 0
    }

    private let state = Mutex(State())

    var calls: Int { state.withLock { $0.calls } }

    func pass() async throws(ServingError) -> Int {
      try await withCheckedContinuation { continuation in
        state.withLock {
          $0.calls += 1
          $0.waiting.append(continuation)
        }
      }.get()
    }

    func open(_ result: Result<Int, ServingError>) {
      let next = state.withLock { $0.waiting.popLast() }
      next?.resume(returning: result)
    }
  }

  private static func start(
    _ flights: Flights, _ gate: Gate, abandonment: Abandonment = Abandonment()
  ) -> Task<Result<Int, ServingError>, Never> {
    Task {
      do throws(ServingError) {
        return .success(
          try await flights.value(for: "k", abandonment: abandonment) { () async throws(ServingError) in
            try await gate.pass()
          }.value)
      } catch { return .failure(error) }
    }
  }

  @Test func oneMakesItForAll() async {
    let (flights, gate) = (Flights(), Gate())
    let tasks = (0..<50).map { _ in Self.start(flights, gate) }
    await Self.until { flights.waitingCount == 49 && gate.calls == 1 }
    gate.open(.success(7))
    for task in tasks { #expect(await task.value == .success(7)) }
    #expect(gate.calls == 1)
    let later = Self.start(flights, gate)
    await Self.until { gate.calls == 2 }
    gate.open(.success(8))
    #expect(await later.value == .success(8), "a flight that ended is over")
  }

  @Test func afterAFailureTheNextOneMakesIt() async {
    let (flights, gate) = (Flights(), Gate())
    let tasks = (0..<10).map { _ in Self.start(flights, gate) }
    let no = ServingError(.internalError, "no")
    for call in 1...3 {
      await Self.until { gate.calls == call && flights.waitingCount == 10 - call }
      gate.open(.failure(no))
    }
    await Self.until { gate.calls == 4 }
    gate.open(.success(1))
    var results: [Result<Int, ServingError>] = []
    for task in tasks { results.append(await task.value) }
    #expect(results.count { $0 == .failure(no) } == 3)
    #expect(results.count { $0 == .success(1) } == 7)
  }

  @Test func whoIsAbandonedStopsWaiting() async {
    let (flights, gate) = (Flights(), Gate())
    let first = Self.start(flights, gate)
    await Self.until { gate.calls == 1 }
    let late = ServingError(.deadlineExceeded, "late")
    let abandonment = Abandonment()
    let second = Self.start(flights, gate, abandonment: abandonment)
    let third = Self.start(flights, gate)
    await Self.until { flights.waitingCount == 2 }
    abandonment.give(late)
    #expect(await second.value == .failure(late))
    third.cancel()
    #expect(await third.value == .failure(ServingError(.cancelled, "the request was cancelled")))
    #expect(flights.waitingCount == 0)
    gate.open(.failure(late))
    #expect(await first.value == .failure(late))
    let next = Self.start(flights, gate)
    await Self.until { gate.calls == 2 }
    gate.open(.success(2))
    #expect(await next.value == .success(2))
  }

  @Test func whoWasAbandonedBeforeDoesNotWait() async {
    let (flights, gate) = (Flights(), Gate())
    let first = Self.start(flights, gate)
    await Self.until { gate.calls == 1 }
    let (gone, abandonment) = (ServingError(.cancelled, "gone"), Abandonment())
    abandonment.give(gone)
    #expect(await Self.start(flights, gate, abandonment: abandonment).value == .failure(gone))
    gate.open(.success(1))
    #expect(await first.value == .success(1))
  }

  /// The cache computes once for all who ask at a time, and not again for those who come later.
  @Test func theCacheComputesOnce() async throws {
    let (cache, gate) = (ResponseCache(byteLimit: 10_000, entryLimit: 5000), Gate())
    let owner = cache.enroll(model: "m", version: 1)
    let digest = try #require(ResponseDigest(owner: owner, inputs: [], outputs: []))
    let answer = try CachedTensors.thousand(5)
    let tasks = (0..<20).map { _ in
      Task {
        try await cache.response(for: digest, of: owner) { () async throws(ServingError) in
          _ = try await gate.pass()
          return answer
        }
      }
    }
    await Self.until { cache.waitingCount == 19 }
    gate.open(.success(0))
    for task in tasks { #expect(try await task.value.first?.tensor.integers().first == 5) }
    #expect(cache.lookUp(digest) != nil)
    #expect(gate.calls == 1)
    #expect(cache.counters.shared == 19)
    #expect(cache.counters.misses == 20)
    #expect(cache.counters.hits == 1)
  }
}
