/// The attributes that LSTM, GRU and RNN share.
public struct RecurrentAttributes: Hashable, Sendable, Codable {
  public enum Direction: String, Hashable, Sendable, Codable {
    case forward, reverse, bidirectional
  }

  public var hiddenSize: Int
  public var direction: Direction
  /// Activation functions, those of one direction after those of the other.
  public var activations: [UnaryFunction]
  /// Gate inputs are clamped to ±clip; nil for no limit.
  public var clip: Float?
  /// Whether the batch comes before the sequence in X, Y and the states.
  public var isBatchFirst: Bool

  public init(
    hiddenSize: Int, direction: Direction = .forward, activations: [UnaryFunction], clip: Float? = nil,
    isBatchFirst: Bool = false
  ) {
    self.hiddenSize = hiddenSize
    self.direction = direction
    self.activations = activations
    self.clip = clip
    self.isBatchFirst = isBatchFirst
  }

  public var directions: Int { direction == .bidirectional ? 2 : 1 }

  /// Whether direction `d` reads the sequence backwards.
  public func isReversed(_ d: Int) -> Bool { direction == .reverse || d == 1 }
}

/// The checks and the walk over time that LSTM, GRU and RNN share.
///
/// Operands: X [S, N, I], W [D, G·H, I], R [D, G·H, H], then optionally B [D, 2·G·H], sequence lengths [N] and initial
/// states [D, N, H]; with `isBatchFirst` X is [N, S, I] and states are [N, D, H].
struct RecurrentShape {
  let attributes: RecurrentAttributes
  let gates: Int

  func resultTypes(
    _ operands: Operands, states: ClosedRange<Int>
  ) throws(OperatorError) -> (y: ValueType, state: ValueType) {
    let (x, w, r) = (try operands.realTensor(0), try operands.tensor(1), try operands.tensor(2))
    guard x.rank == 3 else { throw operands.mismatch(expected: "X of rank 3", got: "\(x)") }
    try operands.require([attributes.hiddenSize], in: 1...ReferenceLimit.attribute, "hidden size")
    guard attributes.activations.count >= attributes.directions * activationsPerDirection else {
      throw operands.mismatch(
        expected: "\(attributes.directions * activationsPerDirection) activations",
        got: "\(attributes.activations.count)")
    }
    let (d, h) = (Dimension(attributes.directions), Dimension(attributes.hiddenSize))
    let rows = h * Dimension(gates)
    guard w.element == x.element, r.element == x.element else {
      throw operands.mismatch(expected: "weights of type \(x.element)", got: "\(w.element) and \(r.element)")
    }
    try operands.requireOptional(1, x.element, [d, rows, x.shape[2]], "W")
    try operands.requireOptional(2, x.element, [d, rows, h], "R")
    try operands.requireOptional(3, x.element, [d, rows * 2], "B")
    let (steps, batch) = attributes.isBatchFirst ? (x.shape[1], x.shape[0]) : (x.shape[0], x.shape[1])
    try operands.requireOptional(4, nil, [batch], "sequence lengths")
    let state: Shape = attributes.isBatchFirst ? [batch, d, h] : [d, batch, h]
    for i in states { try operands.requireOptional(i, x.element, state, "an initial state") }
    let y: Shape = attributes.isBatchFirst ? [batch, steps, d, h] : [steps, d, batch, h]
    return (.tensor(TensorType(x.element, y)), .tensor(TensorType(x.element, state)))
  }

  /// LSTM has an activation for gates, cell and output, GRU for gates and cell, RNN one.
  var activationsPerDirection: Int { gates == 4 ? 3 : gates == 3 ? 2 : 1 }
}

/// The reference walk: per direction and batch entry a sequence of steps over a state vector.
struct RecurrentWalk {
  let attributes: RecurrentAttributes
  let gates: Int
  let steps: Int
  let batch: Int
  let inputSize: Int
  let x: [Double]
  let w: [Double]
  let r: [Double]
  let b: [Double]?
  let lengths: [Int]

  init(
    _ attributes: RecurrentAttributes, gates: Int, _ operands: [Value?], _ context: EvaluationContext, op: String
  ) throws(OperatorError) {
    self.attributes = attributes
    self.gates = gates
    let input = try context.tensor(operands, 0, for: op)
    steps = input.shape[attributes.isBatchFirst ? 1 : 0]
    batch = input.shape[attributes.isBatchFirst ? 0 : 1]
    inputSize = input.shape[2]
    x = input.doubles()
    w = try context.tensor(operands, 1, for: op).doubles()
    r = try context.tensor(operands, 2, for: op).doubles()
    b = context.optionalTensor(operands, 3)?.doubles()
    let count = steps
    lengths =
      context.optionalTensor(operands, 4)?.integers().map { min(max($0, 0), count) }
      ?? Array(repeating: steps, count: batch)
  }

  var hidden: Int { attributes.hiddenSize }
  var directions: Int { attributes.directions }

  /// Flat index of the first element of a state of direction `d` and batch entry `n`.
  func stateIndex(_ d: Int, _ n: Int) -> Int {
    (attributes.isBatchFirst ? n * directions + d : d * batch + n) * hidden
  }

  private func inputIndex(_ t: Int, _ n: Int) -> Int {
    (attributes.isBatchFirst ? n * steps + t : t * batch + n) * inputSize
  }

  private func outputIndex(_ t: Int, _ d: Int, _ n: Int) -> Int {
    (attributes.isBatchFirst ? (n * steps + t) * directions + d : (t * directions + d) * batch + n) * hidden
  }

  /// Runs `step` over every sequence and returns all outputs; `states` are updated to the last ones.
  ///
  /// `step` gets the direction, the input's part of the gates `W·x + Wb` and the state vectors, the first of which is
  /// the output.
  func run(_ states: inout [[Double]], _ step: (Int, [Double], inout [[Double]]) -> Void) -> [Double] {
    var y = [Double](repeating: 0, count: steps * directions * batch * hidden)
    for d in 0..<directions {
      for n in 0..<batch {
        let at = stateIndex(d, n)
        var current = states.map { Array($0[at..<at + hidden]) }
        for i in 0..<lengths[n] {
          let t = attributes.isReversed(d) ? lengths[n] - 1 - i : i
          step(d, inputGates(d, inputIndex(t, n)), &current)
          let target = outputIndex(t, d, n)
          y.replaceSubrange(target..<target + hidden, with: current[0])
        }
        for k in states.indices { states[k].replaceSubrange(at..<at + hidden, with: current[k]) }
      }
    }
    return y
  }

  /// An initial state, zero when the operand is absent.
  func state(_ operands: [Value?], _ i: Int, _ context: EvaluationContext) -> [Double] {
    context.optionalTensor(operands, i)?.doubles() ?? Array(repeating: 0, count: directions * batch * hidden)
  }

  private func inputGates(_ d: Int, _ source: Int) -> [Double] {
    let rows = gates * hidden
    return (0..<rows).map { row in
      var sum = b?[d * 2 * rows + row] ?? 0
      let weights = (d * rows + row) * inputSize
      for k in 0..<inputSize { sum += w[weights + k] * x[source + k] }
      return sum
    }
  }

  /// `R·h + Rb` for the rows of one gate.
  func recurrent(_ d: Int, gate: Int, _ h: [Double]) -> [Double] {
    let rows = gates * hidden
    return (0..<hidden).map { i in
      let row = gate * hidden + i
      var sum = b?[(d * 2 + 1) * rows + row] ?? 0
      let weights = (d * rows + row) * hidden
      for k in 0..<hidden { sum += r[weights + k] * h[k] }
      return sum
    }
  }

  /// Activation `k` of direction `d` after clipping.
  func activate(_ d: Int, _ k: Int, perDirection: Int, _ value: Double) -> Double {
    attributes.activations[d * perDirection + k](clipped(value))
  }

  func clipped(_ value: Double) -> Double {
    guard let clip = attributes.clip else { return value }
    return Swift.min(Swift.max(value, -Double(clip)), Double(clip))
  }
}
