/// The operand broadcast with the shape in operand 1.
public struct Expand: Operator {
  public static let name = "Expand"
  public static let arity = 2...2

  public init() {}

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    let wanted = try operands.elements(1)
    let lead = wanted.count - x.rank
    var shape: Shape = []
    for (i, extent) in wanted.enumerated() {
      guard extent?.constant ?? 0 >= 0 else {
        throw operands.mismatch(expected: "extents of 0 and above", got: "\(wanted)")
      }
      // An unknown extent against one that is not one must be equal to it, or one.
      let own = i >= lead ? x.shape[i - lead].constant : 1
      shape.append(extent ?? own.flatMap { $0 == 1 ? nil : Dimension($0) } ?? operands.freshDimension("\(i)"))
    }
    return [.tensor(TensorType(x.element, try operands.broadcast([x.shape, shape])))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] { movedValues(operands, data: [0]) }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    let strides = Strides.broadcasting(x.shape, to: shape)
    let sources = zip(shape, strides).map { AxisSource.strided(step: $1, count: $0) }
    return try result(context) { () throws(TensorError) in try x.gathered(sources, shape: shape) }
  }
}

/// The operand repeated along each axis as often as operand 1 says.
public struct Tile: Operator {
  public static let name = "Tile"
  public static let arity = 2...2

  public init() {}

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    let repeats = try operands.elements(1)
    guard repeats.count == x.rank else {
      throw operands.mismatch(expected: "\(x.rank) repeat counts", got: "\(repeats.count)")
    }
    var shape: Shape = []
    for (i, count) in repeats.enumerated() {
      guard count?.constant ?? 0 >= 0 else {
        throw operands.mismatch(expected: "counts of 0 and above", got: "\(repeats)")
      }
      shape.append(count.map { x.shape[i] * $0 } ?? operands.freshDimension("\(i)"))
    }
    return [.tensor(TensorType(x.element, shape))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] { movedValues(operands, data: [0]) }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    let repeats = try operand(operands, 1, context).integers()
    let sources = zip(x.axisSources, repeats).flatMap { [AxisSource.strided(step: 0, count: $1), $0] }
    return try result(context) { () throws(TensorError) in try x.gathered(sources, shape: shape) }
  }
}
