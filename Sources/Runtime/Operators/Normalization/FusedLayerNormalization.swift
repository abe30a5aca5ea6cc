/// Layer or RMS normalization of `x + residual` over the axes from `axis` on, scaled and shifted.
///
/// Operands: X, optional residual of X's shape, scale, optional bias. Results: the normalized tensor and the sum.
public struct FusedLayerNormalization: Operator {
  public enum Kind: String, Hashable, Sendable, Codable {
    case layer, rms
  }

  public static let name = "FusedLayerNormalization"
  public static let arity = 3...4
  public var axis: Int
  public var epsilon: Float
  public var kind: Kind

  public init(axis: Int = -1, epsilon: Float = 1e-5, kind: Kind = .layer) {
    self.axis = axis
    self.epsilon = epsilon
    self.kind = kind
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    _ = try operands.axis(axis, rank: x.rank)
    try operands.requireOptional(1, x.element, x.shape, "a residual")
    _ = try operands.tensor(2)
    try operands.requireBroadcast(2, into: x, "a scale")
    try operands.requireBroadcast(3, into: x, "a bias")
    let result = ValueType.tensor(TensorType(x.element, x.shape))
    return [result, result]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let types = try concreteResults(operands, context)
    var y = try context.tensor(operands, 0, for: Self.name).doubles()
    if let residual = context.optionalTensor(operands, 1)?.doubles() { for i in y.indices { y[i] += residual[i] } }
    let sum = y
    let shape = types[0].shape
    let first = axis < 0 ? axis + shape.count : axis
    var rows = RowNormalization(isCentered: kind == .layer, epsilon: epsilon)
    rows.run(&y, rows: y.isEmpty ? 0 : shape[..<first].reduce(1, *))
    if let scale = context.broadcast(operands, 2, to: shape) { for i in y.indices { y[i] *= scale[i] } }
    if let bias = context.broadcast(operands, 3, to: shape) { for i in y.indices { y[i] += bias[i] } }
    let result = try context.result(Self.name, types[0], doubles: y)
    return context.resultCount > 1 ? [result, try context.result(Self.name, types[1], doubles: sum)] : [result]
  }
}
