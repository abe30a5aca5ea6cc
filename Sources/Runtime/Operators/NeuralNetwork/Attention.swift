/// Scaled dot-product attention: `softmax(scale · Q·Kᵀ + mask) · V`, with as many query heads per key head as divide.
///
/// Operands: Q, K, V, then optionally the mask (bool, or added to the scores), past keys and past values, and the
/// number of valid keys per batch entry. Results: Y, and optionally present keys, present values and the scores.
/// Q, K and V have rank 4 in their layouts, or rank 3 [batch, sequence, heads · size] with the head counts as
/// attributes. Past and present are always [batch, heads, sequence, size].
public struct Attention: Operator {
  /// Axes of an operand of rank 4.
  public enum HeadLayout: String, Hashable, Sendable, Codable {
    /// [batch, heads, sequence, size]
    case headsFirst
    /// [batch, sequence, heads, size]
    case sequenceFirst
  }

  /// What the fourth result holds.
  public enum ScoreStage: Int, Hashable, Sendable, Codable {
    case product = 0, softcapped = 1, masked = 2, probabilities = 3
  }

  public static let name = "Attention"
  public static let arity = 3...7
  /// nil: one over the square root of the head size.
  public var scale: Float?
  public var isCausal: Bool
  /// Scores become `softcap · tanh(score / softcap)`; zero for none.
  public var softcap: Float
  /// Heads of operands of rank 3.
  public var queryHeads: Int?
  public var keyHeads: Int?
  /// How many keys before and after its own position a query sees; nil for all.
  public var leftWindow: Int?
  public var rightWindow: Int?
  public var scoreStage: ScoreStage
  public var queryLayout: HeadLayout
  public var keyLayout: HeadLayout
  public var valueLayout: HeadLayout
  public var outputLayout: HeadLayout

  public init(
    scale: Float? = nil, isCausal: Bool = false, softcap: Float = 0, queryHeads: Int? = nil, keyHeads: Int? = nil,
    leftWindow: Int? = nil, rightWindow: Int? = nil, scoreStage: ScoreStage = .product,
    queryLayout: HeadLayout = .headsFirst, keyLayout: HeadLayout = .headsFirst,
    valueLayout: HeadLayout = .headsFirst, outputLayout: HeadLayout = .headsFirst
  ) {
    self.scale = scale
    self.isCausal = isCausal
    self.softcap = softcap
    self.queryHeads = queryHeads
    self.keyHeads = keyHeads
    self.leftWindow = leftWindow
    self.rightWindow = rightWindow
    self.scoreStage = scoreStage
    self.queryLayout = queryLayout
    self.keyLayout = keyLayout
    self.valueLayout = valueLayout
    self.outputLayout = outputLayout
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let extents = try extents(operands)
    let element = try operands.element(0)
    let (batch, heads) = (extents.batch, extents.heads)
    let y: Shape
    if try operands.tensor(0).rank == 3 {
      y = [batch, extents.queries, heads * extents.valueSize]
    } else if outputLayout == .headsFirst {
      y = [batch, heads, extents.queries, extents.valueSize]
    } else {
      y = [batch, extents.queries, heads, extents.valueSize]
    }
    let present: (Dimension) -> Shape = { [batch, extents.keyHeads, extents.totalKeys, $0] }
    return [
      .tensor(TensorType(element, y)),
      .tensor(TensorType(try operands.element(1), present(extents.headSize))),
      .tensor(TensorType(try operands.element(2), present(extents.valueSize))),
      .tensor(TensorType(element, [batch, heads, extents.queries, extents.totalKeys])),
    ]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let types = try concreteResults(operands, context)
    var problem = AttentionReference(self, batch: types[3].shape[0], heads: types[3].shape[1])
    problem.queries = types[3].shape[2]
    problem.keys = types[3].shape[3]
    problem.keyHeads = types[1].shape[1]
    problem.headSize = types[1].shape[3]
    problem.valueSize = types[2].shape[3]
    let past = context.optionalTensor(operands, 4)?.shape[2] ?? 0
    let query = try context.tensor(operands, 0, for: Self.name)
    let key = try context.tensor(operands, 1, for: Self.name)
    let value = try context.tensor(operands, 2, for: Self.name)
    problem.q = problem.headsFirst(query, queryLayout, heads: problem.heads)
    problem.k = problem.joined(
      context.optionalTensor(operands, 4), problem.headsFirst(key, keyLayout, heads: problem.keyHeads),
      size: problem.headSize)
    problem.v = problem.joined(
      context.optionalTensor(operands, 5), problem.headsFirst(value, valueLayout, heads: problem.keyHeads),
      size: problem.valueSize)
    let valid = context.optionalTensor(operands, 6)?.integers()
    problem.setVisibility(mask: context.optionalTensor(operands, 3), valid: valid, past: past)
    let (y, scores) = problem.run(scale: Double(scale ?? 0), isScaled: scale != nil)
    let isSequenceFirst = query.shape.count == 3 || outputLayout == .sequenceFirst
    let results = [isSequenceFirst ? problem.sequenceFirst(y) : y, problem.k, problem.v, scores]
    var values: [Value] = []
    for (i, result) in results.enumerated() where i < max(context.resultCount, 1) {
      values.append(try context.result(Self.name, types[i], doubles: result))
    }
    return values
  }
}

extension Attention {
  /// The sizes of one attention.
  public struct Extents: Hashable, Sendable {
    public var batch, heads, keyHeads, queries, keys, totalKeys, headSize, valueSize: Dimension
  }

  /// The sizes, after checking that the operands agree on them.
  public func extents(_ operands: Operands) throws(OperatorError) -> Extents {
    let q = try split(operands, 0, queryLayout, heads: queryHeads)
    let k = try split(operands, 1, keyLayout, heads: keyHeads)
    let v = try split(operands, 2, valueLayout, heads: keyHeads)
    try operands.requireEqual(q.batch, k.batch, "one batch size in Q and K")
    try operands.requireEqual(k.batch, v.batch, "one batch size in K and V")
    try operands.requireEqual(q.size, k.size, "one head size in Q and K")
    try operands.requireEqual(k.heads, v.heads, "as many heads in K as in V")
    try operands.requireEqual(k.sequence, v.sequence, "as many keys as values")
    if let a = q.heads.constant, let b = k.heads.constant, b <= 0 || a % b != 0 {
      throw operands.mismatch(expected: "key heads that divide the query heads", got: "\(b) and \(a)")
    }
    try operands.require([leftWindow ?? 0, rightWindow ?? 0], in: 0...ReferenceLimit.attribute, "windows")
    var total = k.sequence
    guard operands.isPresent(4) == operands.isPresent(5) else {
      throw operands.mismatch(expected: "past keys and past values together", got: "one of them")
    }
    if let past = try operands.optionalTensor(4) {
      guard past.rank == 4 else { throw operands.mismatch(expected: "past keys of rank 4", got: "\(past)") }
      try operands.requireOptional(4, k.element, [k.batch, k.heads, past.shape[2], k.size], "past keys")
      try operands.requireOptional(5, v.element, [k.batch, k.heads, past.shape[2], v.size], "past values")
      total = total + past.shape[2]
    }
    try operands.requireOptional(6, nil, [q.batch], "valid key counts")
    try checkMask(operands, q.element, [q.batch, q.heads, q.sequence, total])
    return Extents(
      batch: q.batch, heads: q.heads, keyHeads: k.heads, queries: q.sequence, keys: k.sequence, totalKeys: total,
      headSize: q.size, valueSize: v.size)
  }

  /// The mask broadcasts to the scores; it may cover fewer keys than there are, the rest being hidden.
  private func checkMask(_ operands: Operands, _ element: ElementType, _ scores: Shape) throws(OperatorError) {
    guard let mask = try operands.optionalTensor(3) else { return }
    guard mask.element == .bool || mask.element.isFloatingPoint, (1...4).contains(mask.rank) else {
      throw operands.mismatch(expected: "a mask of bool or \(element) and rank 1 to 4", got: "\(mask)")
    }
    for (extent, score) in zip(mask.shape.reversed().dropFirst(), scores.reversed().dropFirst()) where !extent.isOne {
      try operands.requireEqual(extent, score, "a mask that broadcasts to \(scores)")
    }
    if let extent = mask.shape.last?.constant, let keys = scores[3].constant, extent > keys {
      throw operands.mismatch(expected: "a mask for at most \(keys) keys", got: "\(mask)")
    }
  }

  private struct Operand {
    var element: ElementType
    var batch, heads, sequence, size: Dimension
  }

  private func split(
    _ operands: Operands, _ i: Int, _ layout: HeadLayout, heads: Int?
  ) throws(OperatorError) -> Operand {
    let type = try operands.realTensor(i)
    let shape = type.shape
    if shape.count == 4 {
      let (head, sequence) = layout == .headsFirst ? (1, 2) : (2, 1)
      return Operand(
        element: type.element, batch: shape[0], heads: shape[head], sequence: shape[sequence], size: shape[3])
    }
    guard shape.count == 3, let heads, (1...ReferenceLimit.attribute).contains(heads) else {
      throw operands.mismatch(expected: "an operand of rank 4, or of rank 3 and a number of heads", got: "\(type)")
    }
    if let hidden = shape[2].constant, hidden % heads != 0 {
      throw operands.mismatch(expected: "\(heads) heads that divide the hidden size", got: "\(hidden)")
    }
    return Operand(
      element: type.element, batch: shape[0], heads: Dimension(heads), sequence: shape[1],
      size: shape[2].floorDivided(by: Dimension(heads)))
  }
}
