import MassRuntime

/// Nodes whose results follow from constants, or from shapes that are known, become constants.
public struct FoldConstants: Pass {
  public let name = "fold-constants"
  public let exactness = Exactness.exact
  /// Results larger than this, in bytes, and larger than what they are made from, are left to run time.
  let sizeLimit: Int

  public init(sizeLimit: Int = 1 << 20) { self.sizeLimit = sizeLimit }

  public func run(_ graph: inout Graph, _ context: PassContext) throws(PassError) -> PassOutcome {
    var outcome = PassOutcome()
    var state = InferredTypes(
      types: graph.values.map(\.type), values: Array(repeating: nil, count: graph.values.count))
    for (id, tensor) in graph.constants {
      state.types[id.index] = .tensor(tensor.type)
      state.values[id.index] = SymbolicTensor(tensor)
    }
    var kept: [Node] = []
    for node in graph.nodes {
      do throws(OperatorError) { try graph.infer(node, &state) } catch {
        throw PassError(pass: name, reason: "\(error)")
      }
      guard let results = fold(node, graph, state, &outcome) else {
        kept.append(node)
        continue
      }
      for (id, tensor) in zip(node.outputs, results) { graph.constants[id] = tensor }
      outcome.sites.append(node.name)
    }
    graph.nodes = kept
    graph.removeDeadNodes()
    return outcome
  }

  private func fold(_ node: Node, _ graph: Graph, _ state: InferredTypes, _ outcome: inout PassOutcome) -> [Tensor]? {
    guard node.op.isDeterministic else { return nil }
    let symbolic = node.outputs.compactMap { state.values[$0.index]?.tensor }
    if symbolic.count == node.outputs.count { return symbolic }
    var operands: [Value?] = []
    var operandBytes = 0
    for id in node.inputs {
      guard let id else {
        operands.append(nil)
        continue
      }
      guard let tensor = graph.constants[id] else { return nil }
      operandBytes += tensor.byteCount
      operands.append(.tensor(tensor))
    }
    let size = node.outputs.map { state.types[$0.index].concreteTensor?.byteCount ?? 0 }.reduce(0, +)
    guard size <= max(sizeLimit, operandBytes) else {
      outcome.nearMisses.append(
        PassRecord.NearMiss(node: node.name, reason: "the result has \(size) bytes, the limit is \(sizeLimit)"))
      return nil
    }
    let evaluation = EvaluationContext(node: node.name, resultCount: node.outputs.count)
    guard let values = try? node.op.evaluate(operands, evaluation), values.count >= node.outputs.count else {
      return nil
    }
    let results = values.prefix(node.outputs.count).compactMap(\.tensor)
    return results.count == node.outputs.count ? results : nil
  }
}
