import Dispatch
import MassRuntime
import Synchronization

/// What the thread of an instance does.
extension InstancePool {
  ///
  /// - Parameter threads: That the instance runs on.
  func work(_ instance: Instance, threads: Int) {
    var team = WorkerTeam(threads: threads)
    repeat { team.worked() } while runNext(on: instance, &team)
    instance.close()
  }

  /// Whether there was something to run: not when the queue is closed and empty.
  private func runNext(on instance: Instance, _ team: inout WorkerTeam) -> Bool {
    guard let batch = nextBatch(&team) else { return false }
    run(batch, on: instance)
    executing.subtract(batch.jobs.count, ordering: .relaxed)
    return true
  }

  /// Waits for a job, and joins others to it as far as the rules let it; nil when the queue is closed and empty.
  private func nextBatch(_ team: inout WorkerTeam) -> Batch? {
    let isGathering = instances.count > 1 && batching?.delay ?? 0 > 0
    if isGathering {
      var isMine = false
      team.rest {
        isMine = gathering.wait(until: $0)
        return isMine
      }
      if !isMine { gathering.wait() }
    }
    defer { if isGathering { gathering.signal() } }
    // Taken while it rests: of two instances that hear of one request the other goes on resting.
    var early: InferenceJob?
    team.rest { deadline in
      early = queue.pop(until: deadline)
      return early != nil
    }
    guard let first = early ?? queue.pop() else { return nil }
    executing.add(1, ordering: .relaxed)
    var batch = Batch(first, batching)
    var end = patience(first)
    while !batch.isFull {
      if let job = queue.popIfAny(where: { [batch] in batch.accepts($0) }) {
        executing.add(1, ordering: .relaxed)
        batch.append(job)
        end = min(end, patience(job))
      } else {
        // Whoever waits for an instance waits no longer for the sake of this batch.
        guard queue.count == 0, queue.wait(until: end) else { break }
      }
    }
    return batch
  }

  /// Until when a job waits for others: with a deadline, for half of the time at most that its run leaves.
  private func patience(_ job: InferenceJob) -> UInt64 {
    let end = job.admitted.addingClamped(batching?.delay ?? 0)
    guard let deadline = job.deadline else { return end }
    let spare = deadline.subtractingClamped(job.admitted).subtractingClamped(usual.load(ordering: .relaxed))
    return min(end, job.admitted.addingClamped(spare / 2))
  }

  private func run(_ batch: Batch, on instance: Instance) {
    let now = MonotonicClock.now()
    let jobs = batch.jobs.filter { isWanted($0, now) }
    guard !jobs.isEmpty else { return }
    guard jobs.count > 1 else { return run(jobs[0], on: instance, now) }
    let rows = jobs.reduce(0) { $0 + $1.inputs.rows }
    for job in jobs { estimator?.left(rows: job.inputs.rows, priority: job.priority) }
    estimator?.ranAtOnce(rows: rows, now: now)
    let result = runJoined(jobs, on: instance)
    took(result.map(\.run), rows, since: now)
    switch result {
    case .success(let (run, parts)):
      for (job, outputs) in zip(jobs, parts) {
        var own = run
        own.outputs = outputs
        job.finish(.success(InferenceJob.Result(own, admitted: job.admitted)))
      }
    case .failure:
      // One request must not fail for what others ask: each has another chance alone.
      for job in jobs where isWanted(job, MonotonicClock.now(), isInQueue: false) { finish(job, on: instance) }
    }
  }

  private func run(_ job: InferenceJob, on instance: Instance, _ now: UInt64) {
    estimator?.started(rows: job.inputs.rows, priority: job.priority, now: now)
    let result = instance.run(job.inputs)
    took(result, job.inputs.rows, since: now)
    finish(job, result, on: instance)
  }

  private func finish(_ job: InferenceJob, on instance: Instance) {
    finish(job, instance.run(job.inputs), on: instance)
  }

  private func finish(_ job: InferenceJob, _ result: Result<Instance.Run, ServingError>, on instance: Instance) {
    var result = result
    if case .failure(let error) = result, error.isFailureOfInstance {
      result = retry(job.inputs, after: error, on: instance)
    }
    job.finish(result.map { InferenceJob.Result($0, admitted: job.admitted) })
  }

  /// Runs a request again, once, on another instance that is idle, or on the one that failed, which has started anew.
  func retry(
    _ inputs: [Value], after error: ServingError, on instance: Instance
  ) -> Result<Instance.Run, ServingError> {
    recorder.retried()
    for other in instances where other !== instance {
      if let result = other.runIfIdle(inputs) { return result }
    }
    return instance.run(inputs)
  }

  private func runJoined(
    _ jobs: [InferenceJob], on instance: Instance
  ) -> Result<(run: Instance.Run, parts: [[Value]]), ServingError> {
    do {
      let run = try instance.run(try Batch.joined(jobs)).get()
      guard let parts = try Batch.parts(of: run.outputs, for: jobs) else {
        return .failure(ServingError(.internalError, "outputs of a batch have no row for each of its inputs"))
      }
      return .success((run, parts))
    } catch let error as ServingError {
      return .failure(error)
    } catch {
      return .failure(ServingError(.resourceExhausted, "\(error)"))
    }
  }

  /// Whether anybody waits for the job still. One whose time is over is answered.
  private func isWanted(_ job: InferenceJob, _ now: UInt64, isInQueue: Bool = true) -> Bool {
    let isLate = job.deadline.map { now >= $0 } ?? false
    guard job.isAbandoned || isLate else { return true }
    if isInQueue { estimator?.left(rows: job.inputs.rows, priority: job.priority) }
    job.finish(.failure(Self.expired))
    return false
  }
}

extension DispatchSemaphore {
  /// - Parameter deadline: Nanoseconds of the monotonic clock.
  /// - Returns: Whether it was signalled in time.
  fileprivate func wait(until deadline: UInt64) -> Bool {
    wait(timeout: .now() + .nanoseconds(Int(clamping: deadline.subtractingClamped(MonotonicClock.now())))) == .success
  }
}
