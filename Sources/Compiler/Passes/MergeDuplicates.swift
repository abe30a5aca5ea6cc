import MassRuntime

/// Common subexpressions: nodes with equal operators and operands are computed once, and equal constants are stored once.
public struct MergeDuplicates: Pass {
  public let name = "merge-duplicates"
  public let exactness = Exactness.exact

  public init() {}

  private struct Key: Hashable {
    var op: AnyHashable
    var inputs: [ValueID?]
    var results: Int
  }

  private struct ConstantKey: Hashable {
    var element: ElementType
    var shape: [Int]
    var bytes: [UInt8]
  }

  /// Larger constants are compared by storage only.
  private static let compareLimit = 4096

  public func run(_ graph: inout Graph, _ context: PassContext) throws(PassError) -> PassOutcome {
    var outcome = PassOutcome()
    var renamed = duplicateConstants(graph)
    var seen: [Key: Int] = [:]
    for (i, node) in graph.nodes.enumerated() where node.op.isDeterministic {
      let inputs = node.inputs.map { $0.map { renamed[$0] ?? $0 } }
      let key = Key(op: AnyHashable(node.op), inputs: inputs, results: node.outputs.count)
      guard let first = seen[key] else {
        seen[key] = i
        continue
      }
      // Two outputs of the graph stay two values.
      guard !node.outputs.contains(where: graph.outputs.contains) else { continue }
      for (old, new) in zip(node.outputs, graph.nodes[first].outputs) { renamed[old] = new }
      graph.nodes[first].origins += node.origins.filter { !graph.nodes[first].origins.contains($0) }
      outcome.sites.append(node.name)
    }
    guard !renamed.isEmpty else { return outcome }
    graph.substitute(renamed)
    graph.removeDeadNodes()
    return outcome
  }

  private func duplicateConstants(_ graph: Graph) -> [ValueID: ValueID] {
    var renamed: [ValueID: ValueID] = [:]
    var seen: [ConstantKey: ValueID] = [:]
    for id in graph.constants.keys.sorted() {
      guard let tensor = graph.constants[id], tensor.element != .string, tensor.byteCount <= Self.compareLimit,
        !graph.outputs.contains(id)
      else { continue }
      let bytes = unsafe tensor.withUnsafeBytes { unsafe Array($0) }
      let key = ConstantKey(element: tensor.element, shape: tensor.shape, bytes: bytes)
      if let first = seen[key] { renamed[id] = first } else { seen[key] = id }
    }
    return renamed
  }
}
