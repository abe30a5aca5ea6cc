import MassRuntime
import Synchronization

/// How many instances of a model run, and with how many threads each.
public struct InstanceOptions: Hashable, Sendable {
  public var count: Int
  /// Size of each instance's OpenMP team.
  public var threads: Int
  /// Requests that may wait; more are refused.
  public var queueLimit: Int

  public init(count: Int = 1, threads: Int = ThreadCount.default, queueLimit: Int = 256) {
    self.count = count
    self.threads = threads
    self.queueLimit = queueLimit
  }
}

/// The instances of one version: threads with a session each, fed by one queue. They share the model's weights.
final class InstancePool: Sendable {
  private struct State {
    var running: Int
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  let queue: WorkQueue<InferenceJob>
  private let name: String
  private let state: Mutex<State>
  private let executing = Atomic(0)

  /// - Throws: When the system has no thread to give.
  init(_ model: Model, name: String, options: InstanceOptions, recorder: StatisticsRecorder) throws(ServingError) {
    queue = WorkQueue(limit: options.queueLimit)
    self.name = name
    state = Mutex(State(running: options.count))
    for i in 0..<options.count {
      do throws(ServingError) {
        try WorkerThread.start("\(i) \(name)") { [self] in
          run(Session(model, options: SessionOptions(threads: options.threads)), recorder)
          ended()
        }
      } catch {
        state.withLock { $0.running -= options.count - i }
        queue.close()
        throw error
      }
    }
  }

  /// Requests that wait or run.
  var pending: Int { queue.count + executing.load(ordering: .relaxed) }

  /// Runs a job and waits for its result. A reason to abandon it, the task's cancellation and the deadline take it out of
  /// the queue.
  func run(
    _ inputs: [Value], deadline: UInt64?, abandonment: Abandonment?
  ) async throws(ServingError) -> InferenceJob.Result {
    let abandonment = abandonment ?? Abandonment()
    let timer = deadline.map { Self.timer($0, abandonment) }
    defer { timer?.cancel() }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let job = InferenceJob(
          inputs: inputs, admitted: MonotonicClock.now(), deadline: deadline, continuation: continuation)
        switch queue.push(job) {
        case .admitted: abandonment.fill { [self, weak job] in if let job { abandon(job, $0) } }
        case .full: job.finish(.failure(ServingError(.unavailable, "Exceeds maximum queue size", retryAfter: 1)))
        case .closed: job.finish(.failure(Self.retired))
        }
      }
    } onCancel: {
      abandonment.give(ServingError(.cancelled, "the request was cancelled"))
    }
    return try result.get()
  }

  private static func timer(_ deadline: UInt64, _ abandonment: Abandonment) -> Task<Void, Never> {
    Task {
      let now = MonotonicClock.now()
      let wait = Int64(clamping: deadline > now ? deadline - now : 0)
      guard (try? await Task.sleep(for: .nanoseconds(wait))) != nil else { return }
      abandonment.give(expired)
    }
  }

  private func abandon(_ job: InferenceJob, _ error: ServingError) {
    job.abandon(error)
    queue.remove { $0 === job }
  }

  private static let expired = ServingError(.deadlineExceeded, "Request timeout expired")

  /// What `run` throws when the pool was closed before it admitted the job: the job may be given to another pool.
  static let retired = ServingError(.unavailable, "the version was taken out of service")

  /// Admits nothing more and returns when everything that was admitted is answered and the threads are gone.
  func close() async {
    queue.close()
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isOver = state.withLock { state in
        if state.running > 0 { state.waiting.append(continuation) }
        return state.running == 0
      }
      if isOver { continuation.resume() }
    }
  }

  private func ended() {
    let waiting: [CheckedContinuation<Void, Never>] = state.withLock { state in
      state.running -= 1
      guard state.running == 0 else { return [] }
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  private func run(_ session: consuming Session, _ recorder: StatisticsRecorder) {
    while let job = queue.pop() {
      if job.isAbandoned { continue }
      let start = MonotonicClock.now()
      if let deadline = job.deadline, start >= deadline {
        job.finish(.failure(Self.expired))
        continue
      }
      executing.add(1, ordering: .relaxed)
      var times = StageTimes()
      times.queue = start - job.admitted
      do throws(RunError) {
        let outputs = try session.run(job.inputs)
        times.compute = MonotonicClock.now() - start
        recorder.executed(rows: job.rows, times: times)
        job.finish(.success(InferenceJob.Result(outputs: outputs, timing: times)))
      } catch {
        job.finish(.failure(ServingError(error)))
      }
      executing.subtract(1, ordering: .relaxed)
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
  }
}

extension InferenceJob {
  /// Extent of the first axis of the first input: the rows this request asks about.
  var rows: Int { inputs.first?.tensor?.shape.first ?? 1 }
}
