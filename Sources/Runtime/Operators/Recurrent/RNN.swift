/// A plain recurrence over a sequence: `h = f(W·x + Wb + R·h + Rb)`.
///
/// Operands: X, W, R, B?, sequence lengths?, initial h?. Results: Y [S, D, N, H] and the last h.
public struct RNN: Operator {
  public static let name = "RNN"
  public static let arity = 3...6
  public var attributes: RecurrentAttributes

  public init(_ attributes: RecurrentAttributes) { self.attributes = attributes }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let types = try RecurrentShape(attributes: attributes, gates: 1).resultTypes(operands, states: 5...5)
    return [types.y, types.state]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let types = try concreteResults(operands, context)
    let walk = try RecurrentWalk(attributes, gates: 1, operands, context, op: Self.name)
    var states = [walk.state(operands, 5, context)]
    let y = walk.run(&states) { d, gates, state in
      let recurrent = walk.recurrent(d, gate: 0, state[0])
      for i in 0..<walk.hidden {
        state[0][i] = walk.activate(d, 0, perDirection: 1, gates[i] + recurrent[i])
      }
    }
    return [
      try context.result(Self.name, types[0], doubles: y),
      try context.result(Self.name, types[1], doubles: states[0]),
    ]
  }
}
