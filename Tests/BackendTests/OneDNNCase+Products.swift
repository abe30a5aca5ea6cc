import MassRuntime
import OperatorCases

extension OneDNNCase {
  /// A product of two shapes, the right one computed and constant.
  private static func product(
    _ a: [Int], _ b: [Int], bias: [Int]? = nil, transposing: (Bool, Bool) = (false, false), alpha: Float = 1,
    _ steps: [Epilogue.Step] = [], _ others: [[Int]] = []
  ) -> [OneDNNCase] {
    let op = MatMul(transposeA: transposing.0, transposeB: transposing.1, alpha: alpha, epilogue: Epilogue(steps))
    let inputs: [Tensor?] =
      [.random(a, seed: 1), .random(b, seed: 2), bias.map { .random($0, seed: 3) }]
      + others.enumerated().map { .random($1, seed: UInt64(4 + $0)) }
    return [[], [1, 2]].map { OneDNNCase(op, $0, operands: inputs) }
  }

  static var products: [OneDNNCase] {
    [
      product([5, 7], [7, 9]), product([1, 64], [64, 100]), product([1, 64], [100, 64], transposing: (false, true)),
      product([7, 5], [7, 9], transposing: (true, false)), product([7, 5], [9, 7], transposing: (true, true)),
      product([7], [7, 9]), product([5, 7], [7]), product([7], [7]), product([2, 3, 5, 7], [7]),
      product([7], [2, 3, 7, 5]), product([64, 1], [1, 33]), product([2, 4, 3, 7], [2, 4, 7, 9]),
      product([2, 4, 3, 7], [2, 4, 9, 7], transposing: (false, true), alpha: 0.125),
      product([2, 4, 3, 7], [1, 1, 7, 9]), product([2, 4, 3, 7], [4, 7, 9]), product([2, 4, 3, 7], [2, 1, 7, 9]),
      product([2, 1, 3, 7], [1, 4, 7, 9]), product([3, 7], [2, 4, 7, 9]), product([4, 3, 7], [2, 4, 7, 9]),
      product([3, 1, 5, 1, 7], [2, 1, 7, 6]), product([2, 4, 7, 3], [7, 9], transposing: (true, false)),
    ].flatMap(\.self)
  }

  static var productEpilogues: [OneDNNCase] {
    let added = [Epilogue.Step.binary(.add, operand: 3)]
    let multiplied = [Epilogue.Step.binary(.mul, operand: 3)]
    return [
      product([5, 7], [7, 9], bias: [9]), product([5, 7], [7, 9], bias: [1]), product([5, 7], [7, 9], bias: [5, 1]),
      product([5, 7], [7, 9], bias: [5, 9]), product([5, 7], [7, 9], bias: []),
      product([5, 7], [7, 9], bias: [9], alpha: 0.5), product([2, 3, 7], [7, 9], bias: [9], [.unary(.geluErf)]),
      product([2, 3, 7], [7, 9], bias: [9], added, [[2, 3, 9]]),
      product([2, 3, 7], [7, 9], bias: [9], added + [.unary(.relu)], [[3, 9]]),
      product([2, 3, 7], [7, 9], multiplied, [[2, 1, 9]]), product([2, 3, 7], [7, 9], multiplied, [[2, 3, 1]]),
      product([2, 3, 7], [7, 9], multiplied, [[1]]),
      product([1, 12, 16, 64], [1, 12, 16, 64], transposing: (false, true), alpha: 0.125, added, [[1, 1, 1, 16]]),
      product([2, 12, 16, 64], [2, 12, 16, 64], transposing: (false, true), alpha: 0.125, added, [[2, 1, 1, 16]]),
      product([1, 12, 16, 64], [1, 12, 64, 16], added, [[1, 1, 16, 16]]),
      product([2, 3, 4, 7], [7], added, [[4]]), product([7], [3, 7, 9], added, [[9]]),
      product([7], [3, 7, 9], added, [[3, 1]]),
    ].flatMap(\.self)
  }

  static var pools: [OneDNNCase] {
    let x = Tensor.random([1, 20, 18, 15], seed: 1)
    var rows: [OneDNNCase] = [
      OneDNNCase(MaxPool(kernel: [3, 3], strides: [2, 2], padsBegin: [1, 1], padsEnd: [1, 1]), x, isSpatial: true),
      OneDNNCase(MaxPool(kernel: [3, 3], strides: [2, 2], ceilMode: true), x, isSpatial: true),
      OneDNNCase(MaxPool(kernel: [2, 3], dilations: [2, 1], autoPad: .sameLower), x, isSpatial: true),
      OneDNNCase(MaxPool(kernel: [5], strides: [2]), .random([2, 5, 18], seed: 1), isSpatial: true),
      OneDNNCase(MaxPool(kernel: [2, 2, 2]), .random([1, 5, 8, 6, 4], seed: 1), isSpatial: true),
    ]
    for (ceil, include) in [(false, false), (false, true), (true, false)] {
      let op = AveragePool(
        kernel: [3, 3], strides: [2, 2], padsBegin: [1, 1], padsEnd: [1, 1], ceilMode: ceil, countIncludePad: include)
      rows.append(OneDNNCase(op, x, isSpatial: true))
    }
    rows.append(OneDNNCase(LRN(size: 5, alpha: 0.3, bias: 2), x, isSpatial: true))
    for kind in [GlobalPool.Kind.average, .max] {
      rows.append(OneDNNCase(GlobalPool(kind), .random([2, 33, 7, 7], seed: 1), isSpatial: true))
      rows.append(OneDNNCase(GlobalPool(kind), .random([1, 16, 80, 80], seed: 1), isSpatial: true))
    }
    return rows
  }

  static var recurrences: [OneDNNCase] {
    var rows: [OneDNNCase] = []
    for direction in [RecurrentAttributes.Direction.forward, .reverse, .bidirectional] {
      for (steps, batch, width, hidden) in [(5, 3, 6, 8), (9, 1, 16, 16)] {
        rows += recurrences(direction, steps, batch, width, hidden)
      }
    }
    return rows
  }

  private static func recurrences(
    _ direction: RecurrentAttributes.Direction, _ steps: Int, _ batch: Int, _ width: Int, _ hidden: Int
  ) -> [OneDNNCase] {
    let count = direction == .bidirectional ? 2 : 1
    func attributes(_ functions: [UnaryFunction]) -> RecurrentAttributes {
      RecurrentAttributes(
        hiddenSize: hidden, direction: direction, activations: (0..<count).flatMap { _ in functions })
    }
    func operands(_ gates: Int, bias: Bool = true) -> [Tensor?] {
      [
        .random([steps, batch, width], seed: 1), .random([count, gates * hidden, width], seed: 2),
        .random([count, gates * hidden, hidden], seed: 3),
        bias ? .random([count, 2 * gates * hidden], seed: 4) : nil, nil,
      ]
    }
    let state: Tensor = .random([count, batch, hidden], seed: 5)
    let lstm = LSTM(attributes([.sigmoid, .tanh, .tanh]))
    let gru = GRU(attributes([.sigmoid, .tanh]))
    let rows: [(any Operator, [Tensor?], Int)] = [
      (lstm, operands(4), 3), (lstm, operands(4) + [state, state], 3),
      (lstm, operands(4, bias: false) + [nil, state, .random([count, 3 * hidden], seed: 7)], 2),
      (gru, operands(3) + [state], 2), (GRU(gru.attributes, linearBeforeReset: true), operands(3), 1),
      (GRU(gru.attributes, linearBeforeReset: true), operands(3) + [state], 2),
      (RNN(attributes([.tanh])), operands(1) + [state], 2), (RNN(attributes([.relu])), operands(1, bias: false), 2),
    ]
    return rows.map { op, inputs, results in
      var row = OneDNNCase(op, [1, 2, 3, 7], operands: inputs)
      row.results = results
      return row
    }
  }
}
