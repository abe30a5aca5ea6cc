/// Gated recurrent unit over a sequence, gates in the order update, reset, hidden.
///
/// Operands: X, W, R, B?, sequence lengths?, initial h?. Results: Y [S, D, N, H] and the last h.
public struct GRU: Operator {
  public static let name = "GRU"
  public static let arity = 3...6
  public var attributes: RecurrentAttributes
  /// Whether the reset gate multiplies `R·h + Rb` rather than `h`.
  public var linearBeforeReset: Bool

  public init(_ attributes: RecurrentAttributes, linearBeforeReset: Bool = false) {
    self.attributes = attributes
    self.linearBeforeReset = linearBeforeReset
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let types = try RecurrentShape(attributes: attributes, gates: 3).resultTypes(operands, states: 5...5)
    return [types.y, types.state]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let types = try concreteResults(operands, context)
    let walk = try RecurrentWalk(attributes, gates: 3, operands, context, op: Self.name)
    var states = [walk.state(operands, 5, context)]
    let y = walk.run(&states) { d, gates, state in step(walk, d, gates, &state[0]) }
    return [
      try context.result(Self.name, types[0], doubles: y),
      try context.result(Self.name, types[1], doubles: states[0]),
    ]
  }

  private func step(_ walk: RecurrentWalk, _ d: Int, _ gates: [Double], _ h: inout [Double]) {
    let size = walk.hidden
    let (forUpdate, forReset) = (walk.recurrent(d, gate: 0, h), walk.recurrent(d, gate: 1, h))
    let update = (0..<size).map { walk.activate(d, 0, perDirection: 2, gates[$0] + forUpdate[$0]) }
    let reset = (0..<size).map { walk.activate(d, 0, perDirection: 2, gates[size + $0] + forReset[$0]) }
    var candidate = walk.recurrent(d, gate: 2, linearBeforeReset ? h : (0..<size).map { reset[$0] * h[$0] })
    if linearBeforeReset { for i in 0..<size { candidate[i] *= reset[i] } }
    for i in 0..<size {
      let hidden = walk.activate(d, 1, perDirection: 2, gates[2 * size + i] + candidate[i])
      h[i] = (1 - update[i]) * hidden + update[i] * h[i]
    }
  }
}
