import MassRuntime

/// A proposed change: nodes to add, and which values they replace. Nodes that nothing reads afterwards disappear.
public struct Patch {
  struct NewNode {
    var op: any Operator
    var inputs: [ValueID?]
    var outputs: [ValueID]
    var origins: [String]
  }

  /// Nodes the pattern looked at: no other patch of the same sweep may touch them.
  public let matched: [Int]
  private(set) var nodes: [NewNode] = []
  private(set) var values: [ValueInfo] = []
  private(set) var constants: [ValueID: Tensor] = [:]
  private(set) var replacements: [(old: ValueID, new: ValueID)] = []
  private let firstNewValue: Int
  private let origins: [String]

  /// - Parameter matched: The nodes of the match, in any order; new nodes inherit the origins of all of them.
  public init(_ view: GraphView, matched: [Int]) {
    self.matched = matched
    firstNewValue = view.graph.values.count
    var seen: Set<String> = []
    origins = matched.sorted().flatMap { view.graph.nodes[$0].origins }.filter { seen.insert($0).inserted }
  }

  /// Adds a constant and names it.
  public mutating func constant(_ tensor: Tensor, name: String) -> ValueID {
    let id = newValue(ValueInfo(name: name, type: .tensor(tensor.type)))
    constants[id] = tensor
    return id
  }

  /// Adds a node; its results may be operands of later ones.
  public mutating func add(_ op: any Operator, _ inputs: [ValueID?], results: [String]) -> [ValueID] {
    let outputs = results.map { newValue(ValueInfo(name: $0, type: .unknown)) }
    nodes.append(NewNode(op: op, inputs: inputs, outputs: outputs, origins: origins))
    return outputs
  }

  /// Every use of `old`, and `old` as an output, becomes `new`. Types must agree but for the layout.
  public mutating func replace(_ old: ValueID, with new: ValueID) { replacements.append((old, new)) }

  /// The common case: one node computes what `old` was.
  public mutating func replace(_ old: ValueID, in view: GraphView, with op: any Operator, _ inputs: [ValueID?]) {
    let results = add(op, inputs, results: [view.graph.name(old)])
    replace(old, with: results[0])
  }

  private mutating func newValue(_ info: ValueInfo) -> ValueID {
    values.append(info)
    return ValueID(firstNewValue + values.count - 1)
  }
}
