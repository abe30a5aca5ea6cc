/// The operand's extents from axis `start` up to axis `end`, as int64.
public struct ShapeOf: Operator {
  public static let name = "Shape"
  public static let arity = 1...1
  public var start: Int
  public var end: Int?

  public init(start: Int = 0, end: Int? = nil) {
    self.start = start
    self.end = end
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let count = range(try operands.tensor(0).rank).count
    return [.tensor(TensorType(.int64, [Dimension(count)]))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] {
    guard let shape = try? operands.tensor(0).shape else { return [] }
    return [SymbolicTensor(shape[range(shape.count)].map { $0 })]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let shape = try operand(operands, 0, context).shape
    return try result(context) { () throws(TensorError) in try Tensor.vector(Array(shape[range(shape.count)])) }
  }

  private func range(_ rank: Int) -> Swift.Range<Int> {
    func clamped(_ axis: Int) -> Int { min(max(axis < 0 ? axis + rank : axis, 0), rank) }
    let first = clamped(start)
    return first..<max(first, end.map(clamped) ?? rank)
  }
}

/// The operand's number of elements, an int64 scalar.
public struct Size: Operator {
  public static let name = "Size"
  public static let arity = 1...1

  public init() {}

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    _ = try operands.type(0)
    return [.tensor(TensorType(.int64, []))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] {
    guard let shape = try? operands.tensor(0).shape else { return [] }
    return [SymbolicTensor(element: .int64, shape: [], elements: [shape.product])]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let count = try operand(operands, 0, context).count
    return try result(context) { () throws(TensorError) in try Tensor.make(.int64, [], integers: [count]) }
  }
}
