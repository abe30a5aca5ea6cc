/// Puts the maxima of a pooling back where they were, zeros elsewhere.
///
/// Operands: X [N, C, D…], the flat index of each element, and optionally the result's shape.
public struct MaxUnpool: Operator {
  public static let name = "MaxUnpool"
  public static let arity = 2...3
  public var kernel: [Int]
  public var strides: [Int]
  public var padsBegin: [Int]
  public var padsEnd: [Int]

  public init(kernel: [Int], strides: [Int] = [], padsBegin: [Int] = [], padsEnd: [Int] = []) {
    self.kernel = kernel
    self.strides = strides
    self.padsBegin = padsBegin
    self.padsEnd = padsEnd
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    try operands.requireOptional(1, .int64, x.shape, "an index per element")
    let inferred = try inferredShape(x, operands)
    guard operands.isPresent(2) else { return [.tensor(TensorType(x.element, inferred))] }
    guard let shape = operands.integers(2) else {
      return [.tensor(TensorType(x.element, x.shape.indices.map { operands.freshDimension("axis\($0)") }))]
    }
    try operands.require(shape, in: 0...ReferenceLimit.attribute, "extents")
    guard shape.count == x.rank else {
      throw operands.mismatch(expected: "a shape of \(x.rank) extents", got: "\(shape)")
    }
    for (a, b) in zip(shape, inferred) {
      if let b = b.constant, a < b {
        throw operands.mismatch(expected: "a shape that holds \(inferred)", got: "\(shape)")
      }
    }
    return [.tensor(TensorType(x.element, Shape(shape)))]
  }

  /// The shape the pooling must have had, were every window full.
  private func inferredShape(_ x: TensorType, _ operands: Operands) throws(OperatorError) -> Shape {
    let rank = x.rank - 2
    guard rank >= 0, kernel.count == rank else {
      throw operands.mismatch(expected: "a kernel of \(rank) extents", got: "\(kernel.count)")
    }
    for list in [strides, padsBegin, padsEnd] where !list.isEmpty && list.count != rank {
      throw operands.mismatch(expected: "\(rank) strides and pads", got: "\(list.count)")
    }
    let limit = ReferenceLimit.attribute
    try operands.require(kernel + strides, in: 1...limit, "kernel extents and strides")
    try operands.require(padsBegin + padsEnd, in: 0...limit, "pads")
    var shape = Shape(x.shape.prefix(2))
    for axis in 0..<rank {
      let step = strides.isEmpty ? 1 : strides[axis]
      let cut = (padsBegin.isEmpty ? 0 : padsBegin[axis]) + (padsEnd.isEmpty ? 0 : padsEnd[axis])
      let extent = (x.shape[axis + 2] - 1) * Dimension(step) + Dimension(kernel[axis] - cut)
      guard (extent.constant ?? 0) >= 0 else {
        throw operands.mismatch(expected: "pads smaller than the result", got: "\(cut)")
      }
      shape.append(extent)
    }
    return shape
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let indices = try context.tensor(operands, 1, for: Self.name).integers()
    let described = Operands(
      op: Self.name, node: context.node, types: [.tensor(x.type)], values: [], constants: [], resultCount: 1)
    // Indices count elements of the shape before a stated, larger one.
    guard let source = try inferredShape(x.type, described).constants else {
      throw context.refusal(Self.name, expected: "known extents", got: "\(x.type)")
    }
    let count = source.reduce(1) { $0 * $1 }
    let (from, to) = (Strides.rowMajor(source), Strides.rowMajor(type.shape))
    var y = [Double](repeating: 0, count: type.count)
    for (value, index) in zip(x.doubles(), indices) {
      guard index >= 0, index < count else {
        throw context.refusal(Self.name, expected: "indices in 0..<\(count)", got: "\(index)")
      }
      y[source.indices.reduce(0) { $0 + index / from[$1] % source[$1] * to[$1] }] = value
    }
    return [try context.result(Self.name, type, doubles: y)]
  }
}
