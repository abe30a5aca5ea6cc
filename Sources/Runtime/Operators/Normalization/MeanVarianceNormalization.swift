/// `(x - mean) / (standard deviation + 1e-9)` over `axes`.
public struct MeanVarianceNormalization: Operator {
  public static let name = "MeanVarianceNormalization"
  public static let arity = 1...1
  public var axes: [Int]

  public init(axes: [Int] = [0, 2, 3]) { self.axes = axes }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    for axis in axes { _ = try operands.axis(axis, rank: x.rank) }
    return [.tensor(TensorType(x.element, x.shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    var y = try context.tensor(operands, 0, for: Self.name).doubles()
    let plan = ReductionPlan(type.shape, axes: Set(axes.map { $0 < 0 ? $0 + type.shape.count : $0 }))
    for base in plan.kept {
      let line = plan.reduced.map { y[base + $0] }
      let (mean, variance) = moments(line)
      let factor = 1 / (variance.squareRoot() + 1e-9)
      for (offset, value) in zip(plan.reduced, line) { y[base + offset] = (value - mean) * factor }
    }
    return [try context.result(Self.name, type, doubles: y)]
  }
}
