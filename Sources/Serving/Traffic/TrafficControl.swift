import Synchronization

/// Decides which version of a model answers a request, and whether any does.
final class TrafficControl: Sendable {
  private struct State {
    var bucket: TokenBucket?
    var watch: CanaryGuard?
    /// A canary that failed its trial: it gets no share any more.
    var withdrawn: Int?
    var refused: UInt64 = 0
    var canary = CanaryCounts()
  }

  let settings: TrafficSettings
  private let split: TrafficSplit?
  private let state: Mutex<State>

  init(_ settings: TrafficSettings, model: String) throws(ServingError) {
    self.settings = settings
    split = try settings.split.map { weights throws(ServingError) in try TrafficSplit(weights, salt: model) }
    state = Mutex(
      State(
        bucket: settings.limit.map { TokenBucket($0, now: MonotonicClock.now()) },
        watch: settings.canary.map { CanaryGuard($0.limits) }))
  }

  /// Requests that the limit refused.
  var refused: UInt64 { state.withLock { $0.refused } }

  var canaryCounts: CanaryCounts { state.withLock { $0.canary } }

  /// Lets a request in, or says when it may come again.
  func admit(_ model: String, now: UInt64) throws(ServingError) {
    let admission = state.withLock { state -> Admission in
      let admission = state.bucket?.take(now: now) ?? .admitted
      if !admission.isAdmitted { state.refused += 1 }
      return admission
    }
    guard case .refused(let wait) = admission else { return }
    throw ServingError(
      .resourceExhausted, "model '\(model)' takes no more requests now: its rate is limited",
      retryAfter: ServingError.retryAfterSeconds(wait))
  }

  /// The version for a request that names none; nil for the current one.
  ///
  /// - Parameter isServing: Whether a version answers.
  func version(for request: InferenceRequest, isServing: (Int) -> Bool) -> Int? {
    let withdrawn = state.withLock { $0.withdrawn }
    guard let among = split?.among({ $0 != withdrawn && isServing($0) }) else { return nil }
    if let header = settings.stickyHeader, let key = request.header?(header) { return among.version(key: key) }
    return among.version(random: .random(in: 0 ... .max))
  }

  /// Counts what became of a request.
  func record(_ outcome: VersionOutcome, of version: Int, now: UInt64) {
    guard let canary = settings.canary else { return }
    let watch = state.withLock { $0.withdrawn == nil ? $0.watch : nil }
    watch?.record(outcome, of: version == canary.version ? .canary : .stable, now: now)
  }

  /// Why the canary is to be taken out of service, once.
  func failure(now: UInt64) -> String? {
    guard let canary = settings.canary, let watch = state.withLock({ $0.withdrawn == nil ? $0.watch : nil }) else {
      return nil
    }
    let verdict = watch.verdict(now: now)
    state.withLock { $0.canary.verdict = CanaryCounts.name(of: verdict) }
    guard case .failing(let reason) = verdict else { return nil }
    state.withLock { state in
      state.canary.failures += 1
      if canary.rollsBack { state.canary.rollbacks += 1 }
      // A canary that is only reported goes on, and is judged anew by what comes now.
      if canary.rollsBack { state.withdrawn = canary.version }
      state.watch = CanaryGuard(canary.limits)
    }
    return reason
  }

  /// Gives a version that left another trial when it comes back.
  func left(_ version: Int) {
    state.withLock { state in
      guard settings.canary?.version == version else { return }
      state.withdrawn = nil
      state.canary.verdict = CanaryCounts.name(of: .undecided)
      state.watch = settings.canary.map { CanaryGuard($0.limits) }
    }
  }
}

/// What was thought of a version on trial.
struct CanaryCounts: Hashable, Sendable {
  static let verdicts = ["undecided", "healthy", "failing"]

  /// The last one.
  var verdict = "undecided"
  /// Verdicts against it.
  var failures: UInt64 = 0
  /// Those that took it out of service.
  var rollbacks: UInt64 = 0

  static func name(of verdict: CanaryVerdict) -> String {
    switch verdict {
    case .undecided: "undecided"
    case .healthy: "healthy"
    case .failing: "failing"
    }
  }
}
