/// The grid of coordinates −1…1 that an affine map of each batch entry gives, as `GridSample` reads it.
///
/// Operands: theta [N, 2, 3] or [N, 3, 4], and the size [N, C, D…] of what will be sampled.
public struct AffineGrid: Operator {
  public static let name = "AffineGrid"
  public static let arity = 2...2
  public var alignCorners: Bool

  public init(alignCorners: Bool = false) { self.alignCorners = alignCorners }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let theta = try operands.realTensor(0)
    guard theta.rank == 3, let rank = theta.shape[1].constant, rank == 2 || rank == 3 else {
      throw operands.mismatch(expected: "theta of shape [N, 2, 3] or [N, 3, 4]", got: "\(theta)")
    }
    try operands.requireEqual(theta.shape[2], Dimension(rank + 1), "theta of shape [N, 2, 3] or [N, 3, 4]")
    guard let size = operands.dimensions(1) ?? operands.integers(1).map({ Shape($0) }) else {
      let spatial = (0..<rank).map { operands.freshDimension("axis\($0)") }
      return [.tensor(TensorType(theta.element, [theta.shape[0]] + spatial + [Dimension(rank)]))]
    }
    guard size.count == rank + 2 else {
      throw operands.mismatch(expected: "a size of \(rank + 2) extents", got: "\(size)")
    }
    try operands.require(size.compactMap(\.constant), in: 0...ReferenceLimit.attribute, "sizes")
    try operands.requireEqual(size[0], theta.shape[0], "one batch size in theta and size")
    return [.tensor(TensorType(theta.element, [theta.shape[0]] + size[2...] + [Dimension(rank)]))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let theta = try context.tensor(operands, 0, for: Self.name).doubles()
    let extents = Array(type.shape.dropFirst().dropLast())
    let rank = extents.count
    let strides = Strides.rowMajor(extents)
    let places = extents.reduce(1, *)
    var y: [Double] = []
    y.reserveCapacity(type.count)
    for batch in 0..<type.shape[0] {
      for place in 0..<places {
        let point = (0..<rank).reversed().map { axis in
          coordinate(place / strides[axis] % extents[axis], extents[axis])
        }
        for row in 0..<rank {
          let at = (batch * rank + row) * (rank + 1)
          y.append(point.indices.reduce(theta[at + rank]) { $0 + theta[at + $1] * point[$1] })
        }
      }
    }
    return [try context.result(Self.name, type, doubles: y)]
  }

  private func coordinate(_ i: Int, _ extent: Int) -> Double {
    if alignCorners { return extent > 1 ? 2 * Double(i) / Double(extent - 1) - 1 : -1 }
    return (2 * Double(i) + 1) / Double(extent) - 1
  }
}
