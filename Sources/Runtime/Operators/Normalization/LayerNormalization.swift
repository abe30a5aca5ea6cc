/// Normalizes over the axes from `axis` on, then scales and shifts.
///
/// Operands: X, scale, optional bias, both broadcast to X. Results: Y, mean, inverse standard deviation.
public struct LayerNormalization: Operator {
  public static let name = "LayerNormalization"
  public static let arity = 2...3
  public var axis: Int
  public var epsilon: Float
  /// Element type of the second and third result.
  public var stashType: ElementType

  public init(axis: Int = -1, epsilon: Float = 1e-5, stashType: ElementType = .float32) {
    self.axis = axis
    self.epsilon = epsilon
    self.stashType = stashType
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    let axis = try operands.axis(axis, rank: x.rank)
    guard stashType.isFloatingPoint else {
      throw operands.mismatch(expected: "a floating-point stash type", got: "\(stashType)")
    }
    _ = try operands.tensor(1)
    try operands.requireBroadcast(1, into: TensorType(try operands.element(1), x.shape), "a scale")
    try operands.requireBroadcast(2, into: TensorType(try operands.element(1), x.shape), "a bias")
    let moments = ValueType.tensor(
      TensorType(stashType, Shape(x.shape[..<axis]) + Shape(repeating: 1, count: x.rank - axis)))
    return [.tensor(TensorType(x.element, x.shape)), moments, moments]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let types = try concreteResults(operands, context)
    var y = try context.tensor(operands, 0, for: Self.name).doubles()
    var rows = RowNormalization(isCentered: true, epsilon: epsilon)
    rows.run(&y, rows: types[1].count)
    if let scale = context.broadcast(operands, 1, to: types[0].shape) { for i in y.indices { y[i] *= scale[i] } }
    if let bias = context.broadcast(operands, 2, to: types[0].shape) { for i in y.indices { y[i] += bias[i] } }
    var results = [try context.result(Self.name, types[0], doubles: y)]
    if context.resultCount > 1 { results.append(try context.result(Self.name, types[1], doubles: rows.means)) }
    if context.resultCount > 2 {
      results.append(try context.result(Self.name, types[2], doubles: rows.inverseDeviations))
    }
    return results
  }
}

/// Divides by the root of the mean square over the axes from `axis` on, then scales. Operands: X, scale broadcast to X.
public struct RMSNormalization: Operator {
  public static let name = "RMSNormalization"
  public static let arity = 2...2
  public var axis: Int
  public var epsilon: Float

  public init(axis: Int = -1, epsilon: Float = 1e-5) {
    self.axis = axis
    self.epsilon = epsilon
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    _ = try operands.axis(axis, rank: x.rank)
    let scale = try operands.realTensor(1)
    try operands.requireBroadcast(1, into: TensorType(scale.element, x.shape), "a scale")
    return [.tensor(TensorType(scale.element, x.shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    var y = try context.tensor(operands, 0, for: Self.name).doubles()
    let first = axis < 0 ? axis + type.shape.count : axis
    var rows = RowNormalization(isCentered: false, epsilon: epsilon)
    rows.run(&y, rows: type.count == 0 ? 0 : type.shape[..<first].reduce(1, *))
    if let scale = context.broadcast(operands, 1, to: type.shape) { for i in y.indices { y[i] *= scale[i] } }
    return [try context.result(Self.name, type, doubles: y)]
  }
}
