/// The operand, unchanged.
public struct Identity: Operator {
  public static let name = "Identity"
  public static let arity = 1...1

  public init() {}

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] { [try operands.type(0)] }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] { Array(operands.values.prefix(1)) }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    guard let value = operands.first.flatMap({ $0 }) else {
      throw refusal(context, expected: "an operand", got: "nothing")
    }
    return [value]
  }
}

/// The operand in another physical layout; logically the same tensor.
public struct Relayout: Operator {
  public static let name = "Relayout"
  public static let arity = 1...1
  public var layout: Layout

  public init(to layout: Layout) { self.layout = layout }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    var type = try operands.tensor(0)
    guard layout == .rowMajor || type.rank >= 3 else {
      throw operands.mismatch(expected: "a tensor of rank 3 or more for channels-last", got: "\(type)")
    }
    type.layout = layout
    return [.tensor(type)]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    _ = try concreteShape(operands, context)
    return [.tensor(try operand(operands, 0, context))]
  }
}
