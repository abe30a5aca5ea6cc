import Synchronization

/// Compares a canary with the stable version over a sliding window.
///
/// Chance is allowed for in every limit: failures by exact tests of proportions, percentiles by the bounds that order
/// statistics give without assuming a distribution. So neither a few unlucky failures nor a few slow answers trip it.
final class CanaryGuard: Sendable {
  enum Arm: Hashable, Sendable {
    case stable, canary
  }

  private struct State {
    var stable: SlidingWindow<VersionTally>
    var canary: SlidingWindow<VersionTally>
  }

  private let limits: CanaryLimits
  private let state: Mutex<State>

  init(_ limits: CanaryLimits) {
    self.limits = limits
    let window = SlidingWindow<VersionTally>(length: limits.window)
    state = Mutex(State(stable: window, canary: window))
  }

  func record(_ outcome: VersionOutcome, of arm: Arm, now: UInt64) {
    if outcome == .ignored { return }
    state.withLock { state in
      switch arm {
      case .stable: state.stable.record(now: now) { $0.count(outcome) }
      case .canary: state.canary.record(now: now) { $0.count(outcome) }
      }
    }
  }

  /// Judges the canary by what is in the window. Costs a fraction of a millisecond: meant for once a second.
  ///
  /// Without enough requests of the stable version a canary can fail the absolute limits, but is never healthy.
  func verdict(now: UInt64) -> CanaryVerdict {
    let (stable, canary) = state.withLock { ($0.stable.total(now: now), $0.canary.total(now: now)) }
    guard canary.requests >= max(1, limits.minimumRequests) else { return .undecided }
    let isComparable = stable.requests >= max(1, limits.minimumRequests)
    if let reason = errors(of: canary) ?? latencies(of: canary) { return .failing(reason) }
    guard isComparable else { return .undecided }
    if let reason = errors(of: canary, against: stable) ?? latencies(of: canary, against: stable) {
      return .failing(reason)
    }
    return .healthy
  }

  // MARK: Failures

  private func errors(of canary: VersionTally) -> String? {
    guard let limit = limits.errorRate else { return nil }
    let alarming = Significance.leastImprobable(
      of: canary.requests, probability: limit, chance: limits.falseAlarm)
    guard canary.failures >= alarming else { return nil }
    return "\(canary.failureText), allowed \(Self.percent(limit)); \(alarming) failures are more than chance"
  }

  private func errors(of canary: VersionTally, against stable: VersionTally) -> String? {
    guard let difference = limits.errorDifference else { return nil }
    guard canary.failureRate - stable.failureRate > difference,
      canary.failureRate > stable.failureRate * limits.errorRatio
    else { return nil }
    let chance = Significance.excess(
      failures: canary.failures, of: canary.requests, against: stable.failures, of: stable.requests)
    guard chance <= limits.falseAlarm else { return nil }
    return "\(canary.failureText), stable \(stable.failureText); by chance with probability \(chance)"
  }

  // MARK: Latency

  private func latencies(of canary: VersionTally) -> String? {
    for latency in limits.latencies {
      guard let limit = latency.limit, let least = lower(latency.percent, canary), least > limit else { continue }
      return "\(canary.latencyText(latency.percent)), surely above \(Self.milliseconds(least)); allowed "
        + Self.milliseconds(limit)
    }
    return nil
  }

  private func latencies(of canary: VersionTally, against stable: VersionTally) -> String? {
    for latency in limits.latencies {
      guard let ratio = latency.ratio, let least = lower(latency.percent, canary),
        let most = upper(latency.percent, stable), Double(least) > ratio * Double(most)
      else { continue }
      return "\(canary.latencyText(latency.percent)), surely above \(Self.milliseconds(least)); stable "
        + "\(stable.latencyText(latency.percent)), at most \(Self.milliseconds(most)), allowed \(ratio) times that"
    }
    return nil
  }

  /// What the percentile of all the requests a version might get is not below; nil when too little is known.
  private func lower(_ percent: Double, _ tally: VersionTally) -> UInt64? {
    let count = Int(clamping: tally.durations.count)
    let above = Significance.leastImprobable(of: count, probability: 1 - percent / 100, chance: limits.falseAlarm)
    return tally.duration(rank: count - above + 1)
  }

  /// What it is not above.
  private func upper(_ percent: Double, _ tally: VersionTally) -> UInt64? {
    let count = Int(clamping: tally.durations.count)
    return Significance.greatestImprobable(of: count, probability: 1 - percent / 100, chance: limits.falseAlarm)
      .flatMap { tally.duration(rank: count - $0) }
  }

  static func percent(_ share: Double) -> String { "\((share * 10_000).rounded() / 100) %" }

  static func milliseconds(_ nanoseconds: UInt64) -> String { "\(Double(nanoseconds / 1000) / 1000) ms" }
}

/// What a version answered in a while.
struct VersionTally: WindowTally {
  private(set) var failures = 0
  /// Of what succeeded.
  private(set) var durations = LatencyHistogram()

  var requests: Int { failures + Int(clamping: durations.count) }
  var failureRate: Double { requests == 0 ? 0 : Double(failures) / Double(requests) }

  mutating func count(_ outcome: VersionOutcome) {
    switch outcome {
    case .success(let nanoseconds): durations.record(nanoseconds: nanoseconds)
    case .failure: failures += 1
    case .ignored: break
    }
  }

  mutating func merge(_ other: VersionTally) {
    failures += other.failures
    durations.merge(other.durations)
  }

  /// The duration of a rank, counted from 1 for the shortest, within the histogram's error.
  func duration(rank: Int) -> UInt64? {
    guard rank >= 1 else { return nil }
    return durations.percentile((Double(rank) - 0.5) * 100 / Double(durations.count))
  }

  var failureText: String { "\(failures) of \(requests) requests failed (\(CanaryGuard.percent(failureRate)))" }

  func latencyText(_ percent: Double) -> String {
    let name = Int(exactly: percent).map { "p\($0)" } ?? "p\(percent)"
    return "\(name) \(CanaryGuard.milliseconds(durations.percentile(percent) ?? 0))"
  }
}
