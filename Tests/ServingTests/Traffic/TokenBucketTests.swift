import Testing

@testable import MassServing

/// The generic cell rate algorithm in whole numbers: an independent definition of the same limit.
private struct RationalOracle {
  let limit: RateLimit
  /// When the bucket will be full, in units of 1 ⁄ `limit.count` nanoseconds.
  var theoretical: Int128 = 0
  var latest: UInt64 = 0

  mutating func take(now: UInt64) -> Admission {
    latest = max(latest, now)
    let present = Int128(latest) * Int128(limit.count)
    let next = max(theoretical, present) + Int128(limit.period)
    let excess = next - present - Int128(limit.burst) * Int128(limit.period)
    guard excess > 0 else {
      theoretical = next
      return .admitted
    }
    let wait = (excess + Int128(limit.count) - 1) / Int128(limit.count)
    return .refused(retryAfter: UInt64(wait) + latest - now)
  }
}

@Suite struct TokenBucketTests {
  private static let limits: [RateLimit] = [
    RateLimit(count: 1, period: 1, burst: 1), RateLimit(count: 3, period: 7, burst: 2),
    RateLimit(count: 10, period: .second, burst: 5), RateLimit(perSecond: 0.1, burst: 1),
    RateLimit(perSecond: 0.000_001, burst: 3), RateLimit(perSecond: 3.7, burst: 100),
    RateLimit(perSecond: 1_234_567.891, burst: 10), RateLimit(perSecond: 1e12, burst: 1),
    RateLimit(perSecond: 99.99, burst: 1_000_000),
  ].compactMap(\.self)

  @Test(arguments: limits)
  func everyDecisionIsTheOraclesDecision(_ limit: RateLimit) {
    var random = SeededGenerator(limit.count ^ limit.period)
    var oracle = RationalOracle(limit: limit)
    var bucket = TokenBucket(limit, now: 0)
    var now: UInt64 = 0
    let interval = max(1, limit.period / limit.count)
    for _ in 0..<20_000 {
      switch Int.random(in: 0..<20, using: &random) {
      case 0: now += interval &* 50 % (1 << 50)
      case 1: now -= min(now, .random(in: 0...interval, using: &random))
      case 2...6: break
      default: now += .random(in: 0...interval, using: &random)
      }
      let (found, expected) = (bucket.take(now: now), oracle.take(now: now))
      guard found != expected else { continue }
      Issue.record("\(limit) at \(now): \(found), expected \(expected)")
      return
    }
  }

  @Test(arguments: limits)
  func retryAfterIsExact(_ limit: RateLimit) {
    var bucket = TokenBucket(limit, now: 0)
    var now: UInt64 = 5
    for _ in 0..<100 {
      while case .refused(let wait) = bucket.take(now: now) {
        if wait > 1 {
          var early = bucket
          #expect(early.take(now: now + wait - 1) == .refused(retryAfter: 1))
        }
        now += wait
        var due = bucket
        #expect(due.take(now: now) == .admitted)
      }
    }
  }

  @Test func aLongPauseGivesNoMoreThanTheBurst() throws {
    let limit = try #require(RateLimit(perSecond: 1e12, burst: 7))
    var bucket = TokenBucket(limit, now: 0)
    for _ in 0..<7 { #expect(bucket.take(now: 0).isAdmitted) }
    #expect((0..<10).count { _ in bucket.take(now: .max).isAdmitted } == 7)
  }

  @Test func aClockThatStandsStillGivesTheBurst() throws {
    let limit = try #require(RateLimit(perSecond: 1000, burst: 4))
    var bucket = TokenBucket(limit, now: 9)
    #expect((0..<100).count { _ in bucket.take(now: 9).isAdmitted } == 4)
    #expect(bucket.take(now: 3) == .refused(retryAfter: .millisecond + 6), "a clock that goes back stands still")
  }

  @Test func theLargestNumbersDoNotOverflow() throws {
    let slow = try #require(RateLimit(count: 1, period: .max, burst: .max))
    var bucket = TokenBucket(slow, now: 0)
    #expect(bucket.take(now: 0).isAdmitted)
    #expect(bucket.fullAt == .max)
    #expect(bucket.tokens(now: .max) == .max)
    let fast = try #require(RateLimit(count: .max, period: 1, burst: .max))
    bucket = TokenBucket(fast, now: 0)
    for now in 0..<100 as Range<UInt64> { #expect(bucket.take(now: now).isAdmitted) }
    bucket.adopt(slow, now: 100)
    #expect(bucket.take(now: 100).isAdmitted)
  }

  @Test func ratesOutOfRangeAreNone() {
    for rate in [0, -1, .nan, .infinity, 1e13, 1e-9] { #expect(RateLimit(perSecond: rate, burst: 1) == nil) }
    #expect(RateLimit(perSecond: 1, burst: 0) == nil)
    #expect(RateLimit(perSecond: 2.5, burst: 1) == RateLimit(count: 5, period: 2 * .second, burst: 1))
  }

  @Test func anotherLimitGoesOnWithTheTokensThereAre() throws {
    let (wide, narrow) = (
      try #require(RateLimit(perSecond: 1, burst: 10)), try #require(RateLimit(perSecond: 2, burst: 3))
    )
    var bucket = TokenBucket(wide, now: 0)
    for _ in 0..<8 { _ = bucket.take(now: 0) }
    bucket.adopt(narrow, now: .second / 2)
    #expect(bucket.tokens(now: .second / 2) == 2)
    #expect(bucket.tokens(now: .second * 3 / 4) == 3, "half a token stays half a token")
    bucket.adopt(wide, now: 10 * .second)
    #expect(bucket.tokens(now: 10 * .second) == 3)
  }
}
