/// Long short-term memory over a sequence, gates in the order input, output, forget, cell.
///
/// Operands: X, W, R, B?, sequence lengths?, initial h?, initial c?, peepholes P [D, 3·H]? (input, output, forget).
/// Results: Y [S, D, N, H], the last h and the last c.
public struct LSTM: Operator {
  public static let name = "LSTM"
  public static let arity = 3...8
  public var attributes: RecurrentAttributes
  /// Whether the forget gate is one minus the input gate.
  public var couplesInputAndForget: Bool

  public init(_ attributes: RecurrentAttributes, couplesInputAndForget: Bool = false) {
    self.attributes = attributes
    self.couplesInputAndForget = couplesInputAndForget
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let types = try RecurrentShape(attributes: attributes, gates: 4).resultTypes(operands, states: 5...6)
    let peepholes = [Dimension(attributes.directions), Dimension(attributes.hiddenSize) * 3]
    try operands.requireOptional(7, try operands.element(0), peepholes, "P")
    return [types.y, types.state, types.state]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let types = try concreteResults(operands, context)
    let walk = try RecurrentWalk(attributes, gates: 4, operands, context, op: Self.name)
    let peepholes =
      context.optionalTensor(operands, 7)?.doubles()
      ?? Array(repeating: 0, count: attributes.directions * 3 * attributes.hiddenSize)
    var states = [walk.state(operands, 5, context), walk.state(operands, 6, context)]
    let y = walk.run(&states) { d, gates, state in step(walk, d, gates, peepholes, &state) }
    return [
      try context.result(Self.name, types[0], doubles: y),
      try context.result(Self.name, types[1], doubles: states[0]),
      try context.result(Self.name, types[2], doubles: states[1]),
    ]
  }

  private func step(
    _ walk: RecurrentWalk, _ d: Int, _ gates: [Double], _ peepholes: [Double], _ state: inout [[Double]]
  ) {
    let size = walk.hidden
    let recurrent = (0..<4).map { walk.recurrent(d, gate: $0, state[0]) }
    for i in 0..<size {
      let c = state[1][i]
      let p = (0..<3).map { peepholes[(d * 3 + $0) * size + i] }
      let input = walk.activate(d, 0, perDirection: 3, gates[i] + recurrent[0][i] + p[0] * c)
      let forget =
        couplesInputAndForget
        ? 1 - input : walk.activate(d, 0, perDirection: 3, gates[2 * size + i] + recurrent[2][i] + p[2] * c)
      let cell = walk.activate(d, 1, perDirection: 3, gates[3 * size + i] + recurrent[3][i])
      let next = forget * c + input * cell
      let output = walk.activate(d, 0, perDirection: 3, gates[size + i] + recurrent[1][i] + p[1] * next)
      state[1][i] = next
      state[0][i] = output * attributes.activations[d * 3 + 2](next)
    }
  }
}
