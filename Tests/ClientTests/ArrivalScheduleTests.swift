import Testing

@testable import MassClient

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct ArrivalScheduleTests {
  private func arrivals(_ schedule: ArrivalSchedule, _ count: Int) -> [UInt64] {
    var schedule = schedule
    return (0..<count).map { _ in schedule.next() }
  }

  /// The largest distance between the empirical distribution of `samples` and `distribution`, by √n: under the hypothesis
  /// that they agree, it exceeds 1.63 once in a hundred times (Kolmogorov's distribution).
  private func kolmogorovSmirnov(_ samples: [Double], _ distribution: (Double) -> Double) -> Double {
    let count = Double(samples.count)
    var distance = 0.0
    for (i, sample) in samples.sorted().enumerated() {
      let value = distribution(sample)
      distance = max(distance, value - Double(i) / count, Double(i + 1) / count - value)
    }
    return distance * count.squareRoot()
  }

  private func intervals(_ arrivals: [UInt64]) -> [Double] {
    zip(arrivals.dropFirst(), arrivals).map { Double($0 - $1) }
  }

  @Test(arguments: [UInt64(0), 1, 2, 20, .max], [10.0, 1000, 30_000])
  func poissonIntervalsAreExponential(seed: UInt64, rate: Double) {
    let arrivals = arrivals(ArrivalSchedule(.poisson, rate: rate, seed: seed), 20_000)
    let statistic = kolmogorovSmirnov(intervals(arrivals)) { 1 - exp(-$0 * rate / 1e9) }
    #expect(statistic < 1.95, "once in a thousand times for a seed that is not fixed")
  }

  @Test func wrongRateIsFound() {
    let arrivals = arrivals(ArrivalSchedule(.poisson, rate: 1000, seed: 0), 20_000)
    #expect(kolmogorovSmirnov(intervals(arrivals)) { 1 - exp(-$0 * 1050 / 1e9) } > 1.95)
  }

  @Test(arguments: [1, 2, 7])
  func sharesTogetherArePoissonOfTheWholeRate(shares: Int) {
    let all = (0..<shares).flatMap { share in
      arrivals(ArrivalSchedule(.poisson, rate: 1000, seed: 3, share: share, of: shares), 40_000 / shares)
    }
    // Beyond the end of the shortest share, others are missing.
    let sorted = Array(all.sorted().prefix(35_000))
    #expect(kolmogorovSmirnov(intervals(sorted)) { 1 - exp(-$0 * 1000 / 1e9) } < 1.95)
  }

  @Test(arguments: ArrivalProcess.allCases, [0.5, 100, 12_345])
  func rateIsKeptInExpectation(process: ArrivalProcess, rate: Double) {
    let count = 100_000
    let last = Double(arrivals(ArrivalSchedule(process, rate: rate, seed: 5), count)[count - 1]) / 1e9
    // Five standard deviations of the sum of so many exponential intervals.
    #expect(abs(last * rate / Double(count) - 1) < 5 / Double(count).squareRoot())
  }

  @Test func uniformArrivalsDoNotDrift() {
    let arrivals = arrivals(ArrivalSchedule(.uniform, rate: 3000, seed: 0), 3_000_001)
    #expect(arrivals[0] == 0)
    #expect(arrivals[3_000_000] == 1_000_000_000_000)
  }

  @Test func sharesOfUniformArrivalsInterleave() {
    let all = (0..<4).flatMap { share in
      arrivals(ArrivalSchedule(.uniform, rate: 1000, seed: 0, share: share, of: 4), 5)
    }
    #expect(all.sorted() == (0..<20).map { UInt64($0) * 1_000_000 })
  }

  @Test func seedDecidesTheArrivals() {
    func first(_ seed: UInt64, _ share: Int = 0) -> [UInt64] {
      arrivals(ArrivalSchedule(.poisson, rate: 100, seed: seed, share: share, of: 2), 10)
    }
    #expect(first(1) == first(1))
    #expect(first(1) != first(2))
    #expect(first(1) != first(1, 1))
  }
}
