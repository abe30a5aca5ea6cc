/// Rotates pairs of elements of each head by angles that depend on the position.
///
/// Operands: X [batch, heads, sequence, size] or [batch, sequence, heads · size], cosines and sines [positions, half],
/// and positions [batch, sequence]; without positions the caches are [batch, sequence, half].
public struct RotaryEmbedding: Operator {
  public static let name = "RotaryEmbedding"
  public static let arity = 3...4
  /// Whether pairs are neighbours rather than the halves of the rotated part.
  public var isInterleaved: Bool
  /// How many elements of each head are rotated; zero for all.
  public var rotatedSize: Int
  /// Heads of an operand of rank 3.
  public var heads: Int?

  public init(isInterleaved: Bool = false, rotatedSize: Int = 0, heads: Int? = nil) {
    self.isInterleaved = isInterleaved
    self.rotatedSize = rotatedSize
    self.heads = heads
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    guard x.rank == 4 || (x.rank == 3 && heads.map { $0 > 0 } ?? false) else {
      throw operands.mismatch(expected: "X of rank 4, or of rank 3 and a number of heads", got: "\(x)")
    }
    let size = x.rank == 4 ? x.shape[3] : x.shape[2].floorDivided(by: Dimension(heads ?? 1))
    if x.rank == 3, let hidden = x.shape[2].constant, hidden % (heads ?? 1) != 0 {
      throw operands.mismatch(expected: "heads that divide \(hidden)", got: "\(heads ?? 1)")
    }
    try operands.require([rotatedSize], in: 0...(size.constant ?? ReferenceLimit.attribute), "rotated size")
    let rotated = rotatedSize == 0 ? size : Dimension(rotatedSize)
    if let rotated = rotated.constant, rotated % 2 != 0 {
      throw operands.mismatch(expected: "an even rotated size", got: "\(rotated)")
    }
    let (batch, sequence) = (x.shape[0], x.rank == 4 ? x.shape[2] : x.shape[1])
    let half = rotated.floorDivided(by: 2)
    let cache = try operands.tensor(1)
    let isIndexed = operands.isPresent(3)
    guard cache.rank == (isIndexed ? 2 : 3) else {
      throw operands.mismatch(expected: "caches of rank \(isIndexed ? 2 : 3)", got: "\(cache)")
    }
    let shape = isIndexed ? [cache.shape[0], half] : [batch, sequence, half]
    try operands.requireOptional(1, x.element, shape, "cosines")
    try operands.requireOptional(2, x.element, shape, "sines")
    try operands.requireOptional(3, .int64, [batch, sequence], "positions")
    return [.tensor(TensorType(x.element, x.shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name).doubles()
    let cosines = try context.tensor(operands, 1, for: Self.name)
    let (cosine, sine) = (cosines.doubles(), try context.tensor(operands, 2, for: Self.name).doubles())
    let positions = context.optionalTensor(operands, 3)?.integers()
    if let bad = positions?.first(where: { !(0..<cosines.shape[0]).contains($0) }) {
      throw context.refusal(Self.name, expected: "positions in 0..<\(cosines.shape[0])", got: "\(bad)")
    }
    let isHeadsFirst = type.shape.count == 4
    let sequence = type.shape[isHeadsFirst ? 2 : 1]
    let heads = isHeadsFirst ? type.shape[1] : self.heads ?? 1
    let size = isHeadsFirst ? type.shape[3] : type.shape[2] / heads
    let half = (rotatedSize == 0 ? size : rotatedSize) / 2
    var y = x
    guard size > 0 else { return [try context.result(Self.name, type, doubles: y)] }
    for line in 0..<x.count / size {
      let batch = line / (heads * sequence)
      let step = isHeadsFirst ? line % sequence : line / heads % sequence
      let row = batch * sequence + step
      let angle = (positions.map { $0[row] } ?? row) * half
      for i in 0..<half {
        let a = line * size + (isInterleaved ? 2 * i : i)
        let b = isInterleaved ? a + 1 : a + half
        y[a] = cosine[angle + i] * x[a] - sine[angle + i] * x[b]
        y[b] = sine[angle + i] * x[a] + cosine[angle + i] * x[b]
      }
    }
    return [try context.result(Self.name, type, doubles: y)]
  }
}
