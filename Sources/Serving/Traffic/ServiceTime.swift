/// A moving average of durations that follows a change within a few of them and that a single odd one hardly moves.
///
/// Exponential smoothing whose weight follows the tracking signal (D. W. Trigg and A. G. Leach, 1967): as long as
/// errors cancel out it averages over many durations; when they keep one sign it moves half the way each time. The
/// weight is that of the step before, so that no duration chooses its own. One beyond four times or a quarter of the
/// average counts as that much, with the least weight; the third of them in a row on the same side is no outlier, and
/// the average starts anew from it.
struct ServiceTime: Hashable, Sendable {
  /// Nanoseconds; nil before the first duration.
  private(set) var average: Double?
  private var error = 0.0
  private var absoluteError = 0.0
  private var weight = leastWeight
  /// Durations beyond the bounds in a row; negative when they were too short.
  private var beyond = 0

  private static let (leastWeight, greatestWeight) = (1.0 / 16, 0.5)
  private static let errorWeight = 0.2
  private static let bound = 4.0

  mutating func record(_ nanoseconds: UInt64) {
    let duration = max(1, Double(nanoseconds))
    guard let mean = average else {
      average = duration
      return
    }
    let side = duration > mean * Self.bound ? 1 : duration < mean / Self.bound ? -1 : 0
    beyond = side == 0 ? 0 : beyond * side > 0 ? beyond + side : side
    guard abs(beyond) < 3 else {
      self = ServiceTime()
      average = duration
      return
    }
    let difference = min(max(duration, mean / Self.bound), mean * Self.bound) - mean
    average = mean + (side == 0 ? weight : Self.leastWeight) * difference
    error += Self.errorWeight * (difference - error)
    absoluteError += Self.errorWeight * (abs(difference) - absoluteError)
    let signal = absoluteError > 0 ? abs(error) / absoluteError : 0
    weight = min(max(signal * signal, Self.leastWeight), Self.greatestWeight)
  }
}
