#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How the losses of a batch become one.
public enum LossReduction: String, Hashable, Sendable, Codable {
  case none, sum, mean
}

/// Minus the log probability of each target class. Operands: X [N, C, D…], targets [N, D…], optional class weights [C].
///
/// The mean is over the weights of the targets.
public struct NegativeLogLikelihoodLoss: Operator {
  public static let name = "NegativeLogLikelihoodLoss"
  public static let arity = 2...3
  public var reduction: LossReduction
  /// Targets of this class do not count.
  public var ignoreIndex: Int?

  public init(reduction: LossReduction = .mean, ignoreIndex: Int? = nil) {
    self.reduction = reduction
    self.ignoreIndex = ignoreIndex
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    [try lossType(operands, reduction)]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name).doubles()
    return [try loss(x, operands, context, type, reduction, ignoreIndex)]
  }
}

/// The negative log likelihood of softmax probabilities. Operands as for `NegativeLogLikelihoodLoss`, X being scores.
///
/// Results: the loss and the log probabilities.
public struct SoftmaxCrossEntropyLoss: Operator {
  public static let name = "SoftmaxCrossEntropyLoss"
  public static let arity = 2...3
  public var reduction: LossReduction
  /// Targets of this class do not count.
  public var ignoreIndex: Int?

  public init(reduction: LossReduction = .mean, ignoreIndex: Int? = nil) {
    self.reduction = reduction
    self.ignoreIndex = ignoreIndex
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    return [try lossType(operands, reduction), .tensor(TensorType(x.element, x.shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let types = try concreteResults(operands, context)
    let x = try context.tensor(operands, 0, for: Self.name)
    let probabilities = AxisView(x.shape, axis: 1).mapLines(x.doubles()) { line in
      let top = line.max() ?? 0
      let shift = top + log(line.reduce(0) { $0 + exp($1 - top) })
      for i in line.indices { line[i] -= shift }
    }
    let loss = try loss(probabilities, operands, context, types[0], reduction, ignoreIndex)
    return [loss, try context.result(Self.name, types[1], doubles: probabilities)]
  }
}

extension Operator {
  fileprivate func lossType(_ operands: Operands, _ reduction: LossReduction) throws(OperatorError) -> ValueType {
    let (x, targets) = (try operands.realTensor(0), try operands.tensor(1))
    guard x.rank >= 2, targets.element.isInteger else {
      throw operands.mismatch(expected: "scores of rank 2 or more and integer targets", got: "\(x) and \(targets)")
    }
    let shape = [x.shape[0]] + x.shape[2...]
    try operands.requireOptional(1, nil, shape, "a target per place")
    try operands.requireOptional(2, x.element, [x.shape[1]], "a weight per class")
    return .tensor(TensorType(x.element, reduction == .none ? shape : []))
  }

  fileprivate func loss(
    _ x: [Double], _ operands: [Value?], _ context: EvaluationContext, _ type: ConcreteType,
    _ reduction: LossReduction, _ ignored: Int?
  ) throws(OperatorError) -> Value {
    let shape = try context.tensor(operands, 0, for: Self.name).shape
    let targets = try context.tensor(operands, 1, for: Self.name).integers()
    let weights = context.optionalTensor(operands, 2)?.doubles()
    let (classes, places) = (shape[1], shape[2...].reduce(1, *))
    var losses: [Double] = []
    var total = 0.0
    for (i, target) in targets.enumerated() {
      guard target != ignored else {
        losses.append(0)
        continue
      }
      guard (0..<classes).contains(target) else {
        throw context.refusal(Self.name, expected: "targets in 0..<\(classes)", got: "\(target)")
      }
      let weight = weights?[target] ?? 1
      losses.append(-weight * x[(i / places * classes + target) * places + i % places])
      total += weight
    }
    switch reduction {
    case .none: return try context.result(Self.name, type, doubles: losses)
    case .sum: return try context.result(Self.name, type, doubles: [losses.reduce(0, +)])
    case .mean: return try context.result(Self.name, type, doubles: [losses.reduce(0, +) / total])
    }
  }
}
