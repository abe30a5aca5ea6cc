#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How likely what was counted is by chance.
enum Significance {
  /// One-sided test of two proportions: the probability that at least so many of all failures fall to the first group
  /// if both groups fail equally often.
  ///
  /// Fisher's exact test (R. A. Fisher, 1935), which holds for the smallest counts; above `exactLimit` failures the
  /// score test, whose statistic is the difference over its standard error with the pooled rate.
  ///
  /// - Complexity: O(failures), at most `exactLimit`.
  static func excess(failures: Int, of count: Int, against otherFailures: Int, of otherCount: Int) -> Double {
    let (all, total) = (failures + otherFailures, count + otherCount)
    guard count > 0, otherCount > 0, all > 0, all < total else { return 1 }
    if all > exactLimit {
      let (n, m, pooled) = (Double(count), Double(otherCount), Double(all) / Double(total))
      let error = (pooled * (1 - pooled) * (1 / n + 1 / m)).squareRoot()
      return upperNormalTail((Double(failures) / n - Double(otherFailures) / m) / error)
    }
    // Hypergeometric: `all` drawn from `total`, of which `count` are the first group's.
    let start = logChoose(count, failures) + logChoose(otherCount, otherFailures) - logChoose(total, all)
    var (sum, term, k) = (0.0, exp(start), failures)
    while k <= min(all, count) {
      sum += term
      let numerator = Double(all - k) * Double(count - k)
      term *= numerator / (Double(k + 1) * Double(otherCount - all + k + 1))
      k += 1
    }
    return min(1, sum)
  }

  /// The least number that at most a share `chance` of all draws reach, when each of `count` trials counts with
  /// `probability`; `count` + 1 if there is none.
  static func leastImprobable(of count: Int, probability: Double, chance: Double) -> Int {
    guard probability > 0, count > 0 else { return 1 }
    guard probability < 1 else { return count + 1 }
    if let (mean, deviation) = normal(count, probability) {
      return min(count + 1, Int((mean + normalQuantile(chance) * deviation).rounded(.up)) + 1)
    }
    return binomial(count, probability) { below in 1 - below <= chance } + 1
  }

  /// The greatest number that at most a share `chance` of all draws stay at or below; nil if there is none.
  static func greatestImprobable(of count: Int, probability: Double, chance: Double) -> Int? {
    guard count > 0, probability > 0, probability < 1 else { return nil }
    if let (mean, deviation) = normal(count, probability) {
      let number = Int((mean - normalQuantile(chance) * deviation).rounded(.down)) - 1
      return number >= 0 ? number : nil
    }
    let first = binomial(count, probability) { upTo in upTo > chance }
    return first > 0 ? first - 1 : nil
  }

  static let exactLimit = 5000

  /// Mean and standard deviation where the normal distribution is close enough to the binomial one.
  private static func normal(_ count: Int, _ probability: Double) -> (Double, Double)? {
    let variance = Double(count) * probability * (1 - probability)
    return variance > 1000 ? (Double(count) * probability, variance.squareRoot()) : nil
  }

  /// The first number whose cumulative probability `isReached`; `count` if none.
  private static func binomial(_ count: Int, _ probability: Double, isReached: (Double) -> Bool) -> Int {
    let odds = log(probability) - log1p(-probability)
    var (logTerm, sum) = (Double(count) * log1p(-probability), 0.0)
    for k in 0..<count {
      sum += exp(logTerm)
      if isReached(sum) { return k }
      logTerm += log(Double(count - k) / Double(k + 1)) + odds
    }
    return count
  }

  static func upperNormalTail(_ deviations: Double) -> Double { erfc(deviations / 2.0.squareRoot()) / 2 }

  /// How many standard deviations above the mean a share `chance` of all draws is.
  static func normalQuantile(_ chance: Double) -> Double {
    var (low, high) = (-40.0, 40.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if upperNormalTail(middle) > chance { low = middle } else { high = middle }
    }
    return high
  }

  private static func logChoose(_ n: Int, _ k: Int) -> Double {
    logFactorial(n) - logFactorial(k) - logFactorial(n - k)
  }

  private static func logFactorial(_ n: Int) -> Double {
    #if canImport(Glibc)
      var sign: Int32 = 0
      return unsafe lgamma_r(Double(n) + 1, &sign)
    #else
      return lgamma(Double(n) + 1)
    #endif
  }
}
