import Dispatch
import Synchronization
import Testing

@testable import MassServing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Requests to a stable version and a canary, half a millisecond apart, some of them slow and some failing.
private struct Deployment {
  var stableErrors = 0.01
  var canaryErrors = 0.01
  /// How many times as long the canary takes.
  var slowness = 1.0
  var canaryShare = 0.3

  /// Log-normal around 8 ms, p99 at four times the median.
  static func latency(_ random: inout SeededGenerator) -> Double {
    let radius = (-2 * log(1 - random.uniform())).squareRoot()
    return 8e6 * exp(0.6 * radius * cos(2 * .pi * random.uniform()))
  }

  /// Requests of the canary until the guard finds it failing, looked at after every `interval` requests; nil when it
  /// does not.
  func detection(_ limits: CanaryLimits, requests: Int, lookEvery interval: Int, seed: UInt64) -> Int? {
    let watch = CanaryGuard(limits)
    var random = SeededGenerator(seed)
    var canaries = 0
    for i in 1...requests {
      let (now, isCanary) = (UInt64(i) * .millisecond / 2, random.happens(canaryShare))
      let hasFailed = random.happens(isCanary ? canaryErrors : stableErrors)
      let latency = Self.latency(&random) * (isCanary ? slowness : 1)
      watch.record(
        hasFailed ? .failure : .success(nanoseconds: UInt64(latency)), of: isCanary ? .canary : .stable, now: now)
      if isCanary { canaries += 1 }
      if i % interval == 0, case .failing = watch.verdict(now: now) { return canaries }
    }
    return nil
  }

  /// The detections of many deployments.
  func detections(_ count: Int, requests: Int, lookEvery interval: Int, limits: CanaryLimits = CanaryLimits()) -> [Int]
  {
    let found = Mutex([Int]())
    DispatchQueue.concurrentPerform(iterations: count) { seed in
      let after = detection(limits, requests: requests, lookEvery: interval, seed: UInt64(seed))
      if let after { found.withLock { $0.append(after) } }
    }
    return found.withLock { $0.sorted() }
  }
}

@Suite struct CanaryGuards {
  @Test func healthyCanariesAreLeftAlone() {
    let alarms = Deployment().detections(2000, requests: 1000, lookEvery: 100)
    #expect(alarms.count < 20, "\(alarms.count) of 2000")
  }

  @Test func tenPercentErrorsAreFoundSoon() throws {
    let found = Deployment(stableErrors: 0.001, canaryErrors: 0.1).detections(200, requests: 2000, lookEvery: 20)
    try #require(found.count == 200)
    #expect(found[100] <= 150, "half of them within \(found[100]) requests of the canary")
  }

  @Test func twiceTheLatencyIsFoundSoon() throws {
    let found = Deployment(slowness: 2).detections(200, requests: 3000, lookEvery: 50)
    try #require(found.count == 200)
    #expect(found[100] <= 450, "half of them within \(found[100]) requests of the canary")
  }

  @Test func aLittleSlowerIsAllowed() {
    #expect(Deployment(slowness: 1.2).detections(200, requests: 1000, lookEvery: 100).isEmpty)
  }

  /// Counts a number of results at once, 10 ms each.
  private static func feed(
    _ watch: CanaryGuard, _ arm: CanaryGuard.Arm, _ count: Int, failures: Int, now: UInt64 = 0,
    latency: UInt64 = 10 * .millisecond
  ) {
    for i in 0..<count {
      watch.record(i < failures ? .failure : .success(nanoseconds: latency), of: arm, now: now)
    }
  }

  @Test func nothingIsDecidedOnFewRequests() {
    let watch = CanaryGuard(CanaryLimits())
    #expect(watch.verdict(now: 0) == .undecided)
    Self.feed(watch, .stable, 1000, failures: 0)
    Self.feed(watch, .canary, 49, failures: 49)
    #expect(watch.verdict(now: 0) == .undecided)
    Self.feed(watch, .canary, 1, failures: 1)
    guard case .failing = watch.verdict(now: 0) else {
      Issue.record("50 of 50 failed")
      return
    }
  }

  @Test func aFewUnluckyFailuresAreNoReason() {
    let watch = CanaryGuard(CanaryLimits())
    Self.feed(watch, .stable, 1000, failures: 0)
    Self.feed(watch, .canary, 60, failures: 3)
    #expect(watch.verdict(now: 0) == .healthy)
  }

  @Test func withoutAStableVersionOnlyAbsoluteLimitsCount() {
    let watch = CanaryGuard(CanaryLimits())
    Self.feed(watch, .canary, 500, failures: 0)
    #expect(watch.verdict(now: 0) == .undecided)
    Self.feed(watch, .canary, 500, failures: 200)
    guard case .failing(let reason) = watch.verdict(now: 0) else {
      Issue.record("not found")
      return
    }
    #expect(reason.hasPrefix("200 of 1000 requests failed (20.0 %), allowed 5.0 %"))
  }

  @Test func anErrorThatBothHaveIsNotTheCanarys() {
    var limits = CanaryLimits()
    limits.errorRate = nil
    let watch = CanaryGuard(limits)
    Self.feed(watch, .stable, 1000, failures: 300)
    Self.feed(watch, .canary, 1000, failures: 310)
    #expect(watch.verdict(now: 0) == .healthy)
  }

  @Test func theAbsoluteLatencyLimitHolds() {
    var limits = CanaryLimits()
    limits.latencies = [CanaryLimits.Latency(percent: 95, limit: 20 * .millisecond)]
    let watch = CanaryGuard(limits)
    Self.feed(watch, .stable, 200, failures: 0)
    Self.feed(watch, .canary, 200, failures: 0)
    #expect(watch.verdict(now: 0) == .healthy)
    Self.feed(watch, .canary, 100, failures: 0, latency: 30 * .millisecond)
    guard case .failing(let reason) = watch.verdict(now: 0) else {
      Issue.record("not found")
      return
    }
    #expect(reason.hasPrefix("p95 28.75 ms, surely above"))
  }

  @Test func theWindowForgets() {
    let watch = CanaryGuard(CanaryLimits())
    Self.feed(watch, .stable, 1000, failures: 0)
    Self.feed(watch, .canary, 100, failures: 100)
    let later = CanaryLimits().window + .second
    #expect(watch.verdict(now: later) == .undecided)
    Self.feed(watch, .stable, 100, failures: 0, now: later)
    Self.feed(watch, .canary, 100, failures: 0, now: later)
    #expect(watch.verdict(now: later) == .healthy)
    #expect(watch.verdict(now: 0) == .healthy, "a clock that goes back stands still")
  }

  @Test func whatSaysNothingIsNotCounted() {
    let watch = CanaryGuard(CanaryLimits())
    Self.feed(watch, .stable, 100, failures: 0)
    for _ in 0..<1000 { watch.record(.ignored, of: .canary, now: 0) }
    #expect(watch.verdict(now: 0) == .undecided)
  }
}

/// The tests behind the guard, against sums worked out independently.
@Suite struct SignificanceTests {
  /// The lady tasting tea, and tables worked out with exact fractions.
  @Test(
    arguments: [
      (3, 4, 1, 4, 17.0 / 70), (4, 4, 0, 4, 1.0 / 70), (0, 4, 4, 4, 1), (1, 1, 0, 1, 0.5),
      (2, 10, 0, 90, 1.0 / 110), (5, 50, 1, 1000, 1.163426e-6),
    ] as [(Int, Int, Int, Int, Double)])
  func fishersTest(_ failures: Int, _ count: Int, _ others: Int, _ otherCount: Int, _ expected: Double) {
    let found = Significance.excess(failures: failures, of: count, against: others, of: otherCount)
    #expect(abs(found - expected) <= 1e-4 * expected, "\(found)")
  }

  @Test func theScoreTestGoesOnWhereTheExactOneEnds() {
    let exact = Significance.excess(failures: 2550, of: 50_000, against: 2450, of: 50_000)
    let score = Significance.excess(failures: 2551, of: 50_000, against: 2450, of: 50_000)
    #expect(abs(exact - 0.0752) < 0.003)
    #expect(abs(score - exact) < 0.006)
  }

  @Test func nothingToCompareIsNoEvidence() {
    for (a, n, b, m) in [(0, 0, 0, 0), (0, 5, 0, 5), (5, 5, 5, 5), (1, 1, 0, 0)] {
      #expect(Significance.excess(failures: a, of: n, against: b, of: m) == 1)
    }
  }

  @Test(arguments: [1, 10, 57, 400], [0.01, 0.05, 0.5, 0.9])
  func boundsOfTheBinomialDistribution(_ count: Int, _ probability: Double) {
    let chance = 1e-3
    func mass(_ range: ClosedRange<Int>) -> Double {
      range.reduce(0.0) { sum, k in
        let choose = lgamma(Double(count) + 1) - lgamma(Double(k) + 1) - lgamma(Double(count - k) + 1)
        return sum + exp(choose + Double(k) * log(probability) + Double(count - k) * log(1 - probability))
      }
    }
    let least = Significance.leastImprobable(of: count, probability: probability, chance: chance)
    if least <= count { #expect(mass(least...count) <= chance) }
    if least > 0 { #expect(mass((least - 1)...count) > chance) }
    let greatest = Significance.greatestImprobable(of: count, probability: probability, chance: chance)
    if let greatest { #expect(mass(0...greatest) <= chance) }
    #expect(mass(0...((greatest ?? -1) + 1)) > chance)
  }

  /// The normal bounds are close to the exact ones, and not tighter.
  @Test func boundsOfLargeCounts() {
    #expect(abs(Significance.normalQuantile(0.001) - 3.0902) < 1e-4)
    let exact = Significance.leastImprobable(of: 3_999, probability: 0.5, chance: 1e-3)
    let normal = Significance.leastImprobable(of: 4_001, probability: 0.5, chance: 1e-3)
    #expect(0...3 ~= normal - exact)
  }

  @Test func certaintiesAreNotCounted() {
    #expect(Significance.leastImprobable(of: 10, probability: 0, chance: 0.1) == 1)
    #expect(Significance.leastImprobable(of: 10, probability: 1, chance: 0.1) == 11)
    #expect(Significance.greatestImprobable(of: 0, probability: 0.5, chance: 0.1) == nil)
  }
}
