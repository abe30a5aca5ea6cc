/// For each index of operand 0, a vector along a new `axis` that holds the second of operand 2's two values at the
/// index and the first elsewhere; operand 1 is the vector's length.
public struct OneHot: Operator {
  public static let name = "OneHot"
  public static let arity = 3...3
  public var axis: Int

  public init(axis: Int = -1) { self.axis = axis }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let (indices, values) = (try operands.tensor(0), try operands.tensor(2))
    let depth = try operands.tensor(1)
    guard indices.element != .string, depth.element != .string, depth.shape.product.constant ?? 1 == 1 else {
      throw operands.mismatch(expected: "numeric indices and one depth", got: "\(indices) and \(depth)")
    }
    guard values.rank == 1, values.shape[0].constant ?? 2 == 2 else {
      throw operands.mismatch(expected: "two values, off and on", got: "\(values)")
    }
    let axis = try operands.axis(axis, rank: indices.rank + 1)
    var shape = indices.shape
    let extent = operands.constant(1)?.integers().first.map { Dimension($0) } ?? operands.dimensions(1)?.first
    if let extent = extent?.constant, extent < 0 {
      throw operands.mismatch(expected: "a depth of 0 and above", got: "\(extent)")
    }
    shape.insert(extent ?? operands.freshDimension("depth"), at: axis)
    return [.tensor(TensorType(values.element, shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let (indices, values) = (try operand(operands, 0, context), try operand(operands, 2, context))
    let shape = try concreteShape(operands, context)
    return try result(context) { () throws(TensorError) in
      let count = try Tensor.referenceCount(values.element, shape)
      if count == 0 { return try Tensor.empty(values.element, shape) }
      let axis = axis < 0 ? axis + shape.count : axis
      let (depth, inner) = (shape[axis], shape[(axis + 1)...].reduce(1, *))
      var choice = [Int](repeating: 0, count: count)
      for (i, index) in indices.integers().enumerated() {
        let hot = index < 0 ? index + depth : index
        if hot >= 0 && hot < depth { choice[i / inner * inner * depth + hot * inner + i % inner] = 1 }
      }
      return try values.gathered([.list(choice)], shape: shape)
    }
  }
}
