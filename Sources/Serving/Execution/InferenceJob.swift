import MassRuntime
import Synchronization

/// One admitted request on its way through a queue to an instance.
final class InferenceJob: Sendable {
  struct Result: Sendable {
    var outputs: [Value]
    var timing: StageTimes

    init(_ run: Instance.Run, admitted: UInt64) {
      outputs = run.outputs
      timing = StageTimes()
      timing.queue = run.start.subtractingClamped(admitted)
      timing.compute = run.compute
    }
  }

  /// In the model's order.
  let inputs: [Value]
  /// 1 is the highest.
  let priority: Int
  /// Nanoseconds of the monotonic clock.
  let admitted: UInt64
  let deadline: UInt64?
  private let continuation: Mutex<CheckedContinuation<Swift.Result<Result, ServingError>, Never>?>
  private let cancellation = Atomic(false)

  init(
    inputs: [Value], priority: Int, admitted: UInt64, deadline: UInt64?,
    continuation: CheckedContinuation<Swift.Result<Result, ServingError>, Never>
  ) {
    self.inputs = inputs
    self.priority = priority
    self.admitted = admitted
    self.deadline = deadline
    self.continuation = Mutex(continuation)
  }

  /// Answers, once: what comes later is dropped.
  func finish(_ result: Swift.Result<Result, ServingError>) {
    let waiting = continuation.withLock { waiting in
      defer { waiting = nil }
      return waiting
    }
    waiting?.resume(returning: result)
  }

  /// Nobody waits any more: whoever asked is told why at once, and an instance drops the job unrun.
  func abandon(_ error: ServingError) {
    cancellation.store(true, ordering: .relaxed)
    finish(.failure(error))
  }

  var isAbandoned: Bool { cancellation.load(ordering: .relaxed) }
}

/// Tells a job why nobody waits for it any more: at once, or as soon as there is a job.
final class Abandonment: Sendable {
  private enum State {
    case empty
    case reason(ServingError)
    case waiting(@Sendable (ServingError) -> Void)
  }

  private let state = Mutex(State.empty)

  /// Calls `action` when there is a reason, now if there is one.
  func fill(_ action: @escaping @Sendable (ServingError) -> Void) {
    let reason: ServingError? = state.withLock { state in
      if case .reason(let reason) = state { return reason }
      state = .waiting(action)
      return nil
    }
    if let reason { action(reason) }
  }

  /// What was given; nil when nothing was.
  var reason: ServingError? {
    state.withLock { state in
      if case .reason(let reason) = state { reason } else { nil }
    }
  }

  func give(_ reason: ServingError) {
    let action: (@Sendable (ServingError) -> Void)? = state.withLock { state in
      defer { state = .reason(reason) }
      if case .waiting(let action) = state { return action }
      return nil
    }
    action?(reason)
  }
}
