#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `x - log Σ exp(x)` along one axis.
public struct LogSoftmax: Operator {
  public static let name = "LogSoftmax"
  public static let arity = 1...1
  public var axis: Int

  public init(axis: Int = -1) { self.axis = axis }

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    _ = try operands.axis(axis, rank: x.rank)
    return [.tensor(TensorType(x.element, x.shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let view = AxisView(x.shape, axis: axis < 0 ? axis + x.shape.count : axis)
    let y = view.mapLines(x.doubles()) { line in
      let top = line.max() ?? 0
      let shift = top + log(line.reduce(0) { $0 + exp($1 - top) })
      for i in line.indices { line[i] -= shift }
    }
    return [try context.result(Self.name, type, doubles: y)]
  }
}
