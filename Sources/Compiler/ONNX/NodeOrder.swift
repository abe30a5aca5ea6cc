/// An order in which nodes can be computed.
struct NodeOrder {
  /// Indices of all nodes, producers before consumers; the order of the file where that does.
  private(set) var indices: [Int] = []
  /// Indices of nodes that need each other, in a circle. Overlapping circles are not all listed.
  private(set) var cycles: [[Int]] = []
  /// Names of values that close a circle: when their first consumer comes, they are not yet made.
  private(set) var brokenNames: Set<String> = []

  private static let cycleLimit = 20

  /// - Parameter producers: The node that makes each named value.
  /// - Complexity: Linear in nodes and operands, whatever the depth; no recursion.
  init(_ nodes: [ONNXNode], producers: [String: Int]) {
    var search = Search(count: nodes.count)
    indices.reserveCapacity(nodes.count)
    for root in nodes.indices where search.states[root] == .new {
      search.enter(root, nodes[root].reads)
      while let top = search.path.last {
        guard let name = search.nextRead() else {
          search.leave()
          indices.append(top)
          continue
        }
        guard let producer = producers[name] else { continue }
        switch search.states[producer] {
        case .new: search.enter(producer, nodes[producer].reads)
        case .open: close(search.path, at: producer, name)
        case .done: break
        }
      }
    }
  }

  private mutating func close(_ path: [Int], at node: Int, _ name: String) {
    brokenNames.insert(name)
    guard cycles.count < Self.cycleLimit, let start = path.lastIndex(of: node) else { return }
    cycles.append(Array(path[start...]))
  }

  private struct Search {
    enum State {
      case new, open, done
    }

    var states: [State]
    var path: [Int] = []
    private var pending: [ArraySlice<String>] = []

    init(count: Int) { states = Array(repeating: .new, count: count) }

    mutating func enter(_ node: Int, _ reads: [String]) {
      states[node] = .open
      path.append(node)
      pending.append(reads[...])
    }

    mutating func nextRead() -> String? { pending[pending.count - 1].popFirst() }

    mutating func leave() {
      pending.removeLast()
      states[path.removeLast()] = .done
    }
  }
}
