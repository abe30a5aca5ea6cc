/// Reproducible damage: the same seed gives the same bytes in every process.
struct Mutations {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next(below bound: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(state % UInt64(max(bound, 1)))
  }

  /// Flips bits, overwrites runs, inserts, deletes or truncates.
  mutating func damage(_ bytes: [UInt8]) -> [UInt8] {
    var result = bytes
    for _ in 0...next(below: 4) where !result.isEmpty {
      let at = next(below: result.count)
      switch next(below: 6) {
      case 0: result[at] ^= 1 << UInt8(next(below: 8))
      case 1: result[at] = [0, 0xFF, 0x7F, 0x80][next(below: 4)]
      case 2: result.removeSubrange(at..<min(at + next(below: 16), result.count))
      case 3: result.insert(contentsOf: (0..<next(below: 16)).map { _ in UInt8(next(below: 256)) }, at: at)
      case 4: for i in at..<min(at + 8, result.count) { result[i] = 0xFF }
      default: result.removeLast(next(below: result.count))
      }
    }
    return result
  }
}
