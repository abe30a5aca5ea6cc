import Histogram

/// Durations to within a thousandth, in constant memory. Those beyond an hour count as an hour.
public struct LatencyHistogram: Sendable {
  private var histogram = Histogram<UInt64>(highestTrackableValue: limit, numberOfSignificantValueDigits: .three)

  private static let limit: UInt64 = 3_600_000_000_000

  public init() {}

  public var count: Int { Int(clamping: histogram.totalCount) }

  public mutating func record(nanoseconds: UInt64) { histogram.record(min(nanoseconds, Self.limit)) }

  public mutating func add(_ other: LatencyHistogram) { histogram.add(other.histogram) }

  /// Milliseconds that `percent` of the durations do not exceed; nil when there are none.
  public func percentile(_ percent: Double) -> Double? {
    count == 0 ? nil : Double(histogram.valueAtPercentile(percent)) / 1e6
  }

  /// Milliseconds; nil when there are none.
  public var mean: Double? { count == 0 ? nil : histogram.mean / 1e6 }

  /// The names and values in milliseconds that reports have.
  public var summary: [(name: String, milliseconds: Double?)] {
    [
      ("min", percentile(0)), ("p50", percentile(50)), ("p90", percentile(90)), ("p99", percentile(99)),
      ("p99.9", percentile(99.9)), ("max", percentile(100)), ("mean", mean),
    ]
  }
}
