/// Drops axes of extent one: those of operand 1, or all there are.
public struct Squeeze: Operator {
  public static let name = "Squeeze"
  public static let arity = 1...2

  public init() {}

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    guard operands.isPresent(1) else {
      // Whether a symbolic extent is one decides the rank.
      guard x.shape.constants != nil else { throw operands.unresolved("known extents, or axes to squeeze") }
      return [.tensor(TensorType(x.element, x.shape.filter { !$0.isOne }))]
    }
    guard let axes = try operands.axes(1, rank: x.rank) else {
      let count = try operands.elements(1).count
      guard count <= x.rank else { throw operands.mismatch(expected: "at most \(x.rank) axes", got: "\(count)") }
      return [.tensor(TensorType(x.element, operands.freshShape("", x.rank - count)))]
    }
    for axis in axes {
      if let extent = x.shape[axis].constant, extent != 1 {
        throw operands.mismatch(expected: "extent 1 at axis \(axis)", got: "\(x)")
      }
    }
    let kept = x.shape.indices.filter { !axes.contains($0) }
    return [.tensor(TensorType(x.element, kept.map { x.shape[$0] }))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] { movedValues(operands, data: [0]) }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    return try result(context) { () throws(TensorError) in try x.reshaped(shape) }
  }
}

/// Inserts axes of extent one, so that they stand at the places operand 1 names in the result.
public struct Unsqueeze: Operator {
  public static let name = "Unsqueeze"
  public static let arity = 2...2

  public init() {}

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    let rank = x.rank + (try operands.elements(1).count)
    guard let axes = try operands.axes(1, rank: rank) else {
      return [.tensor(TensorType(x.element, operands.freshShape("", rank)))]
    }
    var rest = x.shape[...]
    let shape = (0..<rank).map { axes.contains($0) ? 1 : rest.popFirst() ?? 1 }
    return [.tensor(TensorType(x.element, shape))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] { movedValues(operands, data: [0]) }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    return try result(context) { () throws(TensorError) in try x.reshaped(shape) }
  }
}
