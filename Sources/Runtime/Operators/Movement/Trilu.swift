/// The matrices of the last two axes with what lies below (or, unless `isUpper`, above) a diagonal set to zero.
///
/// Operand 1, if present, says how far right of the main diagonal the diagonal lies.
public struct Trilu: Operator {
  public static let name = "Trilu"
  public static let arity = 1...2
  public var isUpper: Bool

  public init(isUpper: Bool = true) { self.isUpper = isUpper }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    guard x.rank >= 2 else { throw operands.mismatch(expected: "matrices", got: "\(x)") }
    if operands.isPresent(1) {
      let k = try operands.requireInteger(1)
      guard k.shape.product.constant ?? 1 == 1 else { throw operands.mismatch(expected: "one diagonal", got: "\(k)") }
    }
    return [.tensor(TensorType(x.element, x.shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    if x.count == 0 { return [.tensor(x)] }
    let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
    let given = context.optionalTensor(operands, 1)?.integers().first ?? 0
    let k = min(max(given, -rows), columns)
    let places = (0..<rows * columns).map { at in
      let right = at % columns - at / columns
      return (isUpper ? right >= k : right <= k) ? at : -1
    }
    let sources = [.strided(step: rows * columns, count: x.count / (rows * columns)), AxisSource.list(places)]
    return try result(context) { () throws(TensorError) in try x.gathered(sources, shape: shape) }
  }
}

/// A matrix of the operand's shape with ones on the diagonal `k` places right of the main one.
public struct EyeLike: Operator {
  public static let name = "EyeLike"
  public static let arity = 1...1
  /// nil for the operand's.
  public var element: ElementType?
  public var k: Int

  public init(element: ElementType? = nil, k: Int = 0) {
    self.element = element
    self.k = k
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    let element = element ?? x.element
    guard x.rank == 2, element != .string, element.domain != .complex else {
      throw operands.mismatch(expected: "a matrix of numbers", got: "\(x)")
    }
    return [.tensor(TensorType(element, x.shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    return try result(context) { () throws(TensorError) in
      let count = try Tensor.referenceCount(element ?? x.element, shape)
      var values = [Int](repeating: 0, count: count)
      for i in count > 0 ? 0..<shape[0] : 0..<0 {
        let (column, overflow) = i.addingReportingOverflow(k)
        if !overflow, column >= 0, column < shape[1] { values[i * shape[1] + column] = 1 }
      }
      return try Tensor.make(element ?? x.element, shape, integers: values)
    }
  }
}
