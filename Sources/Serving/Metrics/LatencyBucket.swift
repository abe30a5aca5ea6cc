/// Where the edges of a `LatencyHistogram` are, in nanoseconds.
enum LatencyBucket {
  /// The first holds what takes up to 1 µs, the last what takes longer than 100 s.
  static let count = decades.count * perDecade + 2

  private static let perDecade = 35

  /// The lower edges of the powers of ten, from 1 µs to 10 s.
  private static let decades: [UInt64] = [
    1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
  ]

  /// The decade of a duration just above a power of two, by the exponent of that power.
  private static let decadeOfPower: [Int] = (0..<UInt64.bitWidth).map { exponent in
    (decades.lastIndex { $0 <= 1 << UInt64(exponent) }) ?? 0
  }

  /// The bucket with `lower < duration ≤ upper`.
  static func index(of duration: UInt64) -> Int {
    guard duration > decades[0] else { return 0 }
    let reduced = duration - 1
    var decade = decadeOfPower[UInt64.bitWidth - 1 - reduced.leadingZeroBitCount]
    if decade + 1 < decades.count, reduced >= decades[decade + 1] { decade += 1 }
    // 1 to 10 in steps of 0.05.
    let step = reduced / (decades[decade] / 20)
    guard step < 200 else { return count - 1 }
    let place: UInt64 =
      switch step {
      case ..<50: (step - 20) / 2
      case ..<100: 15 + (step - 50) / 5
      default: 25 + (step - 100) / 10
      }
    return 1 + decade * perDecade + Int(place)
  }

  /// The middle of a bucket; of the last, which has no end, its lower edge.
  static func middle(_ index: Int) -> UInt64 {
    if index <= 0 { return decades[0] / 2 }
    if index >= count - 1 { return 10 * decades[decades.count - 1] }
    let (decade, place) = (index - 1).quotientAndRemainder(dividingBy: perDecade)
    // In fortieths of the decade's lower edge.
    let middle =
      switch place {
      case ..<15: 40 + 4 * place + 2
      case ..<25: 100 + 10 * (place - 15) + 5
      default: 200 + 20 * (place - 25) + 10
      }
    return decades[decade] / 40 * UInt64(middle)
  }
}
