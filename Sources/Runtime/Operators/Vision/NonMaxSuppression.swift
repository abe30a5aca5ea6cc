/// Picks boxes by descending score, leaving out those that overlap one already picked.
///
/// Operands: boxes [N, B, 4], scores [N, C, B], then optionally the most boxes per class, the overlap and the score
/// thresholds. Result: [picked, 3] of batch entry, class and box.
public struct NonMaxSuppression: Operator {
  public static let name = "NonMaxSuppression"
  public static let arity = 2...5
  /// Whether boxes are centre and size rather than two corners.
  public var isCentered: Bool

  public init(isCentered: Bool = false) { self.isCentered = isCentered }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let (boxes, scores) = (try operands.realTensor(0), try operands.realTensor(1))
    guard boxes.rank == 3, scores.rank == 3 else {
      throw operands.mismatch(expected: "boxes and scores of rank 3", got: "\(boxes) and \(scores)")
    }
    try operands.requireEqual(boxes.shape[2], 4, "boxes of four coordinates")
    try operands.requireEqual(boxes.shape[0], scores.shape[0], "one batch size in boxes and scores")
    try operands.requireEqual(boxes.shape[1], scores.shape[2], "a score per box")
    return [.tensor(TensorType(.int64, [operands.freshDimension("picked"), 3]))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let (boxes, scores) = (
      try context.tensor(operands, 0, for: Self.name), try context.tensor(operands, 1, for: Self.name)
    )
    guard boxes.shape.count == 3, scores.shape.count == 3, boxes.shape[2] == 4, scores.shape[0] == boxes.shape[0],
      scores.shape[2] == boxes.shape[1]
    else {
      throw context.refusal(
        Self.name, expected: "boxes [N, B, 4] and scores [N, C, B]", got: "\(boxes.shape) and \(scores.shape)")
    }
    let most = context.optionalTensor(operands, 2)?.integers().first ?? 0
    let overlap = context.optionalTensor(operands, 3)?.doubles().first ?? 0
    let threshold = context.optionalTensor(operands, 4)?.doubles().first
    let (count, classes) = (boxes.shape[1], scores.shape[1])
    let corners = corners(boxes.doubles())
    let points = scores.doubles()
    var picked: [Int] = []
    for batch in 0..<scores.shape[0] {
      for label in 0..<classes {
        let base = (batch * classes + label) * count
        let order = (0..<count).filter { box in threshold.map { points[base + box] > $0 } ?? true }
          .sorted { points[base + $0] > points[base + $1] }
        var kept: [Int] = []
        for box in order {
          if kept.count >= most { break }
          let own = corners[batch * count + box]
          if kept.allSatisfy({ own.overlap(corners[batch * count + $0]) <= overlap }) { kept.append(box) }
        }
        for box in kept { picked += [batch, label, box] }
      }
    }
    return [
      .tensor(
        try context.checked(Self.name) { () throws(TensorError) in
          try Tensor.make(.int64, [picked.count / 3, 3], integers: picked)
        })
    ]
  }

  private struct Box {
    var left, top, right, bottom: Double

    var area: Double { (right - left) * (bottom - top) }

    /// Intersection over union.
    func overlap(_ other: Box) -> Double {
      let width = min(right, other.right) - max(left, other.left)
      let height = min(bottom, other.bottom) - max(top, other.top)
      guard width > 0, height > 0, area > 0, other.area > 0 else { return 0 }
      return width * height / (area + other.area - width * height)
    }
  }

  private func corners(_ x: [Double]) -> [Box] {
    stride(from: 0, to: x.count, by: 4).map { i in
      if isCentered {
        let (width, height) = (x[i + 2] / 2, x[i + 3] / 2)
        return Box(left: x[i] - width, top: x[i + 1] - height, right: x[i] + width, bottom: x[i + 1] + height)
      }
      return Box(
        left: min(x[i], x[i + 2]), top: min(x[i + 1], x[i + 3]), right: max(x[i], x[i + 2]),
        bottom: max(x[i + 1], x[i + 3]))
    }
  }
}
