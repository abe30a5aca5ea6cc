/// Operand 1 where operand 0 is true, operand 2 elsewhere, all broadcast against each other.
public struct Select: Operator {
  public static let name = "Select"
  public static let arity = 3...3

  public init() {}

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let condition = try operands.tensor(0)
    let (x, y) = (try operands.tensor(1), try operands.tensor(2))
    guard condition.element == .bool, x.element == y.element else {
      throw operands.mismatch(
        expected: "a bool condition and operands of one element type", got: "\(condition), \(x) and \(y)")
    }
    return [.tensor(TensorType(x.element, try operands.broadcast([condition.shape, x.shape, y.shape])))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] {
    guard let condition = operands.values[0], let x = operands.values[1], let y = operands.values[2],
      let shape = Binary.broadcastShape(x.shape, y.shape).flatMap({ Binary.broadcastShape($0, condition.shape) }),
      let count = try? Tensor.elementCount(of: shape), count <= SymbolicTensor.elementLimit
    else { return [] }
    func spread(_ value: SymbolicTensor) -> [Dimension?] {
      Strides.offsets(shape, Strides.broadcasting(value.shape, to: shape)).map { value.elements[$0] }
    }
    let (a, b) = (spread(x), spread(y))
    let elements = spread(condition).enumerated().map { i, isTrue in
      isTrue?.constant.map { $0 != 0 ? a[i] : b[i] } ?? (a[i] == b[i] ? a[i] : nil)
    }
    return [SymbolicTensor(element: x.element, shape: shape, elements: elements)]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let (x, y) = (try operand(operands, 1, context), try operand(operands, 2, context))
    let condition = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    return try result(context) { () throws(TensorError) in
      if try Tensor.referenceCount(x.element, shape) == 0 { return try Tensor.empty(x.element, shape) }
      let flags = condition.bools()
      var offsets = Strides.offsets(shape, Strides.broadcasting(condition.shape, to: shape))
      let left = Strides.offsets(shape, Strides.broadcasting(x.shape, to: shape))
      let right = Strides.offsets(shape, Strides.broadcasting(y.shape, to: shape))
      for i in offsets.indices { offsets[i] = flags[offsets[i]] ? left[i] : x.count + right[i] }
      let both = try Tensor.joined([x, y], outer: 1, shape: [x.count + y.count])
      return try both.gathered([.list(offsets)], shape: shape)
    }
  }
}
