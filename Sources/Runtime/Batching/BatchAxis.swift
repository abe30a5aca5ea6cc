/// A proof that a graph treats the rows along the first axis of its inputs each by itself: for inputs that are joined along
/// it, the outputs are those of the single inputs, joined.
///
/// The proof is by induction over the nodes. For each value it finds out where the rows lie, by the rules of
/// `RowwiseOperator`, or that the value is the same for every batch. It holds in exact arithmetic; kernels for other sizes
/// may round otherwise.
public struct BatchAxis: Hashable, Sendable {
  /// The symbol that stands for the number of rows.
  public let symbol: String

  /// - Throws: What stands in the way.
  public init(provenFor graph: Graph) throws(BatchObstacle) {
    symbol = try Self.symbol(of: graph)
    var walk = RowWalk(graph, symbol)
    for node in graph.nodes { try walk.visit(node) }
    for id in graph.outputs { try walk.checkOutput(id) }
  }

  /// The symbol that the first extents of all inputs share, and that stands nowhere else.
  private static func symbol(of graph: Graph) throws(BatchObstacle) -> String {
    var symbol: String?
    for id in graph.inputs {
      guard let shape = graph.type(id).tensor?.shape, let first = shape.first?.symbolName else {
        throw .input(graph.name(id), "its first axis has no variable extent: it is \(graph.type(id))")
      }
      guard symbol == nil || symbol == first else {
        throw .input(graph.name(id), "its first axis is \(first), that of other inputs \(symbol ?? "")")
      }
      symbol = first
      guard shape.dropFirst().allSatisfy({ !$0.symbols.contains(first) }) else {
        throw .input(graph.name(id), "\(first) is the extent of more than its first axis")
      }
    }
    guard let symbol else { throw .input("", "the model has no inputs") }
    return symbol
  }
}

/// Why a graph may not be run on joined inputs.
public enum BatchObstacle: Error, Hashable, CustomStringConvertible {
  case input(String, String)
  case node(String, op: String, String)
  case output(String, String)

  public var description: String {
    switch self {
    case .input(let name, let reason): "input '\(name)': \(reason)"
    case .node(let name, let op, let reason): "node '\(name)' (\(op)): \(reason)"
    case .output(let name, let reason): "output '\(name)': \(reason)"
    }
  }
}

/// The induction: where the rows lie in the values so far.
struct RowWalk {
  let graph: Graph
  let symbol: String
  let rows: Dimension
  /// Symbols that the shapes of the inputs bring along. Others stand for what is not known, which may count rows.
  let known: Set<String>
  var state: InferredTypes
  var placements: [ValueID: RowPlacement] = [:]
  /// What integers are less than that are not negative, as far as it is known.
  var bounds: [ValueID: Dimension] = [:]

  init(_ graph: Graph, _ symbol: String) {
    self.graph = graph
    self.symbol = symbol
    rows = Dimension(symbol: symbol)
    known = graph.inputs.reduce(into: []) { known, id in
      // What no operator's name for an extent that it does not know looks like.
      for extent in graph.type(id).tensor?.shape ?? [] {
        known.formUnion(extent.symbols.filter { !$0.contains("#") && !$0.hasPrefix("?(") })
      }
    }
    state = InferredTypes(
      types: graph.values.map(\.type), values: Array(repeating: nil, count: graph.values.count))
    for (id, tensor) in graph.constants {
      state.types[id.index] = .tensor(tensor.type)
      state.values[id.index] = SymbolicTensor(tensor)
      placements[id] = .shared
    }
    for id in graph.inputs { placements[id] = .along(axis: 0) }
  }

  mutating func visit(_ node: Node) throws(BatchObstacle) {
    do throws(OperatorError) { try graph.infer(node, &state) } catch { throw obstacle(node, "\(error)") }
    noteBounds(of: node)
    if let counts = counts(node) {
      for (id, placement) in zip(node.outputs, counts) { placements[id] = placement }
      return
    }
    let operands = node.inputs.map { $0.flatMap { placements[$0] } }
    let isShared = operands.allSatisfy { $0 == .shared || $0 == nil }
    guard node.op.isDeterministic else { throw obstacle(node, "its results are random") }
    if let placement = numbering(node, operands) {
      placements[node.outputs[0]] = placement
      return
    }
    let found = isShared ? node.outputs.map { _ in .shared } : try rowwise(node, operands)
    for (id, placement) in zip(node.outputs, found) {
      try check(id, placement, node)
      placements[id] = placement
    }
  }

  /// Of results whose elements follow from shapes alone.
  private func counts(_ node: Node) -> [RowPlacement]? {
    var found: [RowPlacement] = []
    for id in node.outputs {
      guard let value = state.values[id.index] else { return nil }
      var symbols: Set<String> = []
      for element in value.elements {
        guard let element else { return nil }
        symbols.formUnion(element.symbols)
      }
      found.append(symbols.isSubset(of: known.subtracting([symbol])) ? .shared : .count)
    }
    return found
  }

  private func rowwise(_ node: Node, _ placements: [RowPlacement?]) throws(BatchObstacle) -> [RowPlacement] {
    guard let op = node.op as? any RowwiseOperator else { throw obstacle(node, "it may mix the rows of a batch") }
    var results: [TensorType] = []
    for id in node.outputs {
      guard let type = state.types[id.index].tensor else { throw obstacle(node, Self.unknownShape) }
      results.append(type)
    }
    let sweeps = Set(placements.compactMap { $0?.sweeps })
    guard sweeps.count <= 1 else { throw obstacle(node, "rows lie in another order in some operands than in others") }
    let batch = RowwiseOperands(
      operands: graph.operands(of: node, state),
      placements: placements.map { placement in placement?.axis.map { .along(axis: $0) } ?? placement },
      sweeps: sweeps.first ?? 1, results: results, rows: rows)
    guard let found = op.rows(batch), found.count >= node.outputs.count else {
      throw obstacle(node, "it mixes the rows of a batch, or may")
    }
    return found
  }

  /// The extents of a value must fit where its rows are said to lie.
  private func check(_ id: ValueID, _ placement: RowPlacement, _ node: Node) throws(BatchObstacle) {
    guard let shape = state.types[id.index].tensor?.shape else {
      throw obstacle(node, Self.unknownShape)
    }
    guard RowwiseOperands.isFitting(placement, shape, rows, known: known) else {
      throw obstacle(
        node, "the extents of its result, \(shape), may depend on \(symbol) in another way than by its rows")
    }
  }

  private static let unknownShape = "the shape of its result is not known"

  func checkOutput(_ id: ValueID) throws(BatchObstacle) {
    guard placements[id] == .along(axis: 0), state.types[id.index].tensor?.shape.first == rows else {
      throw .output(graph.name(id), "its rows do not lie along its first axis, as \(symbol)")
    }
  }

  private func obstacle(_ node: Node, _ reason: String) -> BatchObstacle {
    .node(node.name, op: node.operatorName, reason)
  }
}
