import MassRuntime

extension Graph {
  /// Applies patches made against this very graph, restores topological order, removes what nothing reads and infers
  /// types anew.
  mutating func apply(_ patches: [Patch]) throws(GraphError) {
    var renamed: [ValueID: ValueID] = [:]
    let firstNewValue = values.count
    for patch in patches {
      // Each patch numbered its new values from the same base: shift them to where they land.
      let shift = values.count - firstNewValue
      func moved(_ id: ValueID) -> ValueID { id.index >= firstNewValue ? ValueID(id.index + shift) : id }
      values += patch.values
      for (id, tensor) in patch.constants { constants[moved(id)] = tensor }
      for node in patch.nodes {
        nodes.append(
          Node(
            node.op, inputs: node.inputs.map { $0.map(moved) }, outputs: node.outputs.map(moved), origins: node.origins)
        )
      }
      for (old, new) in patch.replacements { renamed[old] = moved(new) }
    }
    substitute(renamed)
    try sortNodes()
    removeDeadNodes()
    do { try inferTypes() } catch { throw .operatorRefused(error) }
  }

  /// Replaces uses of values; chains of replacements are followed. Outputs keep their public names.
  mutating func substitute(_ renamed: [ValueID: ValueID]) {
    func resolve(_ id: ValueID) -> ValueID {
      var current = id
      for _ in 0...renamed.count {
        guard let next = renamed[current], next != current else { break }
        current = next
      }
      return current
    }
    for i in nodes.indices {
      for (k, id) in nodes[i].inputs.enumerated() {
        if let id { nodes[i].inputs[k] = resolve(id) }
      }
    }
    outputs = keepingNames(outputs, resolve)
  }

  /// An output must keep its name: where the new value is an input, a constant or another output, an identity is added.
  private mutating func keepingNames(_ old: [ValueID], _ resolve: (ValueID) -> ValueID) -> [ValueID] {
    var taken = Set(inputs)
    return old.map { id in
      let target = resolve(id)
      if target == id {
        taken.insert(id)
        return id
      }
      if taken.contains(target) || constants[target] != nil
        || self.name(target) != self.name(id) && old.contains(target)
      {
        let copy = addValue(name: self.name(id), type: self.type(id))
        nodes.append(Node(Identity(), inputs: [target], outputs: [copy], origins: [self.name(id)]))
        return copy
      }
      taken.insert(target)
      self[target].name = self.name(id)
      return target
    }
  }

  /// Puts nodes into topological order, keeping the present order where it is one.
  public mutating func sortNodes() throws(GraphError) {
    var defined = Array(repeating: false, count: values.count)
    for id in inputs { defined[id.index] = true }
    for id in constants.keys { defined[id.index] = true }
    var producer: [ValueID: Int] = [:]
    for (i, node) in nodes.enumerated() { for id in node.outputs { producer[id] = i } }
    var state = Array(repeating: UInt8(0), count: nodes.count)
    var order: [Int] = []
    order.reserveCapacity(nodes.count)
    for root in nodes.indices where state[root] == 0 {
      var stack = [(node: root, next: 0)]
      state[root] = 1
      while let top = stack.last {
        let inputs = nodes[top.node].inputs
        if top.next == inputs.count {
          state[top.node] = 2
          order.append(top.node)
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].next += 1
        guard let id = inputs[top.next], !defined[id.index] else { continue }
        guard let source = producer[id] else { throw .usedBeforeDefined(name(id), at: nodes[top.node].name) }
        if state[source] == 1 { throw .usedBeforeDefined(name(id), at: nodes[top.node].name) }
        if state[source] == 0 {
          state[source] = 1
          stack.append((source, 0))
        }
      }
    }
    nodes = order.map { nodes[$0] }
  }

  /// Removes nodes and constants that no output depends on. Values are renumbered so that none is unused.
  public mutating func removeDeadNodes() {
    var live = Set(outputs)
    var keep = Array(repeating: false, count: nodes.count)
    for i in nodes.indices.reversed() where nodes[i].outputs.contains(where: live.contains) {
      keep[i] = true
      for case let id? in nodes[i].inputs { live.insert(id) }
    }
    nodes = nodes.indices.filter { keep[$0] }.map { nodes[$0] }
    compactValues()
  }

  /// Drops values that nothing defines or reads, and constants that nothing reads.
  private mutating func compactValues() {
    var used = Array(repeating: false, count: values.count)
    for id in inputs + outputs { used[id.index] = true }
    for node in nodes {
      for case let id? in node.inputs { used[id.index] = true }
      for id in node.outputs { used[id.index] = true }
    }
    guard used.contains(false) else { return }
    var map = Array(repeating: ValueID(-1), count: values.count)
    var kept: [ValueInfo] = []
    for i in values.indices where used[i] {
      map[i] = ValueID(kept.count)
      kept.append(values[i])
    }
    values = kept
    inputs = inputs.map { map[$0.index] }
    outputs = outputs.map { map[$0.index] }
    constants = Dictionary(
      uniqueKeysWithValues: constants.filter { used[$0.key.index] }.map { (map[$0.key.index], $0.value) })
    for i in nodes.indices {
      nodes[i].inputs = nodes[i].inputs.map { $0.map { map[$0.index] } }
      nodes[i].outputs = nodes[i].outputs.map { map[$0.index] }
    }
  }
}
