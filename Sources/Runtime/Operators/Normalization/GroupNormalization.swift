/// Normalizes each group of channels of each image, then scales and shifts per channel.
///
/// Operands: X [N, C, D…], scale [C], bias [C].
public struct GroupNormalization: Operator {
  public static let name = "GroupNormalization"
  public static let arity = 3...3
  public var epsilon: Float
  public var groups: Int

  public init(groups: Int, epsilon: Float = 1e-5) {
    self.epsilon = epsilon
    self.groups = groups
  }

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try checkChannelParameters(operands)
    try operands.require([groups], in: 1...ReferenceLimit.attribute, "groups")
    if let channels = x.shape[1].constant, channels % groups != 0 {
      throw operands.mismatch(expected: "channels divisible by \(groups) groups", got: "\(channels)")
    }
    return [.tensor(TensorType(x.element, x.shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    return [try normalizeGroups(operands, context, type, groups: groups, epsilon: epsilon)]
  }
}

/// Normalizes each channel of each image, then scales and shifts per channel.
///
/// Operands: X [N, C, D…], scale [C], bias [C].
public struct InstanceNormalization: Operator {
  public static let name = "InstanceNormalization"
  public static let arity = 3...3
  public var epsilon: Float

  public init(epsilon: Float = 1e-5) { self.epsilon = epsilon }

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try checkChannelParameters(operands)
    return [.tensor(TensorType(x.element, x.shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    return [try normalizeGroups(operands, context, type, groups: type.shape[1], epsilon: epsilon)]
  }
}

extension Operator {
  /// Checks X [N, C, D…], scale [C] and bias [C].
  fileprivate func checkChannelParameters(_ operands: Operands) throws(OperatorError) -> TensorType {
    let x = try operands.realTensor(0)
    guard x.rank >= 2 else { throw operands.mismatch(expected: "an operand of rank 2 or more", got: "\(x)") }
    for i in 1..<3 {
      _ = try operands.realTensor(i)
      try operands.requireOptional(i, x.element, [x.shape[1]], "a parameter per channel")
    }
    return x
  }

  fileprivate func normalizeGroups(
    _ operands: [Value?], _ context: EvaluationContext, _ type: ConcreteType, groups: Int, epsilon: Float
  ) throws(OperatorError) -> Value {
    let scale = try context.tensor(operands, 1, for: Self.name).doubles()
    let bias = try context.tensor(operands, 2, for: Self.name).doubles()
    var y = try context.tensor(operands, 0, for: Self.name).doubles()
    guard !y.isEmpty else { return try context.result(Self.name, type, doubles: y) }
    let channels = type.shape[1]
    let spatial = type.shape[2...].reduce(1, *)
    let size = channels / groups * spatial
    for base in stride(from: 0, to: y.count, by: size) {
      let (mean, variance) = moments(y[base..<base + size])
      let factor = 1 / (variance + Double(epsilon)).squareRoot()
      for i in base..<base + size {
        let c = i / spatial % channels
        y[i] = (y[i] - mean) * factor * scale[c] + bias[c]
      }
    }
    return try context.result(Self.name, type, doubles: y)
  }
}
