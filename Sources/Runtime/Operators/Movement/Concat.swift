/// The operands side by side along `axis`.
public struct Concat: Operator {
  public static let name = "Concat"
  public static let arity = 1...Int.max
  public var axis: Int

  public init(axis: Int) { self.axis = axis }

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    var result = try operands.tensor(0)
    let axis = try operands.axis(axis, rank: result.rank)
    var extent = result.shape[axis]
    for i in 1..<max(operands.count, 1) {
      let next = try operands.tensor(i)
      guard next.element == result.element, next.rank == result.rank else {
        throw operands.mismatch(expected: "operands of the element type and rank of \(result)", got: "\(next)")
      }
      for k in 0..<result.rank where k != axis {
        if let a = result.shape[k].constant, let b = next.shape[k].constant, a != b {
          throw operands.mismatch(expected: "extents that agree outside axis \(axis)", got: "\(result) and \(next)")
        }
        if next.shape[k].constant != nil { result.shape[k] = next.shape[k] }
      }
      extent = extent + next.shape[axis]
    }
    result.shape[axis] = extent
    return [.tensor(TensorType(result.element, result.shape))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] {
    let element = operands.types.first.flatMap { $0?.element }
    // An operand whose elements are unknown leaves the others known.
    var known = operands
    for i in known.values.indices where known.values[i] == nil {
      guard let element, element.isInteger, let shape = known.types[i]?.tensor?.shape.constants,
        let count = try? Tensor.elementCount(of: shape), count <= SymbolicTensor.elementLimit
      else { return [] }
      known.values[i] = SymbolicTensor(element: element, shape: shape, elements: Array(repeating: nil, count: count))
    }
    return movedValues(known, data: Array(0..<known.count))
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let shape = try concreteShape(operands, context)
    let parts = operands.compactMap { $0?.tensor }
    let axis = axis < 0 ? axis + shape.count : axis
    let outer = shape[..<axis].contains(0) ? 0 : shape[..<axis].reduce(1, *)
    return try result(context) { () throws(TensorError) in try Tensor.joined(parts, outer: outer, shape: shape) }
  }
}
