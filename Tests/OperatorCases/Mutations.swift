/// Reproducible damage: the same seed gives the same bytes in every process (Marsaglia's xorshift, 2003).
public struct Mutations {
  private var state: UInt64

  /// Seeds next to each other give unrelated damage.
  public init(seed: UInt64) { state = (seed &+ 1) &* 0x9E37_79B9_7F4A_7C15 | 1 }

  /// A number from zero to below `bound`; zero where that is nothing.
  public mutating func next(below bound: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int((state >> 11) % UInt64(max(bound, 1)))
  }

  /// Flips bits, overwrites runs, inserts, copies, deletes or truncates.
  public mutating func damage(_ bytes: [UInt8]) -> [UInt8] {
    var result = bytes
    for _ in 0...next(below: 4) where !result.isEmpty {
      let at = next(below: result.count)
      switch next(below: 16) {
      case 0...4: result[at] ^= 1 << UInt8(next(below: 8))
      case 5...7: result[at] = [0, 1, 0x7F, 0x80, 0xFF][next(below: 5)]
      case 8...9: result.removeSubrange(at..<min(at + next(below: 16), result.count))
      case 10...11: result.insert(contentsOf: (0..<next(below: 16)).map { _ in UInt8(next(below: 256)) }, at: at)
      case 12...13: result.insert(contentsOf: result[at..<min(at + next(below: 64), result.count)], at: at)
      case 14: for i in at..<min(at + 8, result.count) { result[i] = 0xFF }
      default: result.removeLast(next(below: result.count))
      }
    }
    return result
  }
}
