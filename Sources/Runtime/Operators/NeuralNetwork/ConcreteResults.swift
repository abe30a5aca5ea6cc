extension Operator {
  /// The result types for the very operands of an evaluation: runs every check of the shape rule and gives numbers.
  ///
  /// - Throws: What the shape rule throws, and a refusal of results larger than `ReferenceLimit.elements`.
  func concreteResults(
    _ operands: [Value?], _ context: EvaluationContext
  ) throws(OperatorError) -> [ConcreteType] {
    let described = Operands(
      op: Self.name, node: context.node, types: operands.map { $0?.type },
      values: operands.map { $0?.tensor.flatMap { SymbolicTensor($0) } },
      constants: operands.map { $0?.tensor }, resultCount: context.resultCount)
    for case .tensor(let type)? in described.types { try described.requireCountable(type.shape) }
    var results: [ConcreteType] = []
    for type in try resultTypes(for: described) {
      guard case .tensor(let tensor) = type, let shape = tensor.shape.constants else {
        throw described.mismatch(expected: "results of known shape", got: "\(type)")
      }
      try described.requireCountable(tensor.shape)
      let count = try context.checked(Self.name) { () throws(TensorError) in try Tensor.elementCount(of: shape) }
      guard count <= ReferenceLimit.elements else {
        throw described.mismatch(expected: "results of at most \(ReferenceLimit.elements) elements", got: "\(tensor)")
      }
      results.append(ConcreteType(element: tensor.element, shape: shape, count: count))
    }
    return results
  }
}

/// Element type and extents of one result of an evaluation.
struct ConcreteType {
  let element: ElementType
  let shape: [Int]
  /// Product of the extents.
  let count: Int
}

/// Bounds that keep a hostile model from exhausting the machine or overflowing index arithmetic.
enum ReferenceLimit {
  /// Elements of one result of a reference kernel.
  static let elements = 1 << 30
  /// Magnitude of any integer attribute that enters index arithmetic.
  static let attribute = 1 << 31
  /// Extent of any axis that enters index arithmetic.
  static let extent = 1 << 40
}

extension EvaluationContext {
  /// Wraps `Double`s as a tensor result.
  func result(
    _ op: String, _ type: ConcreteType, doubles: [Double]
  ) throws(OperatorError) -> Value {
    .tensor(
      try checked(op) { () throws(TensorError) in try Tensor.make(type.element, type.shape, doubles: doubles) })
  }

  /// Wraps `Int`s as a tensor result.
  func result(
    _ op: String, _ type: ConcreteType, integers: [Int]
  ) throws(OperatorError) -> Value {
    .tensor(
      try checked(op) { () throws(TensorError) in try Tensor.make(type.element, type.shape, integers: integers) })
  }

  func refusal(_ op: String, expected: String, got: String) -> OperatorError {
    OperatorError(op: op, node: node, expected: expected, got: got)
  }
}

extension Operands {
  /// Refuses shapes whose extents other than zero overflow when multiplied, so that partial products are safe.
  fileprivate func requireCountable(_ shape: Shape) throws(OperatorError) {
    var product = 1
    for extent in shape.compactMap(\.constant) {
      let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow, next <= ReferenceLimit.extent else {
        throw mismatch(expected: "extents whose product is at most \(ReferenceLimit.extent)", got: "\(shape)")
      }
      product = next
    }
  }

  /// Refuses two extents that are known to differ; symbols are taken to agree.
  func requireEqual(_ a: Dimension, _ b: Dimension, _ what: String) throws(OperatorError) {
    if let x = a.constant, let y = b.constant, x != y { throw mismatch(expected: what, got: "\(x) and \(y)") }
  }

  /// Operand `i` with one of the real element types.
  func realTensor(_ i: Int) throws(OperatorError) -> TensorType {
    let type = try tensor(i)
    guard type.element.isFloatingPoint else {
      throw mismatch(expected: "operand \(i) of a floating-point type", got: "\(type)")
    }
    return type
  }

  /// Operand `i`, if present, with element type `element` and the shape `shape`.
  func requireOptional(_ i: Int, _ element: ElementType?, _ shape: Shape, _ what: String) throws(OperatorError) {
    guard let type = try optionalTensor(i) else { return }
    guard type.rank == shape.count, element == nil || type.element == element else {
      throw mismatch(expected: "\(what) of type \(TensorType(element ?? type.element, shape))", got: "\(type)")
    }
    for (a, b) in zip(type.shape, shape) {
      try requireEqual(a, b, "\(what) of type \(TensorType(element ?? type.element, shape))")
    }
  }

  /// Refuses integer attributes outside `range`.
  func require(_ values: [Int], in range: ClosedRange<Int>, _ what: String) throws(OperatorError) {
    for value in values where !range.contains(value) {
      throw mismatch(expected: "\(what) in \(range.lowerBound)...\(range.upperBound)", got: "\(value)")
    }
  }
}
