import MassRuntime

/// f16 and bf16 tensors inside the graph become f32: processors multiply f32 faster than they emulate halves.
///
/// Inputs and outputs keep their types; a cast stands at each. Fewer roundings happen than the model asks for.
public struct WidenHalf: Pass {
  public let name = "widen-half"
  public let exactness = Exactness.reassociating

  public init() {}

  private func isHalf(_ element: ElementType?) -> Bool { element == .float16 || element == .bfloat16 }

  public func run(_ graph: inout Graph, _ context: PassContext) throws(PassError) -> PassOutcome {
    var outcome = PassOutcome()
    guard graph.nodes.contains(where: { $0.outputs.contains { isHalf(graph.type($0).element) } }) else {
      return outcome
    }
    var renamed: [ValueID: ValueID] = [:]
    var casts: [Node] = []
    for id in graph.inputs where isHalf(graph.type(id).element) {
      let wide = graph.addValue(name: graph.name(id) + ".f32")
      casts.append(Node(Cast(to: .float32), inputs: [id], outputs: [wide], origins: [graph.name(id)]))
      renamed[id] = wide
    }
    for (id, tensor) in graph.constants where isHalf(tensor.element) {
      guard let wide = try? Tensor.make(.float32, tensor.shape, doubles: tensor.doubles()) else { continue }
      graph.constants[id] = wide
      graph[id].type = .tensor(wide.type)
    }
    let elements = graph.outputs.map { graph.type($0).element }
    for i in graph.nodes.indices {
      graph.nodes[i].inputs = graph.nodes[i].inputs.map { $0.map { renamed[$0] ?? $0 } }
      graph.nodes[i].op = widened(graph.nodes[i].op)
      outcome.sites.append(graph.nodes[i].name)
    }
    graph.nodes = casts + graph.nodes
    for (i, id) in graph.outputs.enumerated() {
      guard let element = elements[i], isHalf(element) else { continue }
      let name = graph.name(id)
      graph[id].name = name + ".f32"
      let narrow = graph.addValue(name: name)
      let source = renamed[id] ?? id
      graph.nodes.append(Node(Cast(to: element), inputs: [source], outputs: [narrow], origins: [name]))
      graph.outputs[i] = narrow
    }
    return outcome
  }

  /// Operators whose attributes name an element type.
  private func widened(_ op: any Operator) -> any Operator {
    if let cast = op as? Cast, isHalf(cast.element) { return Cast(to: .float32) }
    return op
  }
}
