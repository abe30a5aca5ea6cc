import MassRuntime

/// Small words for patterns about arithmetic.
extension GraphView {
  /// Node `i` if it is this binary function: its operands in order.
  func binary(_ i: Int?, _ function: BinaryFunction) -> (a: ValueID, b: ValueID)? {
    guard let i, let op = op(i, as: Binary.self), op.function == function,
      let a = input(i, 0), let b = input(i, 1)
    else { return nil }
    return (a, b)
  }

  /// A binary node with a one-element constant on either side: the other operand and the number.
  func binaryWithScalar(_ i: Int?, _ function: BinaryFunction) -> (x: ValueID, scalar: Double)? {
    guard let (a, b) = binary(i, function) else { return nil }
    if let value = scalar(b) { return (a, value) }
    if function.isCommutative, let value = scalar(a) { return (b, value) }
    return nil
  }

  /// The producer of `id` if it is this unary function.
  func unary(_ id: ValueID?, _ function: UnaryFunction) -> (index: Int, x: ValueID)? {
    guard let (i, op) = producer(id, as: Unary.self), op.function == function, let x = input(i, 0) else { return nil }
    return (i, x)
  }

  /// For a commutative node, the two orders of its operands.
  func orders(_ i: Int, _ function: BinaryFunction) -> [(ValueID, ValueID)] {
    guard let (a, b) = binary(i, function) else { return [] }
    return function.isCommutative ? [(a, b), (b, a)] : [(a, b)]
  }

  func isFloat32(_ id: ValueID?) -> Bool { type(id)?.element == .float32 }

  func isClose(_ value: Double?, _ expected: Double, tolerance: Double = 1e-3) -> Bool {
    value.map { abs($0 - expected) <= tolerance * abs(expected) } ?? false
  }
}
