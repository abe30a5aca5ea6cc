import MassRuntime

/// What a step has to do, judged from its operator and shapes.
struct StepCost {
  /// Multiplications and additions; nil where nobody counts them.
  var operations: Double?
  /// Bytes of all operands and results, each once.
  var bytes = 0.0

  /// 10^9 operations a second.
  func operationRate(_ seconds: Double) -> Double? {
    operations.flatMap { seconds > 0 ? $0 / seconds / 1e9 : nil }
  }

  /// 10^9 bytes a second; nil for a step that moves none.
  func byteRate(_ seconds: Double) -> Double? { bytes > 0 && seconds > 0 ? bytes / seconds / 1e9 : nil }

  /// The costs of all nodes of a graph for these inputs; of a node whose shapes depend on data nothing is known.
  static func all(in graph: Graph, inputs: [Value]) -> [StepCost] {
    guard let state = try? graph.inferredTypes(inputTypes: inputs.map(\.type)) else {
      return Array(repeating: StepCost(), count: graph.nodes.count)
    }
    return graph.nodes.map { node in
      let operands = node.inputs.map { $0.flatMap { Extents(state.types[$0.index]) } }
      let results = node.outputs.map { Extents(state.types[$0.index]) }
      let bytes = (operands + results).reduce(0) { $0 + ($1?.bytes ?? 0) }
      return StepCost(operations: operations(node.op, operands, results), bytes: bytes)
    }
  }

  private static func operations(_ op: any Operator, _ operands: [Extents?], _ results: [Extents?]) -> Double? {
    guard operands.count >= 2, let a = operands[0], let b = operands[1] else { return nil }
    guard let result = results.first.flatMap({ $0 }) else { return nil }
    switch op {
    case is Conv: return b.shape.first.map { 2 * result.count * b.count / max(Double($0), 1) }
    case is ConvTranspose: return b.shape.first.map { 2 * a.count * b.count / max(Double($0), 1) }
    case let product as MatMul:
      let depth = product.transposeA && a.shape.count > 1 ? a.shape[a.shape.count - 2] : a.shape.last
      return depth.map { 2 * result.count * Double($0) }
    case let attention as Attention:
      let axis = b.shape.count == 4 && attention.keyLayout == .headsFirst ? 2 : 1
      guard b.shape.indices.contains(axis) else { return nil }
      return 2 * (a.count + result.count) * (Double(b.shape[axis]) + pastKeys(operands))
    case is LSTM, is GRU, is RNN:
      guard operands.count > 2, let recurrent = operands[2] else { return nil }
      return 2 * a.shape.prefix(2).reduce(1) { $0 * Double($1) } * (b.count + recurrent.count)
    default: return nil
    }
  }

  /// The sequence of the fifth operand of attention, the past keys, if it is there.
  private static func pastKeys(_ operands: [Extents?]) -> Double {
    guard operands.count > 4, let past = operands[4], past.shape.count == 4 else { return 0 }
    return Double(past.shape[2])
  }
}

/// A concrete shape, counted in floating point: an estimate must not overflow.
private struct Extents {
  let shape: [Int]
  let count: Double
  let bytes: Double

  init?(_ type: ValueType) {
    guard let tensor = type.tensor, let shape = tensor.shape.constants else { return nil }
    self.shape = shape
    count = shape.reduce(1) { $0 * Double($1) }
    bytes = count * Double(tensor.element.bitWidth) / 8
  }
}
