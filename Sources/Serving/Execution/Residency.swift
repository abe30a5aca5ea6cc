import MassRuntime
import Synchronization

/// A version's instances, which may leave the memory while nobody asks and come back for the next request.
final class Residency: Sendable {
  /// Opens the model and starts its instances, warmed up.
  typealias Start = @Sendable () throws(ServingError) -> InstancePool

  /// Why the instances could not be started, and until when nobody tries again.
  private struct Failure {
    var error: ServingError
    /// Nanoseconds of the monotonic clock.
    var end: UInt64
  }

  private enum State {
    case resident(InstancePool)
    case asleep(Failure?)
    case waking(Task<Result<InstancePool, ServingError>, Never>)
    case closed
  }

  /// Nanoseconds between a start that failed and the next.
  private static let pause: UInt64 = 1_000_000_000

  private let state: Mutex<State>
  private let start: Start
  /// Nanoseconds without a request after which the instances leave; nil for never.
  private let patience: UInt64?
  private let lastUse = Atomic<UInt64>(MonotonicClock.now())

  init(_ pool: InstancePool, patience: UInt64?, start: @escaping Start) {
    state = Mutex(.resident(pool))
    self.patience = patience
    self.start = start
  }

  /// The instances that are there.
  var current: InstancePool? {
    state.withLock { state in if case .resident(let pool) = state { pool } else { nil } }
  }

  /// The instances, which are started if they are not there: whoever asks meanwhile waits for the same start.
  ///
  /// - Parameters:
  ///   - deadline: Nanoseconds of the monotonic clock; the start goes on without whom it takes too long.
  ///   - abandonment: Ends the waiting, as the task's cancellation does.
  /// - Throws: `InstancePool.retired` after `close`; why they could not be started; why nobody waits any more.
  func pool(
    deadline: UInt64? = nil, abandonment: Abandonment? = nil
  ) async throws(ServingError) -> InstancePool {
    if patience != nil { lastUse.store(MonotonicClock.now(), ordering: .relaxed) }
    let waking: Task<Result<InstancePool, ServingError>, Never>
    switch state.withLock({ wake(&$0) }) {
    case .resident(let pool): return pool
    case .waking(let task): waking = task
    case .asleep(let failure): throw failure?.error ?? InstancePool.retired
    case .closed: throw InstancePool.retired
    }
    return try await Self.wait(for: waking, deadline, abandonment ?? Abandonment())
  }

  private static func wait(
    for waking: Task<Result<InstancePool, ServingError>, Never>, _ deadline: UInt64?, _ abandonment: Abandonment
  ) async throws(ServingError) -> InstancePool {
    let timer = deadline.map { InstancePool.timer($0, abandonment) }
    defer { timer?.cancel() }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let waiter = Waiter(continuation)
        abandonment.fill { waiter.finish(.failure($0)) }
        Task(executorPreference: ThreadPoolExecutor.shared) { waiter.finish(await waking.value) }
      }
    } onCancel: {
      abandonment.give(ServingError(.cancelled, "the request was cancelled"))
    }
    return try result.get()
  }

  private func wake(_ state: inout State) -> State {
    guard case .asleep(let failure) = state else { return state }
    if let failure, MonotonicClock.now() < failure.end { return state }
    state = .waking(Task(executorPreference: ThreadPoolExecutor.shared) { await self.started() })
    return state
  }

  private func started() async -> Result<InstancePool, ServingError> {
    let start = start
    let result: Result<InstancePool, ServingError>
    do throws(ServingError) {
      result = try await WorkerThread.run("wake") { () -> Result<InstancePool, ServingError> in
        do throws(ServingError) { return .success(try start()) } catch { return .failure(error) }
      }
    } catch { result = .failure(error) }
    let isClosed = state.withLock { state -> Bool in
      if case .closed = state { return true }
      // Whoever waited for them is to find them there.
      let now = MonotonicClock.now()
      lastUse.store(now, ordering: .relaxed)
      switch result {
      case .success(let pool): state = .resident(pool)
      case .failure(let error): state = .asleep(Failure(error: error, end: now + Self.pause))
      }
      return false
    }
    guard isClosed else { return result }
    if case .success(let pool) = result { await pool.close() }
    return .failure(InstancePool.retired)
  }

  /// Lets the instances go if nobody asked for long enough and nothing waits or runs; returns whether they went.
  func sleepIfIdle(now: UInt64) async -> Bool {
    guard let patience else { return false }
    let pool = state.withLock { state -> InstancePool? in
      // Looked at under the lock: whoever got the instances before it left its mark, and whoever comes later wakes them.
      guard case .resident(let pool) = state, pool.pending == 0,
        now.subtractingClamped(lastUse.load(ordering: .relaxed)) >= patience
      else { return nil }
      state = .asleep(nil)
      return pool
    }
    await pool?.close()
    return pool != nil
  }

  /// Answers what was admitted, and starts nothing more.
  func close() async {
    let former = state.withLock { state in
      defer { state = .closed }
      return state
    }
    switch former {
    case .resident(let pool): await pool.close()
    case .waking(let task): _ = await task.value
    case .asleep, .closed: break
    }
  }
}

/// One who waits for instances that are being started, until they are there or there is a reason to wait no longer.
private final class Waiter: Sendable {
  typealias Outcome = Result<InstancePool, ServingError>

  private let continuation: Mutex<CheckedContinuation<Outcome, Never>?>

  init(_ continuation: CheckedContinuation<Outcome, Never>) { self.continuation = Mutex(continuation) }

  /// What comes later is dropped.
  func finish(_ outcome: Outcome) {
    let waiting = continuation.withLock { waiting in
      defer { waiting = nil }
      return waiting
    }
    waiting?.resume(returning: outcome)
  }
}
