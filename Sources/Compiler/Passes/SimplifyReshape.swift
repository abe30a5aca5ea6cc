import MassRuntime

/// A reshape whose target shape is computed from shapes gets a constant target: the computation disappears.
///
/// One extent may be symbolic (written −1) and any may be the operand's own at the same place (written 0).
public struct SimplifyReshape: Pass {
  public let name = "simplify-reshape"
  public let exactness = Exactness.exact

  public init() {}

  public func run(_ graph: inout Graph, _ context: PassContext) throws(PassError) -> PassOutcome {
    var outcome = PassOutcome()
    for i in graph.nodes.indices {
      guard isReshape(graph.nodes[i].op), let x = graph.nodes[i].inputs.first ?? nil,
        let target = graph.nodes[i].outputs.first.flatMap({ graph.type($0).tensor }),
        let source = graph.type(x).tensor
      else { continue }
      if let reshape = graph.nodes[i].op as? Reshape, reshape.allowZero || isConstant(graph.nodes[i], graph) {
        continue
      }
      guard let shape = constantTarget(source.shape, target.shape), let tensor = try? Tensor.vector(shape) else {
        outcome.nearMisses.append(
          PassRecord.NearMiss(node: graph.nodes[i].name, reason: "two extents of \(target) are symbolic"))
        continue
      }
      let id = graph.addConstant(tensor, name: graph.nodes[i].name + ".shape")
      graph.nodes[i].op = Reshape(allowZero: false)
      graph.nodes[i].inputs = [x, id]
      outcome.sites.append(graph.nodes[i].name)
    }
    mergeChains(&graph)
    graph.removeDeadNodes()
    return outcome
  }

  private func isReshape(_ op: any Operator) -> Bool {
    op is Reshape || op is Flatten || op is Squeeze || op is Unsqueeze
  }

  private func isConstant(_ node: Node, _ graph: Graph) -> Bool {
    node.inputs.count > 1 && node.inputs[1].map { graph.constants[$0] != nil } ?? false
  }

  private func constantTarget(_ source: Shape, _ target: Shape) -> [Int]? {
    var isOpen = false
    var result: [Int] = []
    for (i, extent) in target.enumerated() {
      if let value = extent.constant, value != 0 {
        result.append(value)
      } else if i < source.count, source[i] == extent {
        result.append(0)
      } else if !isOpen, extent.constant == nil {
        isOpen = true
        result.append(-1)
      } else {
        return nil
      }
    }
    return result
  }

  /// `Reshape(Reshape(x, a), b)` is `Reshape(x, b)` where `b` copies no extent.
  private func mergeChains(_ graph: inout Graph) {
    var producer: [ValueID: Int] = [:]
    for (i, node) in graph.nodes.enumerated() {
      defer { for id in node.outputs { producer[id] = i } }
      guard node.op is Reshape, let x = node.inputs.first ?? nil, let source = producer[x],
        graph.nodes[source].op is Reshape, node.inputs.count == 2, let shape = node.inputs[1],
        let values = graph.constants[shape]?.integers(), !values.contains(0)
      else { continue }
      graph.nodes[i].inputs[0] = graph.nodes[source].inputs[0]
    }
  }
}
