import Dispatch
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
///
/// Waking a thread and being woken by it takes longer than a small model runs. Requests of a model that usually runs for less
/// than that, on one thread, run where they arrive while an instance is idle.
final class InstancePool: Sendable {
  private struct State {
    var running: Int
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  let queue: PriorityWorkQueue<InferenceJob>
  let instances: [Instance]
  let rules: QueueRules
  let batching: BatchRules?
  let estimator: WaitEstimator?
  /// Requests that were taken out of the queue and are not answered yet.
  let executing = Atomic(0)
  /// Held by the instance that gathers a batch: two that wait for requests at a time would share them out.
  let gathering = DispatchSemaphore(value: 1)
  let recorder: StatisticsRecorder
  private let state: Mutex<State>
  /// Moving average of a run's nanoseconds.
  let usual: Atomic<UInt64>
  private let runsAtOnce: Bool

  /// Runs shorter than this are not worth a change of threads.
  private static let shortRun: UInt64 = 50_000

  /// Starts the threads, and waits until each has run the inputs to warm up with.
  ///
  /// - Parameter warmUp: What each instance runs before anything else.
  /// - Throws: When the system has no thread to give, or the instances cannot run what they must warm up with.
  init(
    _ model: Model, name: String, options: InstanceOptions, rules: QueueRules = QueueRules(),
    batching: BatchRules? = nil, warmUp: Rehearsal.Plan = Rehearsal.Plan(), recorder: StatisticsRecorder
  ) throws(ServingError) {
    self.rules = rules
    self.recorder = recorder
    self.batching = batching
    let levels = rules.policy.levels
    estimator = rules.longestWait.map { _ in
      WaitEstimator(instances: options.count, priorities: levels, batch: batching?.largest ?? 1)
    }
    queue = PriorityWorkQueue(limit: options.queueLimit, policy: rules.policy)
    runsAtOnce = options.threads == 1 && batching?.delay ?? 0 == 0
    usual = Atomic(Self.shortRun * 2)
    state = Mutex(State(running: options.count))
    var session = SessionOptions(threads: options.threads)
    unsafe session.outputMemory = BufferMemory.storage(byteCount:)
    // A batch of each size is bound by itself.
    session.programLimit += batching?.largest ?? 0
    instances = (0..<options.count).map { _ in Instance(model, options: session, recorder: recorder) }
    let rehearsal = Rehearsal(warmUp, instances: options.count)
    for (i, instance) in instances.enumerated() {
      do throws(ServingError) {
        try WorkerThread.start("\(i) \(name)") { [self] in
          rehearsal.run(on: instance)
          work(instance, threads: options.threads)
          ended()
        }
      } catch {
        state.withLock { $0.running -= options.count - i }
        queue.close()
        throw error
      }
    }
    do throws(ServingError) { try rehearsal.wait() } catch {
      queue.close()
      throw error
    }
  }

  /// Requests that wait or run.
  var pending: Int { queue.count + executing.load(ordering: .relaxed) }

  /// When the longest run under way began, in nanoseconds of the monotonic clock.
  var runningSince: UInt64? { instances.compactMap(\.runningSince).min() }

  /// Runs a job and waits for its result. A reason to abandon it, the task's cancellation and the deadline take it out of
  /// the queue.
  ///
  /// - Parameter priority: 1 is the highest; nil for the one that the rules have.
  func run(
    _ inputs: [Value], priority: Int? = nil, deadline: UInt64?, abandonment: Abandonment?
  ) async throws(ServingError) -> InferenceJob.Result {
    if let reason = abandonment?.reason { throw reason }
    if let result = runAtOnce(inputs, deadline) { return try result.get() }
    let priority = min(max(1, priority ?? rules.defaultPriority), rules.policy.levels)
    try admit(priority, deadline)
    let abandonment = abandonment ?? Abandonment()
    let timer = deadline.map { Self.timer($0, abandonment) }
    defer { timer?.cancel() }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let job = InferenceJob(
          inputs: inputs, priority: priority, admitted: MonotonicClock.now(), deadline: deadline,
          continuation: continuation)
        enqueue(job, abandonment)
      }
    } onCancel: {
      abandonment.give(ServingError(.cancelled, "the request was cancelled"))
    }
    return try result.get()
  }

  private func enqueue(_ job: InferenceJob, _ abandonment: Abandonment) {
    // Before the push: an instance may start it at once.
    estimator?.joined(rows: job.inputs.rows, priority: job.priority)
    switch queue.push(job, priority: job.priority, now: job.admitted) {
    case .admitted(let ticket, let displaced):
      abandonment.fill { [self, weak job] in if let job { abandon(job, ticket, $0) } }
      if let displaced { refuse(displaced, "displaced by a request of higher priority") }
    case .full: refuse(job, "Exceeds maximum queue size")
    case .closed:
      estimator?.left(rows: job.inputs.rows, priority: job.priority)
      job.finish(.failure(Self.retired))
    }
  }

  private func refuse(_ job: InferenceJob, _ reason: String) {
    estimator?.left(rows: job.inputs.rows, priority: job.priority)
    job.finish(.failure(ServingError(.unavailable, reason, retryAfter: 1)))
  }

  /// Runs on this thread if that is likely over soon and nobody waits; nil when the request has to queue.
  private func runAtOnce(_ inputs: [Value], _ deadline: UInt64?) -> Result<InferenceJob.Result, ServingError>? {
    guard runsAtOnce, usual.load(ordering: .relaxed) < Self.shortRun, queue.count == 0 else { return nil }
    let now = MonotonicClock.now()
    if let deadline, now >= deadline { return .failure(Self.expired) }
    executing.add(1, ordering: .relaxed)
    defer { executing.subtract(1, ordering: .relaxed) }
    for instance in instances {
      guard let result = instance.runIfIdle(inputs) else { continue }
      estimator?.ranAtOnce(rows: inputs.rows, now: now)
      took(result, inputs.rows, since: now)
      if case .failure(let error) = result, error.isFailureOfInstance {
        return retry(inputs, after: error, on: instance).map { InferenceJob.Result($0, admitted: now) }
      }
      return result.map { InferenceJob.Result($0, admitted: now) }
    }
    return nil
  }

  /// - Throws: `unavailable` if the request would wait too long.
  private func admit(_ priority: Int, _ deadline: UInt64?) throws(ServingError) {
    guard let estimator,
      case .refused(let wait) = estimator.admit(
        deadline: deadline, longestWait: rules.longestWait, priority: priority, now: MonotonicClock.now())
    else { return }
    throw ServingError(
      .unavailable, "the request would wait too long for an instance", retryAfter: ServingError.retryAfterSeconds(wait))
  }

  func took(_ result: Result<Instance.Run, ServingError>, _ rows: Int, since start: UInt64) {
    let compute = try? result.get().compute
    estimator?.ended(rows: rows, start: start, compute: compute)
    guard let compute else { return }
    let last = usual.load(ordering: .relaxed)
    usual.store(last - last / 8 + compute / 8, ordering: .relaxed)
  }

  /// Gives a reason to abandon a request when its time is over.
  static func timer(_ deadline: UInt64, _ abandonment: Abandonment) -> Task<Void, Never> {
    Task {
      let now = MonotonicClock.now()
      let wait = Int64(clamping: deadline > now ? deadline - now : 0)
      guard (try? await Task.sleep(for: .nanoseconds(wait))) != nil else { return }
      abandonment.give(expired)
    }
  }

  private func abandon(_ job: InferenceJob, _ ticket: PriorityWorkQueue<InferenceJob>.Ticket, _ error: ServingError) {
    job.abandon(error)
    if queue.remove(ticket) != nil { estimator?.left(rows: job.inputs.rows, priority: job.priority) }
  }

  static let expired = ServingError(.deadlineExceeded, "Request timeout expired")

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
}
