import MassRuntime

/// Trees of elementwise operators become one `ElementwiseProgram`, which passes over memory once.
public struct FuseElementwise: Pass {
  public let name = "fuse-elementwise"
  public let exactness = Exactness.exact

  /// A program's registers must fit the kernel's, and its tiles the first-level cache.
  private static let operandLimit = 8
  private static let instructionLimit = 24

  public init() {}

  public func run(_ graph: inout Graph, _ context: PassContext) throws(PassError) -> PassOutcome {
    var outcome = PassOutcome()
    let view = GraphView(graph)
    var taken: Set<Int> = []
    var patches: [Patch] = []
    for root in graph.nodes.indices.reversed() where !taken.contains(root) && isElementwise(root, view) {
      let group = grow(from: root, view, taken)
      guard group.count > 1, let patch = fuse(group, root: root, view) else { continue }
      taken.formUnion(group)
      patches.append(patch)
      outcome.sites.append(graph.nodes[root].name)
    }
    do throws(GraphError) { try graph.apply(patches) } catch { throw PassError(pass: name, reason: "\(error)") }
    return outcome
  }

  private func isElementwise(_ i: Int, _ view: GraphView) -> Bool {
    let node = view.node(i)
    guard node.op is Unary || node.op is Binary || node.op is Select || node.op is Cast, node.outputs.count == 1 else {
      return false
    }
    return (node.inputs + node.outputs.map { $0 }).allSatisfy { id in
      guard let element = view.type(id)?.element else { return false }
      return [.float32, .int32, .int64, .bool].contains(element)
    }
  }

  /// Adds producers whose every use lies in the group and whose shape is the root's.
  private func grow(from root: Int, _ view: GraphView, _ taken: Set<Int>) -> [Int] {
    var group: Set<Int> = [root]
    let shape = view.shape(view.output(root))
    var changed = true
    while changed {
      changed = false
      for member in group {
        for id in view.node(member).inputs {
          guard let p = view.producer(id), !group.contains(p), !taken.contains(p), isElementwise(p, view),
            view.shape(view.output(p)) == shape, !view.isOutput(view.output(p)),
            view.users(view.output(p)).allSatisfy(group.contains), fits(group.union([p]), view)
          else { continue }
          group.insert(p)
          changed = true
        }
      }
    }
    return group.sorted()
  }

  private func fits(_ group: Set<Int>, _ view: GraphView) -> Bool {
    group.count <= Self.instructionLimit && operands(of: group.sorted(), view).count <= Self.operandLimit
  }

  /// Values the group reads but does not compute; one-element constants become immediates instead.
  private func operands(of group: [Int], _ view: GraphView) -> [ValueID] {
    let inner = Set(group.map { view.output($0) })
    var result: [ValueID] = []
    for i in group {
      for case let id? in view.node(i).inputs
      where !inner.contains(id) && !result.contains(id) && !isImmediate(id, view) {
        result.append(id)
      }
    }
    return result
  }

  /// A number that can stand in the program; its rank must not be what gives the result its shape.
  private func isImmediate(_ id: ValueID, _ view: GraphView) -> Bool {
    guard let tensor = view.constant(id), tensor.count == 1 else { return false }
    return tensor.element == .float32 || tensor.element == .int64 || tensor.element == .int32 || tensor.element == .bool
  }

  private func fuse(_ group: [Int], root: Int, _ view: GraphView) -> Patch? {
    let inputs = operands(of: group, view)
    guard !inputs.isEmpty, let shape = view.shape(view.output(root)), givesShape(inputs, shape, view) else {
      return nil
    }
    var register: [ValueID: Int] = [:]
    for (k, id) in inputs.enumerated() { register[id] = k }
    var instructions: [ElementwiseProgram.Instruction] = []
    func emit(_ instruction: ElementwiseProgram.Instruction) -> Int {
      instructions.append(instruction)
      return inputs.count + instructions.count - 1
    }
    for i in group {
      var r: [Int] = []
      for case let id? in view.node(i).inputs {
        if let known = register[id] {
          r.append(known)
          continue
        }
        guard let tensor = view.constant(id), let value = tensor.doubles().first else { return nil }
        let immediate = emit(.constant(tensor.element, value))
        register[id] = immediate
        r.append(immediate)
      }
      guard let instruction = instruction(view.node(i).op, r) else { return nil }
      register[view.output(i)] = emit(instruction)
    }
    guard let result = register[view.output(root)] else { return nil }
    var patch = Patch(view, matched: group)
    let program = ElementwiseProgram(instructions: instructions, results: [result])
    patch.replace(view.output(root), in: view, with: program, inputs)
    return patch
  }

  /// Whether the operands alone broadcast to the result's shape.
  private func givesShape(_ inputs: [ValueID], _ shape: Shape, _ view: GraphView) -> Bool {
    inputs.contains { view.shape($0) == shape }
  }

  private func instruction(_ op: any Operator, _ r: [Int]) -> ElementwiseProgram.Instruction? {
    switch op {
    case let op as Unary: .unary(op.function, r[0])
    case let op as Binary: .binary(op.function, r[0], r[1])
    case is Select: .select(r[0], r[1], r[2])
    case let op as Cast: .cast(op.element, r[0])
    default: nil
    }
  }
}
