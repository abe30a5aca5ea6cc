/// `(x − mean) / √(variance + ε) · scale + bias` per channel.
///
/// Operands: X [N, C, D…], scale, bias, mean and variance [C]. In training mode the statistics are those of X, and the
/// second and third result are the running ones: `old · momentum + own · (1 − momentum)`.
public struct BatchNormalization: Operator {
  public static let name = "BatchNormalization"
  public static let arity = 5...5
  public var epsilon: Float
  public var momentum: Float
  public var isTraining: Bool

  public init(epsilon: Float = 1e-5, momentum: Float = 0.9, isTraining: Bool = false) {
    self.epsilon = epsilon
    self.momentum = momentum
    self.isTraining = isTraining
  }

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    guard x.rank >= 1 else { throw operands.mismatch(expected: "an operand of rank 1 or more", got: "\(x)") }
    let channels = x.rank > 1 ? x.shape[1] : 1
    for i in 1..<5 {
      let parameter = try operands.realTensor(i)
      try operands.requireOptional(i, parameter.element, [channels], "a parameter per channel")
    }
    let result = ValueType.tensor(TensorType(x.element, x.shape))
    guard isTraining else { return [result] }
    return [result] + [3, 4].map { i in .tensor(TensorType(operands.types[i]?.element ?? x.element, [channels])) }
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let types = try concreteResults(operands, context)
    var y = try context.tensor(operands, 0, for: Self.name).doubles()
    var parameters: [[Double]] = []
    for i in 1..<5 { parameters.append(try context.tensor(operands, i, for: Self.name).doubles()) }
    let shape = types[0].shape
    let spatial = shape.dropFirst(2).reduce(1, *)
    let channels = shape.count > 1 ? shape[1] : 1
    let running = isTraining ? statistics(y, channels, spatial) : (mean: parameters[2], variance: parameters[3])
    for i in y.indices {
      let c = i / spatial % channels
      let factor = parameters[0][c] / (running.variance[c] + Double(epsilon)).squareRoot()
      y[i] = (y[i] - running.mean[c]) * factor + parameters[1][c]
    }
    var results = [try context.result(Self.name, types[0], doubles: y)]
    guard isTraining else { return results }
    for (k, own) in [running.mean, running.variance].enumerated() {
      let mixed = zip(parameters[2 + k], own).map { $0 * Double(momentum) + $1 * Double(1 - momentum) }
      results.append(try context.result(Self.name, types[1 + k], doubles: mixed))
    }
    return results
  }

  /// Mean and variance of each channel over images and space.
  private func statistics(_ x: [Double], _ channels: Int, _ spatial: Int) -> (mean: [Double], variance: [Double]) {
    var lines = [[Double]](repeating: [], count: channels)
    for i in x.indices { lines[i / spatial % channels].append(x[i]) }
    let all = lines.map { moments($0) }
    return (all.map(\.mean), all.map(\.variance))
  }
}
