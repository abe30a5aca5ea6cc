/// What reference kernels share beyond arithmetic: shapes by the operator's own rule, checked indices, symbolic
/// movement.
extension Operator {
  func refusal(_ context: EvaluationContext, expected: String, got: String) -> OperatorError {
    OperatorError(op: Self.name, node: context.node, expected: expected, got: got)
  }

  func operand(_ operands: [Value?], _ i: Int, _ context: EvaluationContext) throws(OperatorError) -> Tensor {
    try context.tensor(operands, i, for: Self.name)
  }

  /// The results' shapes for concrete operands, by `resultTypes`; this also checks the operands.
  func concreteShapes(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [[Int]] {
    let tensors = operands.map { $0?.tensor }
    let known = Operands(
      op: Self.name, node: context.node, types: operands.map { $0?.type },
      values: tensors.map { $0.flatMap { SymbolicTensor($0) } }, constants: tensors, resultCount: context.resultCount)
    var shapes: [[Int]] = []
    for type in try resultTypes(for: known) {
      guard let shape = type.tensor?.shape.constants else {
        throw refusal(context, expected: "operands that determine the result's shape", got: "\(type)")
      }
      shapes.append(shape)
    }
    return shapes
  }

  func concreteShape(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Int] {
    try concreteShapes(operands, context).first ?? []
  }

  /// One result, made by `body`; what is wrong with its tensor becomes an error of this node.
  func result(
    _ context: EvaluationContext, _ body: () throws(TensorError) -> Tensor
  ) throws(OperatorError) -> [Value] {
    [.tensor(try context.checked(Self.name, body))]
  }

  /// `index` counted from the front, checked against `extent`.
  func checkedIndex(_ index: Int, _ extent: Int, _ context: EvaluationContext) throws(OperatorError) -> Int {
    guard index >= -extent, index < extent else {
      throw refusal(context, expected: "an index in \(-extent)..<\(extent)", got: "\(index)")
    }
    return index < 0 ? index + extent : index
  }

  /// Symbolic results of pure data movement: the operator runs on positions in place of the elements of the `data`
  /// operands, which are then looked up. All other operands must be known.
  func movedValues(_ operands: Operands, data: [Int]) -> [SymbolicTensor?] {
    var pool: [Dimension?] = []
    var element: ElementType?
    var inputs: [Value?] = []
    for i in 0..<operands.count {
      guard operands.isPresent(i) else {
        inputs.append(nil)
        continue
      }
      if data.contains(i) {
        guard let value = operands.values[i] else { return [] }
        let positions = Array(pool.count..<pool.count + value.elements.count)
        guard let tensor = try? Tensor.make(.int64, value.shape, integers: positions) else { return [] }
        pool += value.elements
        element = element ?? value.element
        inputs.append(.tensor(tensor))
      } else {
        guard let tensor = operands.constants[i] ?? operands.values[i]?.tensor else { return [] }
        inputs.append(.tensor(tensor))
      }
    }
    guard let element, isSmall(operands) else { return [] }
    let context = EvaluationContext(node: operands.node, resultCount: operands.resultCount)
    guard let results = try? evaluate(inputs, context) else { return [] }
    return results.map { result in
      guard let tensor = result.tensor else { return nil }
      return SymbolicTensor(element: element, shape: tensor.shape, elements: tensor.integers().map { pool[$0] })
    }
  }

  /// True when every result is small enough to be tracked symbolically.
  private func isSmall(_ operands: Operands) -> Bool {
    guard let types = try? resultTypes(for: operands) else { return false }
    return types.allSatisfy { type in
      guard let shape = type.tensor?.shape.constants, let count = try? Tensor.elementCount(of: shape) else {
        return false
      }
      return count <= SymbolicTensor.elementLimit
    }
  }
}

extension Operands {
  /// Elements of an integer vector operand, nil where only run time knows them, when at least its length is known.
  ///
  /// - Throws: When the operand is not an integer tensor of rank 0 or 1, or longer than any shape may be.
  func elements(_ i: Int) throws(OperatorError) -> [Dimension?] {
    let type = try tensor(i)
    guard type.element.isInteger, type.rank <= 1 else {
      throw mismatch(expected: "operand \(i) to be an integer vector", got: "\(type)")
    }
    if i < values.count, let value = values[i] { return value.elements }
    guard let length = type.shape.product.constant else { throw unresolved("operand \(i) of known length") }
    guard length >= 0, length <= SymbolicTensor.elementLimit else {
      throw mismatch(expected: "operand \(i) of at most \(SymbolicTensor.elementLimit) elements", got: "\(length)")
    }
    return Array(repeating: nil, count: length)
  }

  /// Axes counted from the front, each at most once; nil when only run time knows them.
  func axes(_ i: Int, rank: Int) throws(OperatorError) -> [Int]? {
    _ = try elements(i)
    guard let values = integers(i) else { return nil }
    return try distinctAxes(values, rank: rank)
  }

  func distinctAxes(_ values: [Int], rank: Int) throws(OperatorError) -> [Int] {
    var axes: [Int] = []
    for value in values {
      let axis = try axis(value, rank: rank)
      guard !axes.contains(axis) else { throw mismatch(expected: "distinct axes", got: "\(values)") }
      axes.append(axis)
    }
    return axes
  }

  /// `count` extents that only running the node reveals.
  func freshShape(_ label: String, _ count: Int) -> Shape {
    (0..<count).map { freshDimension("\(label)\($0)") }
  }

  /// Checks that operand `i` holds integers.
  func requireInteger(_ i: Int) throws(OperatorError) -> TensorType {
    let type = try tensor(i)
    guard type.element.isInteger else { throw mismatch(expected: "operand \(i) to hold integers", got: "\(type)") }
    return type
  }
}
