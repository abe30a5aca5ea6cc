/// Numbers from operand 0, in steps of operand 2, up to but not including operand 1.
public struct NumericRange: Operator {
  public static let name = "Range"
  public static let arity = 3...3

  public init() {}

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let element = try operands.element(0)
    guard element.isInteger || element.isFloatingPoint else {
      throw operands.mismatch(expected: "numbers", got: "\(element)")
    }
    for i in 0..<3 {
      guard try operands.element(i) == element else {
        throw operands.mismatch(expected: "operands of type \(element)", got: "\(try operands.element(i))")
      }
      if case .tensor(let type) = try operands.type(i), type.shape.product.constant.map({ $0 != 1 }) ?? false {
        throw operands.mismatch(expected: "operand \(i) to be a scalar", got: "\(type)")
      }
    }
    return [.tensor(TensorType(element, [try count(operands)]))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] {
    guard let count = (try? count(operands))?.constant, count <= SymbolicTensor.elementLimit,
      let element = try? operands.element(0), element.isInteger,
      let start = operands.dimensions(0)?.first, let delta = operands.dimensions(2)?.first
    else { return [] }
    return [
      SymbolicTensor(element: element, shape: [count], elements: (0..<count).map { start + delta * Dimension($0) })
    ]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let shape = try concreteShape(operands, context)
    let (start, delta) = (try operand(operands, 0, context), try operand(operands, 2, context))
    return try result(context) { () throws(TensorError) in
      let count = try Tensor.referenceCount(start.element, shape)
      if start.element.isInteger {
        let (first, step) = (start.integers()[0], delta.integers()[0])
        return try Tensor.make(start.element, shape, integers: (0..<count).map { first &+ $0 &* step })
      }
      let (first, step) = (start.doubles()[0], delta.doubles()[0])
      return try Tensor.make(start.element, shape, doubles: (0..<count).map { first + Double($0) * step })
    }
  }

  private func count(_ operands: Operands) throws(OperatorError) -> Dimension {
    if let bounds = constantBounds(operands) { return Dimension(try count(bounds, operands)) }
    guard let start = operands.dimensions(0)?.first, let limit = operands.dimensions(1)?.first,
      let step = operands.dimensions(2)?.first?.constant
    else { return operands.freshDimension("count") }
    if let (a, b) = { () -> (Int, Int)? in start.constant.flatMap { a in limit.constant.map { (a, $0) } } }() {
      return Dimension(try integerCount(a, b, step, operands))
    }
    guard step > 0 else { return operands.freshDimension("count") }
    if let span = (limit - start).constant { return Dimension(span > 0 ? (span - 1) / step + 1 : 0) }
    return (limit - start).ceilDivided(by: step)
  }

  private func constantBounds(_ operands: Operands) -> [Tensor]? {
    let bounds = (0..<3).compactMap { operands.constant($0) }
    return bounds.count == 3 && bounds.allSatisfy { $0.count == 1 } ? bounds : nil
  }

  private func count(_ bounds: [Tensor], _ operands: Operands) throws(OperatorError) -> Int {
    if bounds[0].element.isInteger {
      return try integerCount(bounds[0].integers()[0], bounds[1].integers()[0], bounds[2].integers()[0], operands)
    }
    let (start, limit, step) = (bounds[0].doubles()[0], bounds[1].doubles()[0], bounds[2].doubles()[0])
    let count = ((limit - start) / step).rounded(.up)
    guard step != 0, count < Double(Tensor.referenceLimit) else {
      throw operands.mismatch(expected: "a finite number of steps", got: "\(start) to \(limit) by \(step)")
    }
    return count > 0 ? Int(count) : 0
  }

  private func integerCount(_ start: Int, _ limit: Int, _ step: Int, _ operands: Operands) throws(OperatorError) -> Int
  {
    let (span, overflow) = limit.subtractingReportingOverflow(start)
    guard step != 0, !overflow else {
      throw operands.mismatch(expected: "a finite number of steps", got: "\(start) to \(limit) by \(step)")
    }
    guard span != 0, (span > 0) == (step > 0) else { return 0 }
    let last = (span.magnitude - 1) / step.magnitude
    guard last < UInt(Tensor.referenceLimit) else {
      throw operands.mismatch(
        expected: "at most \(Tensor.referenceLimit) steps", got: "\(start) to \(limit) by \(step)")
    }
    return Int(last) + 1
  }
}
