import MassClient
import Testing

@Suite struct LatencyHistogramTests {
  @Test func emptyHistogramHasNoFigures() {
    #expect(LatencyHistogram().summary.allSatisfy { $0.milliseconds == nil })
  }

  @Test func percentilesAreWithinAThousandth() throws {
    var histogram = LatencyHistogram()
    for i in 1...100_000 { histogram.record(nanoseconds: UInt64(i) * 1000) }
    for percent in [1.0, 25, 50, 90, 99, 99.9, 100] {
      #expect(abs(try #require(histogram.percentile(percent)) / percent - 1) < 0.002)
    }
    #expect(abs(try #require(histogram.mean) - 50) < 0.1)
  }

  @Test func mergedHistogramsAreTheOneOfAllValues() {
    var whole = LatencyHistogram()
    var parts = [LatencyHistogram](repeating: LatencyHistogram(), count: 3)
    for i in 0..<30_000 {
      let value = UInt64((i &* 7919) % 1_000_003) * 137
      whole.record(nanoseconds: value)
      parts[i % 3].record(nanoseconds: value)
    }
    var merged = LatencyHistogram()
    for part in parts { merged.add(part) }
    #expect(merged.count == whole.count)
    #expect(merged.summary.map(\.milliseconds) == whole.summary.map(\.milliseconds))
  }

  @Test func whatIsLongerThanAnHourCountsAsAnHour() throws {
    var histogram = LatencyHistogram()
    histogram.record(nanoseconds: .max)
    histogram.record(nanoseconds: 0)
    #expect(histogram.count == 2)
    #expect(abs(try #require(histogram.percentile(100)) / 3_600_000 - 1) < 0.001)
    #expect(histogram.percentile(0) == 0)
  }
}
