/// Axis `i` of the result is axis `permutation[i]` of the operand; nil reverses all axes.
public struct Transpose: Operator {
  public static let name = "Transpose"
  public static let arity = 1...1
  public var permutation: [Int]?

  public init(permutation: [Int]? = nil) { self.permutation = permutation }

  public var layoutPolicy: LayoutPolicy { .readsAny }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    let order = order(rank: x.rank)
    guard order.count == x.rank, Set(order) == Set(0..<x.rank) else {
      throw operands.mismatch(expected: "a permutation of \(x.rank) axes", got: "\(order)")
    }
    return [.tensor(TensorType(x.element, order.map { x.shape[$0] }))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] { movedValues(operands, data: [0]) }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    let axes = x.axisSources
    let order = order(rank: axes.count)
    return try result(context) { () throws(TensorError) in try x.gathered(order.map { axes[$0] }, shape: shape) }
  }

  /// The operand's axes in the result's order.
  public func order(rank: Int) -> [Int] { permutation ?? Array((0..<rank).reversed()) }
}
