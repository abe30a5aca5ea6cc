/// Divides by the p-norm (p is 1 or 2) along one axis; where the norm is zero the result is zero.
public struct LpNormalization: Operator {
  public static let name = "LpNormalization"
  public static let arity = 1...1
  public var axis: Int
  public var p: Int

  public init(axis: Int = -1, p: Int = 2) {
    self.axis = axis
    self.p = p
  }

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    _ = try operands.axis(axis, rank: x.rank)
    try operands.require([p], in: 1...2, "p")
    return [.tensor(TensorType(x.element, x.shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let view = AxisView(x.shape, axis: axis < 0 ? axis + x.shape.count : axis)
    let y = view.mapLines(x.doubles()) { line in
      let norm = pNorm(p, line)
      for i in line.indices { line[i] = norm == 0 ? 0 : line[i] / norm }
    }
    return [try context.result(Self.name, type, doubles: y)]
  }
}
