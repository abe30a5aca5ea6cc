import MassRuntime

/// Spatial tensors become channels-last around the operators that are faster so; conversions stand only at the borders.
public struct AssignLayout: Pass {
  public let name = "assign-layout"
  public let exactness = Exactness.exact

  public init() {}

  public func run(_ graph: inout Graph, _ context: PassContext) throws(PassError) -> PassOutcome {
    var state = LayoutState(graph)
    for node in graph.nodes { state.add(node) }
    state.finish()
    guard !state.sites.isEmpty else { return PassOutcome() }
    graph = state.result
    return PassOutcome(sites: state.sites)
  }
}

/// The graph being rebuilt with layouts.
private struct LayoutState {
  private(set) var result: Graph
  private(set) var sites: [String] = []
  /// The same logical value in the other layout, where a conversion exists already.
  private var converted: [ValueID: ValueID] = [:]

  init(_ graph: Graph) {
    result = graph
    result.nodes = []
  }

  private func layout(_ id: ValueID) -> Layout { result.type(id).tensor?.layout ?? .rowMajor }

  /// Operands that lie in memory as the result does: tensors of its rank that are computed.
  private func isActivation(_ id: ValueID?, rank: Int) -> Bool {
    guard let id, let type = result.type(id).tensor else { return false }
    return type.rank == rank && result.constants[id] == nil
  }

  mutating func add(_ node: Node) {
    let rank = node.outputs.first.flatMap { result.type($0).tensor?.rank } ?? 0
    var node = node
    switch node.op.layoutPolicy {
    case .prefersChannelsLast where rank >= 3 && rank <= 5:
      place(&node, in: .channelsLast, rank: rank)
      sites.append(node.name)
    case .agnostic where rank >= 3 && hasChannelsLast(node, rank: rank):
      place(&node, in: .channelsLast, rank: rank)
    case .readsAny:
      break
    default:
      for (i, id) in node.inputs.enumerated() {
        if let id { node.inputs[i] = value(id, in: .rowMajor) }
      }
    }
    result.nodes.append(node)
  }

  private func hasChannelsLast(_ node: Node, rank: Int) -> Bool {
    node.inputs.contains { id in isActivation(id, rank: rank) && id.map { layout($0) == .channelsLast } ?? false }
  }

  private mutating func place(_ node: inout Node, in target: Layout, rank: Int) {
    for (i, id) in node.inputs.enumerated() {
      guard let id else { continue }
      let isWeight = (node.op is Conv || node.op is ConvTranspose) && i == 1
      let wanted: Layout = isActivation(id, rank: rank) && !isWeight ? target : .rowMajor
      if result.constants[id] == nil { node.inputs[i] = value(id, in: wanted) }
    }
    for id in node.outputs {
      guard var type = result.type(id).tensor, type.rank == rank else { continue }
      type.layout = target
      result[id].type = .tensor(type)
    }
  }

  /// The value in a layout, converting it where needed, once.
  private mutating func value(_ id: ValueID, in target: Layout) -> ValueID {
    guard var type = result.type(id).tensor, type.layout != target, type.rank >= 3, result.constants[id] == nil else {
      return id
    }
    if let known = converted[id] { return known }
    type.layout = target
    let suffix = target == .channelsLast ? ".channels-last" : ".row-major"
    let copy = result.addValue(name: result.name(id) + suffix, type: .tensor(type))
    result.nodes.append(Node(Relayout(to: target), inputs: [id], outputs: [copy], origins: [result.name(id)]))
    converted[id] = copy
    converted[copy] = id
    return copy
  }

  /// Outputs are row-major, under their own names.
  mutating func finish() {
    for (i, id) in result.outputs.enumerated() where layout(id) == .channelsLast {
      let plain = value(id, in: .rowMajor)
      let name = result.name(id)
      result[id].name = name + ".channels-last"
      result[plain].name = name
      result.outputs[i] = plain
    }
  }
}
