import MassServing
import Testing

@Suite struct LatencyHistograms {
  /// From a nanosecond to ten seconds, each power of ten equally often.
  private static func durations(count: Int, seed: UInt64) -> [UInt64] {
    var generator = SplitMix64(state: seed)
    return (0..<count).map { _ in
      let scale = (0..<Int.random(in: 0...9, using: &generator)).reduce(1.0) { scale, _ in scale * 10 }
      return UInt64(Double.random(in: 1..<10, using: &generator) * scale)
    }
  }

  private static func histogram(_ durations: [UInt64]) -> LatencyHistogram {
    var result = LatencyHistogram()
    for duration in durations { result.record(nanoseconds: duration) }
    return result
  }

  @Test(arguments: [1, 2, 10, 999, 20_000])
  func percentilesAreWithinTheirError(count: Int) throws {
    let durations = Self.durations(count: count, seed: UInt64(count))
    let (histogram, sorted) = (Self.histogram(durations), durations.sorted())
    for percent in [0, 0.1, 1, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100] {
      let exact = sorted[max(0, Int((percent * Double(count) / 100).rounded(.up)) - 1)]
      let found = try #require(histogram.percentile(percent))
      let error = Double(max(found, exact) - min(found, exact))
      #expect(error <= max(0.05 * Double(exact), 500), "\(percent) %: \(found) for \(exact)")
    }
    #expect(histogram.percentile(0) == sorted.first)
    #expect(histogram.percentile(100) == sorted.last)
  }

  @Test func countsUpToABoundAreExact() {
    let edges = LatencyHistogram.bounds.flatMap { [$0 - 1, $0, $0 + 1] }
    let durations = Self.durations(count: 5000, seed: 7) + edges + edges
    let counts = Self.histogram(durations).cumulativeCounts
    #expect(counts == LatencyHistogram.bounds.map { bound in UInt64(durations.count { $0 <= bound }) })
  }

  @Test(arguments: LatencyHistogram.bounds)
  func aBoundBelongsToWhatItBounds(_ bound: UInt64) throws {
    let place = try #require(LatencyHistogram.bounds.firstIndex(of: bound))
    #expect(Self.histogram([bound]).cumulativeCounts[place] == 1)
    #expect(Self.histogram([bound + 1]).cumulativeCounts[place] == 0)
  }

  @Test func nothingRecorded() {
    let empty = LatencyHistogram()
    #expect(empty.percentile(50) == nil)
    #expect(empty.minimum == nil)
    #expect(empty.maximum == nil)
    #expect(empty.cumulativeCounts == LatencyHistogram.bounds.map { _ in 0 })
  }

  @Test(arguments: [0, 1, 1000, 1001, 99_999_999_999, 100_000_000_000, 100_000_000_001, .max] as [UInt64])
  func extremesAreCounted(_ duration: UInt64) {
    let histogram = Self.histogram([duration, duration, duration])
    #expect(histogram.count == 3)
    #expect(histogram.minimum == duration)
    #expect(histogram.maximum == duration)
    #expect(histogram.percentile(50) == duration, "the only duration is also the smallest and the largest")
  }

  @Test(arguments: [-1, 101, .nan, .infinity, -Double.infinity])
  func percentagesOutOfRangeGiveAnEnd(_ percent: Double) {
    let histogram = Self.histogram([5000, 7000, 9000])
    #expect(histogram.percentile(percent) == (percent < 0 ? 5000 : 9000))
  }

  @Test func mergingIsRecordingTogether() {
    let (first, second) = (Self.durations(count: 300, seed: 1), Self.durations(count: 400, seed: 2))
    var merged = Self.histogram(first)
    merged.merge(Self.histogram(second))
    #expect(merged == Self.histogram(first + second))
    merged.merge(LatencyHistogram())
    #expect(merged == Self.histogram(first + second))
    var empty = LatencyHistogram()
    empty.merge(merged)
    #expect(empty == merged)
  }
}

/// A generator that gives the same numbers everywhere.
private struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
