/// When a canary is worse than it may be. A nil limit is not watched.
public struct CanaryLimits: Hashable, Sendable {
  /// How much slower a canary may be, for one percentile.
  public struct Latency: Hashable, Sendable {
    public var percent: Double
    /// Times the stable version's.
    public var ratio: Double?
    /// Nanoseconds.
    public var limit: UInt64?

    public init(percent: Double, ratio: Double? = nil, limit: UInt64? = nil) {
      self.percent = percent
      self.ratio = ratio
      self.limit = limit
    }
  }

  /// Nanoseconds that are looked back.
  public var window: UInt64 = 300_000_000_000
  /// Requests of a version before it is judged, and before the other is compared with it.
  public var minimumRequests = 50
  /// Failures of all requests, whatever the stable version does.
  public var errorRate: Double? = 0.05
  /// How much the share of failures may exceed the stable version's.
  public var errorDifference: Double? = 0.01
  /// How many times the stable version's share of failures the canary's may be, above `errorDifference`.
  public var errorRatio = 1.5
  public var latencies = [50, 95, 99].map { Latency(percent: $0, ratio: 1.5) }
  /// The probability that one look at a canary that is as good as allowed finds one limit exceeded.
  ///
  /// It is small because a canary is looked at often, and costs little: ten times less of it takes about one more
  /// failure.
  public var falseAlarm = 1e-5

  public init() {}
}

/// What is to be done with a canary.
public enum CanaryVerdict: Hashable, Sendable {
  /// Too little is known.
  case undecided
  case healthy
  /// The limit that is exceeded, with the numbers.
  case failing(String)
}
