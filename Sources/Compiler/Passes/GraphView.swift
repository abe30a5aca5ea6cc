import MassRuntime

/// A graph as patterns look at it: with who defines and who uses each value. It is a snapshot; patterns never edit it.
public struct GraphView {
  public let graph: Graph
  private let producers: [Int]
  private let users: [[Int]]
  private let isOutput: [Bool]
  private let misses = MissLog()

  public init(_ graph: Graph) {
    self.graph = graph
    var producers = Array(repeating: -1, count: graph.values.count)
    var users = Array(repeating: [Int](), count: graph.values.count)
    var isOutput = Array(repeating: false, count: graph.values.count)
    for (i, node) in graph.nodes.enumerated() {
      for id in node.outputs { producers[id.index] = i }
      for case let id? in node.inputs { users[id.index].append(i) }
    }
    for id in graph.outputs { isOutput[id.index] = true }
    self.producers = producers
    self.users = users
    self.isOutput = isOutput
  }

  // MARK: Walking

  public func node(_ i: Int) -> Node { graph.nodes[i] }

  /// The operator of node `i` if it is of this type.
  public func op<Op: Operator>(_ i: Int, as type: Op.Type) -> Op? { graph.nodes[i].op as? Op }

  /// The node that computes a value; nil for inputs and constants.
  public func producer(_ id: ValueID?) -> Int? {
    guard let id, producers[id.index] >= 0 else { return nil }
    return producers[id.index]
  }

  /// The node that computes a value, if its operator is of this type.
  public func producer<Op: Operator>(_ id: ValueID?, as type: Op.Type) -> (index: Int, op: Op)? {
    guard let i = producer(id), let op = graph.nodes[i].op as? Op else { return nil }
    return (i, op)
  }

  /// Every node that reads a value, once per operand.
  public func users(_ id: ValueID) -> [Int] { users[id.index] }

  public func isOutput(_ id: ValueID) -> Bool { isOutput[id.index] }

  /// True when exactly one operand of one node reads the value and it is not an output.
  public func hasSoleUser(_ id: ValueID) -> Bool { users[id.index].count == 1 && !isOutput[id.index] }

  /// The node that alone reads node `i`'s only used result.
  public func soleUser(of i: Int) -> Int? {
    guard let id = graph.nodes[i].outputs.first, hasSoleUser(id),
      graph.nodes[i].outputs.dropFirst().allSatisfy({ users[$0.index].isEmpty && !isOutput[$0.index] })
    else { return nil }
    return users[id.index][0]
  }

  // MARK: Values

  public func input(_ node: Int, _ i: Int) -> ValueID? {
    i < graph.nodes[node].inputs.count ? graph.nodes[node].inputs[i] : nil
  }

  public func output(_ node: Int, _ i: Int = 0) -> ValueID { graph.nodes[node].outputs[i] }

  public func constant(_ id: ValueID?) -> Tensor? { id.flatMap { graph.constants[$0] } }

  /// The only element of a constant with one element.
  public func scalar(_ id: ValueID?) -> Double? {
    guard let tensor = constant(id), tensor.count == 1, tensor.element != .string else { return nil }
    return tensor.doubles().first
  }

  /// The elements of an integer constant.
  public func integers(_ id: ValueID?) -> [Int]? {
    guard let tensor = constant(id), tensor.element.isInteger else { return nil }
    return tensor.integers()
  }

  public func type(_ id: ValueID?) -> TensorType? { id.flatMap { graph.type($0).tensor } }

  public func shape(_ id: ValueID?) -> Shape? { type(id)?.shape }

  // MARK: Near misses

  /// Notes that node `i` looked like a match but was not, and why: shown by `mass compile --report`.
  public func miss(_ i: Int, _ reason: String) { misses.entries.append((graph.nodes[i].name, reason)) }

  var nearMisses: [PassRecord.NearMiss] {
    var seen: Set<PassRecord.NearMiss> = []
    return misses.entries.map { PassRecord.NearMiss(node: $0.node, reason: $0.reason) }
      .filter { seen.insert($0).inserted }
  }
}

private final class MissLog {
  var entries: [(node: String, reason: String)] = []
}
