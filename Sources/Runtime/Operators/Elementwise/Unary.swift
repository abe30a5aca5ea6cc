/// Applies one function to every element.
public struct Unary: Operator {
  public static let name = "Unary"
  public static let arity = 1...1
  public var function: UnaryFunction

  public init(_ function: UnaryFunction) { self.function = function }

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let element = try operands.element(0)
    guard function.accepts(element) else {
      throw operands.mismatch(expected: "an element type \(function) is defined for", got: "\(element)")
    }
    guard case .tensor(var type) = try operands.type(0) else { throw operands.unresolved("a ranked operand") }
    if function.isPredicate { type.element = .bool }
    return [.tensor(type)]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] {
    guard let value = operands.values.first.flatMap({ $0 })?.tensor,
      let result = try? evaluate([.tensor(value)], EvaluationContext(node: operands.node, resultCount: 1)).first
    else { return [] }
    return [result.tensor.flatMap { SymbolicTensor($0) }]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try context.tensor(operands, 0, for: Self.name)
    let element: ElementType = function.isPredicate ? .bool : x.element
    return [
      .tensor(
        try context.checked(Self.name) { () throws(TensorError) in
          x.element.isFloatingPoint
            ? try Tensor.make(element, x.shape, doubles: x.doubles().map { function($0) })
            : try Tensor.make(element, x.shape, integers: x.integers().map { function.integer($0) })
        })
    ]
  }
}

extension EvaluationContext {
  /// Operand `i` as a tensor; its absence is an error of the graph, not a trap.
  public func tensor(_ operands: [Value?], _ i: Int, for op: String) throws(OperatorError) -> Tensor {
    guard i < operands.count, let value = operands[i], let tensor = value.tensor else {
      throw OperatorError(op: op, node: node, expected: "operand \(i) to be a tensor", got: "nothing")
    }
    return tensor
  }

  public func optionalTensor(_ operands: [Value?], _ i: Int) -> Tensor? {
    i < operands.count ? operands[i]?.tensor : nil
  }

  /// Turns an error about a tensor into one that names this node.
  public func checked<R>(_ op: String, _ body: () throws(TensorError) -> R) throws(OperatorError) -> R {
    do { return try body() } catch {
      throw OperatorError(op: op, node: node, expected: "a representable tensor", got: "\(error)")
    }
  }
}
