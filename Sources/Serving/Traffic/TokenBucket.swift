/// How many requests are let through: `burst` at once, and `count` in every `period` afterwards.
public struct RateLimit: Hashable, Sendable {
  /// Requests in each `period`, without a common divisor.
  public let count: UInt64
  /// In nanoseconds.
  public let period: UInt64
  public let burst: UInt64

  /// Nil unless every number is positive.
  public init?(count: UInt64, period: UInt64, burst: UInt64) {
    guard count > 0, period > 0, burst > 0 else { return nil }
    var (divisor, rest) = (count, period)
    while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
    self.count = count / divisor
    self.period = period / divisor
    self.burst = burst
  }

  /// Rounds the rate to millionths of a request per second. Nil unless it is from 0.000001 to 10¹² then and `burst` is
  /// positive.
  public init?(perSecond rate: Double, burst: UInt64) {
    let millionths = (rate * 1_000_000).rounded()
    guard millionths >= 1, millionths <= 1e18 else { return nil }
    self.init(count: UInt64(millionths), period: 1_000_000_000_000_000, burst: burst)
  }
}

/// Lets requests through at a rate, and a burst of them after a pause.
///
/// The level is counted in parts of a token so small that every nanosecond adds a whole number of them: nothing is ever
/// rounded. The value is not synchronized: who shares it holds a lock.
struct TokenBucket: Hashable, Sendable {
  private(set) var limit: RateLimit
  /// A token is `limit.period` of these; a nanosecond adds `limit.count`.
  private var level: UInt128
  /// The latest moment seen. The level is that of this moment.
  private var latest: UInt64

  /// A full bucket.
  init(_ limit: RateLimit, now: UInt64) {
    self.limit = limit
    level = Self.capacity(limit)
    latest = now
  }

  private static func capacity(_ limit: RateLimit) -> UInt128 { UInt128(limit.burst) * UInt128(limit.period) }

  /// Takes a token if there is one. A clock that goes back stands still.
  mutating func take(now: UInt64) -> Admission {
    let wait = wait(now: now)
    guard wait == 0 else { return .refused(retryAfter: wait) }
    level -= UInt128(limit.period)
    return .admitted
  }

  /// Nanoseconds until there is a token; zero when there is one.
  mutating func wait(now: UInt64) -> UInt64 {
    refill(now)
    let token = UInt128(limit.period)
    return level >= token ? 0 : nanoseconds(toAdd: token - level, now)
  }

  /// When the bucket will be full if nobody takes anything.
  var fullAt: UInt64 {
    let missing = Self.capacity(limit) - level
    return missing == 0 ? latest : nanoseconds(toAdd: missing, latest).addingClamped(latest)
  }

  /// Whole tokens in the bucket.
  mutating func tokens(now: UInt64) -> UInt64 {
    refill(now)
    return UInt64(level / UInt128(limit.period))
  }

  /// Goes on under another limit, with the tokens there are and no more than its burst.
  mutating func adopt(_ other: RateLimit, now: UInt64) {
    guard other != limit else { return }
    refill(now)
    let whole = level / UInt128(limit.period)
    let part = level % UInt128(limit.period) * UInt128(other.period) / UInt128(limit.period)
    level =
      whole >= UInt128(other.burst)
      ? Self.capacity(other) : min(Self.capacity(other), whole * UInt128(other.period) + part)
    limit = other
  }

  private mutating func refill(_ now: UInt64) {
    guard now > latest else { return }
    let added = UInt128(now - latest) * UInt128(limit.count)
    latest = now
    let missing = Self.capacity(limit) - level
    level += min(added, missing)
  }

  private func nanoseconds(toAdd missing: UInt128, _ now: UInt64) -> UInt64 {
    let (whole, rest) = missing.quotientAndRemainder(dividingBy: UInt128(limit.count))
    let time = UInt64(exactly: whole)?.addingClamped(rest == 0 ? 0 : 1) ?? .max
    return time.addingClamped(latest.subtractingClamped(now))
  }
}
