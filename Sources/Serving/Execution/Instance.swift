import MassRuntime
import Synchronization

/// A session of a version, and what its runs leave in the statistics.
///
/// The pool's thread for the instance runs the jobs that wait; a request that finds the instance idle may run on it at once.
final class Instance: Sendable {
  private struct State: ~Copyable {
    var session: Session
    var isClosed = false
  }

  private let state: Mutex<State>
  private let recorder: StatisticsRecorder

  init(_ model: Model, threads: Int, recorder: StatisticsRecorder) {
    state = Mutex(State(session: Session(model, options: SessionOptions(threads: threads))))
    self.recorder = recorder
  }

  /// Runs when the instance is idle again.
  func run(_ inputs: [Value], admitted: UInt64) -> Result<InferenceJob.Result, ServingError> {
    state.withLock { state in run(&state.session, inputs, admitted) }
  }

  /// Runs if the instance is idle; nil when it is not, or closed.
  func runIfIdle(_ inputs: [Value], admitted: UInt64) -> Result<InferenceJob.Result, ServingError>? {
    let result = state.withLockIfAvailable { state in
      state.isClosed ? nil : run(&state.session, inputs, admitted)
    }
    return result ?? nil
  }

  /// Waits for the run that is under way; `runIfIdle` starts no more.
  func close() { state.withLock { $0.isClosed = true } }

  private func run(
    _ session: inout Session, _ inputs: [Value], _ admitted: UInt64
  ) -> Result<InferenceJob.Result, ServingError> {
    let start = MonotonicClock.now()
    var times = StageTimes()
    times.queue = start - admitted
    do throws(RunError) {
      let outputs = try session.run(inputs)
      times.compute = MonotonicClock.now() - start
      recorder.executed(rows: inputs.rows, times: times)
      return .success(InferenceJob.Result(outputs: outputs, timing: times))
    } catch {
      return .failure(ServingError(error))
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
}

extension [Value] {
  /// Extent of the first axis of the first tensor: the rows a request asks about.
  var rows: Int { first?.tensor?.shape.first ?? 1 }
}
