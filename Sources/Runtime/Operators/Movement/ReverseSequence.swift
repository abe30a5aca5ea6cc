/// The first so many steps of each sequence in reverse, the rest as they are; operand 1 holds the lengths.
public struct ReverseSequence: Operator {
  public static let name = "ReverseSequence"
  public static let arity = 2...2
  /// One of the axes 0 and 1.
  public var timeAxis: Int
  /// The other one.
  public var batchAxis: Int

  public init(timeAxis: Int = 0, batchAxis: Int = 1) {
    self.timeAxis = timeAxis
    self.batchAxis = batchAxis
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let (x, lengths) = (try operands.tensor(0), try operands.requireInteger(1))
    guard x.rank >= 2, Set([timeAxis, batchAxis]) == [0, 1] else {
      throw operands.mismatch(expected: "time and batch on axes 0 and 1", got: "\(timeAxis) and \(batchAxis) of \(x)")
    }
    guard lengths.rank == 1,
      lengths.shape[0].constant == nil || x.shape[batchAxis].constant == nil
        || lengths.shape[0] == x.shape[batchAxis]
    else { throw operands.mismatch(expected: "one length for each sequence", got: "\(lengths) for \(x)") }
    return [.tensor(TensorType(x.element, x.shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    let lengths = try operand(operands, 1, context).integers()
    for length in lengths where length < 0 || length > shape[timeAxis] {
      throw refusal(context, expected: "lengths of 0 to \(shape[timeAxis])", got: "\(length)")
    }
    if x.count == 0 { return [.tensor(x)] }
    let inner = x.count / (shape[0] * shape[1])
    let places = (0..<shape[0] * shape[1]).map { at in
      let (time, batch) = timeAxis == 0 ? (at / shape[1], at % shape[1]) : (at % shape[1], at / shape[1])
      let source = time < lengths[batch] ? lengths[batch] - 1 - time : time
      return (timeAxis == 0 ? source * shape[1] + batch : batch * shape[1] + source) * inner
    }
    return try result(context) { () throws(TensorError) in
      try x.gathered([.list(places), .strided(step: 1, count: inner)], shape: shape)
    }
  }
}
