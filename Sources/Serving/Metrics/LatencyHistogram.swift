/// Counts durations in buckets that are at most a tenth of their lower edge wide.
///
/// Each power of ten from 1 µs to 100 s is cut into 35 buckets: steps of 0.1 from 1 to 2.5, of 0.25 from 2.5 to 5, of 0.5
/// from 5 to 10. So every bound of `bounds` is the edge of a bucket, and counts up to a bound are exact. A bucket holds
/// its upper edge and not its lower one. Durations up to 1 µs share one bucket, those above 100 s another.
///
/// The value is not synchronized: who shares it holds a lock.
public struct LatencyHistogram: Hashable, Sendable {
  /// The upper edges that Prometheus gets, in nanoseconds.
  public static let bounds: [UInt64] = [
    100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000,
    250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
  ]

  public private(set) var count: UInt64 = 0
  /// The sum of all durations in nanoseconds.
  public private(set) var nanoseconds: UInt64 = 0
  public private(set) var minimum: UInt64?
  public private(set) var maximum: UInt64?
  private var buckets = [UInt64](repeating: 0, count: LatencyBucket.count)

  public init() {}

  /// Counts one duration.
  ///
  /// - Complexity: O(1), no allocation unless a copy of the histogram is alive.
  public mutating func record(nanoseconds duration: UInt64) {
    count &+= 1
    nanoseconds &+= duration
    minimum = min(minimum ?? duration, duration)
    maximum = max(maximum ?? duration, duration)
    buckets[LatencyBucket.index(of: duration)] &+= 1
  }

  /// Adds what `other` counted.
  public mutating func merge(_ other: LatencyHistogram) {
    count &+= other.count
    nanoseconds &+= other.nanoseconds
    minimum = [minimum, other.minimum].compactMap(\.self).min()
    maximum = [maximum, other.maximum].compactMap(\.self).max()
    for index in buckets.indices { buckets[index] &+= other.buckets[index] }
  }

  /// The duration that `percent` per cent of all durations do not exceed, in nanoseconds; nil when there are none.
  ///
  /// It is the middle of the bucket that holds the duration of that rank, so it differs from that duration by at most
  /// 5 % of it, or by 500 ns where that is more; the two ends are exact. Above 100 s the largest duration is given.
  public func percentile(_ percent: Double) -> UInt64? {
    guard let minimum, let maximum else { return nil }
    let rank = (percent * Double(count) / 100).rounded(.up)
    if rank <= 1 { return minimum }
    if rank >= Double(count) { return maximum }
    var below = 0.0
    for (index, inside) in buckets.enumerated() {
      below += Double(inside)
      if below >= rank { return Swift.min(Swift.max(LatencyBucket.middle(index), minimum), maximum) }
    }
    return maximum
  }

  /// How many durations are at most as long as each of `bounds`.
  public var cumulativeCounts: [UInt64] {
    var result: [UInt64] = []
    result.reserveCapacity(Self.bounds.count)
    var (sum, next): (UInt64, Int) = (0, 0)
    for last in Self.lastBuckets {
      while next <= last {
        sum &+= buckets[next]
        next += 1
      }
      result.append(sum)
    }
    return result
  }

  /// The bucket that ends at each of `bounds`.
  private static let lastBuckets = bounds.map(LatencyBucket.index)
}
