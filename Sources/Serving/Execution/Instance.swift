import MassRuntime
import Synchronization

/// A session of a version, and what its runs leave in the statistics.
///
/// The pool's thread for the instance runs the jobs that wait; a request that finds the instance idle may run on it at once.
final class Instance: Sendable {
  /// What one execution gave.
  struct Run: Sendable {
    var outputs: [Value]
    /// Nanoseconds of the monotonic clock.
    var start: UInt64
    var compute: UInt64
  }

  private struct State: ~Copyable {
    var session: Session
    var isClosed = false
  }

  private let model: Model
  private let options: SessionOptions
  private let state: Mutex<State>
  private let recorder: StatisticsRecorder
  /// When the run under way began; zero when there is none.
  private let began = Atomic<UInt64>(0)

  init(_ model: Model, options: SessionOptions, recorder: StatisticsRecorder) {
    self.model = model
    self.options = options
    state = Mutex(State(session: Session(model, options: options)))
    self.recorder = recorder
  }

  /// Nanoseconds of the monotonic clock at which the run under way began; nil when there is none.
  var runningSince: UInt64? {
    let began = began.load(ordering: .relaxed)
    return began == 0 ? nil : began
  }

  /// Runs when the instance is idle again.
  func run(_ inputs: [Value]) -> Result<Run, ServingError> {
    state.withLock { state in run(&state, inputs) }
  }

  /// Runs if the instance is idle; nil when it is not, or closed.
  func runIfIdle(_ inputs: [Value]) -> Result<Run, ServingError>? {
    let result = state.withLockIfAvailable { state in state.isClosed ? nil : run(&state, inputs) }
    return result ?? nil
  }

  /// As `run`, without a trace in the statistics.
  func rehearse(_ inputs: [Value]) throws(ServingError) -> [Value] {
    let result: Result<[Value], ServingError> = state.withLock { state in
      do throws(RunError) { return .success(try state.session.run(inputs)) } catch {
        return .failure(ServingError(error))
      }
    }
    return try result.get()
  }

  /// Waits for the run that is under way; `runIfIdle` starts no more.
  func close() { state.withLock { $0.isClosed = true } }

  private func run(_ state: inout State, _ inputs: [Value]) -> Result<Run, ServingError> {
    let start = MonotonicClock.now()
    began.store(start, ordering: .relaxed)
    defer { began.store(0, ordering: .relaxed) }
    do throws(RunError) {
      let outputs = try state.session.run(inputs)
      let compute = MonotonicClock.now() - start
      recorder.executed(rows: inputs.rows, compute: compute)
      return .success(Run(outputs: outputs, start: start, compute: compute))
    } catch {
      let error = ServingError(error)
      // What a session that failed by itself holds on to may be why: it starts anew.
      if error.isFailureOfInstance { state.session = Session(model, options: options) }
      return .failure(error)
    }
  }
}

extension ServingError {
  init(_ error: RunError) {
    switch error {
    case .unknownInput, .missingInput, .inputCount, .inputMismatch, .node: self = .invalid("\(error)")
    case .outOfMemory: self.init(.resourceExhausted, "\(error)")
    case .notPrepared, .shapesKnownOnlyAfterRunning: self.init(.internalError, "\(error)")
    }
    switch error {
    case .node, .outOfMemory, .notPrepared, .shapesKnownOnlyAfterRunning: isFailureOfVersion = true
    case .unknownInput, .missingInput, .inputCount, .inputMismatch: break
    }
  }

  /// Whether the same request may well succeed on another instance: it failed for want of something, not for its inputs.
  var isFailureOfInstance: Bool { isFailureOfVersion && code != .invalidArgument }
}
