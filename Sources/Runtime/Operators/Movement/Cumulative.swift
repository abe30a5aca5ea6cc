/// Running sums along the axis that operand 1 names.
public struct CumSum: Operator {
  public static let name = "CumSum"
  public static let arity = 2...2
  /// Element `i` is left out of result `i`.
  public var exclusive: Bool
  /// Runs from the end.
  public var reverse: Bool

  public init(exclusive: Bool = false, reverse: Bool = false) {
    self.exclusive = exclusive
    self.reverse = reverse
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    try operands.cumulativeTypes()
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    try accumulated(operands, context, .add, start: 0, exclusive: exclusive, reverse: reverse)
  }
}

/// Running products along the axis that operand 1 names.
public struct CumProd: Operator {
  public static let name = "CumProd"
  public static let arity = 2...2
  /// Element `i` is left out of result `i`.
  public var exclusive: Bool
  /// Runs from the end.
  public var reverse: Bool

  public init(exclusive: Bool = false, reverse: Bool = false) {
    self.exclusive = exclusive
    self.reverse = reverse
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    try operands.cumulativeTypes()
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    try accumulated(operands, context, .mul, start: 1, exclusive: exclusive, reverse: reverse)
  }
}

extension Operands {
  fileprivate func cumulativeTypes() throws(OperatorError) -> [ValueType] {
    let x = try tensor(0)
    let axis = try requireInteger(1)
    guard x.element.isInteger || x.element.isFloatingPoint, axis.shape.product.constant ?? 1 == 1 else {
      throw mismatch(expected: "numbers and one axis", got: "\(x) and \(axis)")
    }
    if let value = integers(1)?.first { _ = try self.axis(value, rank: x.rank) }
    return [.tensor(TensorType(x.element, x.shape))]
  }
}

extension Operator {
  fileprivate func accumulated(
    _ operands: [Value?], _ context: EvaluationContext, _ function: BinaryFunction, start: Int, exclusive: Bool,
    reverse: Bool
  ) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    _ = try concreteShape(operands, context)
    let axis = try operand(operands, 1, context).integers().first ?? 0
    let lanes = Lanes(x.shape, axis: axis)
    func scan<T>(_ values: [T], _ start: T, _ combine: (T, T) -> T) -> [T] {
      var result = values
      for first in lanes.firsts {
        var total = start
        for at in reverse ? lanes.offsets(first).reversed() : lanes.offsets(first) {
          let next = combine(total, values[at])
          result[at] = exclusive ? total : next
          total = next
        }
      }
      return result
    }
    return try result(context) { () throws(TensorError) in
      x.element.isFloatingPoint
        ? try Tensor.make(x.element, x.shape, doubles: scan(x.doubles(), Double(start)) { function($0, $1) })
        : try Tensor.make(x.element, x.shape, integers: scan(x.integers(), start) { function.integer($0, $1) })
    }
  }
}
