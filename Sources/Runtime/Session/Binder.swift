/// Binds a run of nodes to concrete shapes: decides what each node is — constant, view, kernel — and where values lie.
struct Binder {
  let model: Model
  let environment: BindingEnvironment
  let choices: KernelChoices
  var state: InferredTypes
  var parts = ProgramParts()
  var work: [WorkItem] = []
  var locations: [ValueID: Location] = [:]
  var buffers: [Buffer] = []

  var stepNodes: [(inputs: [ValueID?], outputs: [ValueID?])] = []
  var copySlots: [(location: Location, slot: Int, output: Int)] = []

  struct WorkItem {
    let node: Int
    let bound: BoundNode
  }

  init(_ model: Model, environment: BindingEnvironment, choices: KernelChoices) {
    self.model = model
    self.environment = environment
    self.choices = choices
    state = model.baseState
  }

  var graph: Graph { model.graph }

  /// - Parameter liveIn: Concrete types of the tensors that exist before node `start`, inputs first.
  mutating func bind(
    from start: Int, liveIn: [(id: ValueID, type: TensorType)], known: [ValueID: Tensor], signature: [Int]
  ) throws(RunError) -> Program {
    parts.signature = signature
    parts.firstNode = start
    parts.inputs = liveIn.map(\.id)
    parts.inputTypes = liveIn.map(\.type)
    for (i, entry) in liveIn.enumerated() {
      state.types[entry.id.index] = .tensor(entry.type)
      locations[entry.id] = Location(buffer: Buffer(.input(i), byteCount: entry.type.byteCount, step: 0), offset: 0)
    }
    for (id, tensor) in known { fold(tensor, into: id) }
    do throws(OperatorError) { try selectNodes(from: start) } catch { throw .node(error) }
    place()
    finish()
    return Program(parts)
  }

  // MARK: Which nodes run

  /// Walks the nodes until the end or one whose result types only running it reveals.
  mutating func selectNodes(from start: Int) throws(OperatorError) {
    for i in start..<graph.nodes.count {
      parts.endNode = i
      let node = graph.nodes[i]
      try graph.infer(node, &state)
      if foldNode(node) { continue }
      guard let bound = boundNode(node, i) else { return }
      if bound.outputs.allSatisfy({ $0.count == 0 }) {
        for (id, output) in zip(node.outputs, bound.outputs) { defineEmpty(id, output) }
        continue
      }
      work.append(WorkItem(node: i, bound: bound))
    }
    parts.endNode = graph.nodes.count
  }

  mutating func fold(_ tensor: Tensor, into id: ValueID) {
    state.folded[id] = tensor
    state.types[id.index] = .tensor(tensor.type)
    state.values[id.index] = SymbolicTensor(tensor)
    let buffer = Buffer(.constant(tensor), byteCount: tensor.byteCount, step: 0)
    locations[id] = Location(buffer: buffer, offset: 0)
  }

  mutating func defineEmpty(_ id: ValueID, _ output: BoundOperand) {
    if let tensor = try? Tensor(element: output.element, shape: output.shape) { fold(tensor, into: id) }
  }

  /// Largest result computed while binding, in elements.
  static let foldLimit = 1 << 18

  /// Computes a node now if its results depend on nothing but shapes and constants.
  mutating func foldNode(_ node: Node) -> Bool {
    let known = node.outputs.map { state.values[$0.index]?.tensor }
    if known.allSatisfy({ $0 != nil }) {
      for (id, tensor) in zip(node.outputs, known) { if let tensor { fold(tensor, into: id) } }
      return true
    }
    let operands = node.inputs.map { $0.map { graph.constants[$0] ?? state.folded[$0] } }
    guard node.op.isDeterministic, operands.allSatisfy({ operand in operand.map { $0 != nil } ?? true }) else {
      return false
    }
    let sizes = node.outputs.map { state.types[$0.index].concreteTensor?.elementCount ?? 0 }
    guard sizes.allSatisfy({ $0 <= Self.foldLimit }) else { return false }
    let values = operands.map { operand in (operand ?? nil).map { Value.tensor($0) } }
    let context = EvaluationContext(node: node.name, resultCount: node.outputs.count)
    guard let results = try? node.op.evaluate(values, context), results.count >= node.outputs.count else {
      return false
    }
    let tensors = results.prefix(node.outputs.count).compactMap(\.tensor)
    guard tensors.count == node.outputs.count else { return false }
    for (id, tensor) in zip(node.outputs, tensors) { fold(tensor, into: id) }
    return true
  }

  func boundNode(_ node: Node, _ index: Int) -> BoundNode? {
    var inputs: [BoundOperand?] = []
    for id in node.inputs {
      guard let id else {
        inputs.append(nil)
        continue
      }
      guard let operand = boundOperand(id) else { return nil }
      inputs.append(operand)
    }
    var outputs: [BoundOperand] = []
    for id in node.outputs {
      guard let operand = boundOperand(id) else { return nil }
      outputs.append(operand)
    }
    return BoundNode(name: node.name, inputs: inputs, outputs: outputs, environment: environment)
  }

  func boundOperand(_ id: ValueID) -> BoundOperand? {
    guard let type = state.types[id.index].concreteTensor, type.element != .string,
      let shape = type.shape.constants, isBearable(type.element, shape)
    else { return nil }
    if let constant = graph.constants[id] {
      return BoundOperand(
        element: type.element, shape: shape, layout: .rowMajor, constant: constant, constantID: ConstantID(id.index))
    }
    if let constant = state.folded[id] {
      return BoundOperand(element: type.element, shape: shape, layout: .rowMajor, constant: constant)
    }
    let declared = graph.type(id).tensor
    let layout = declared?.rank == shape.count ? declared?.layout ?? .rowMajor : .rowMajor
    return BoundOperand(element: type.element, shape: shape, layout: layout)
  }

  /// Whether memory can hold such a tensor. One that it cannot is left to the host, which says so.
  private func isBearable(_ element: ElementType, _ shape: [Int]) -> Bool {
    guard let count = try? Tensor.elementCount(of: shape) else { return false }
    return element.byteCount(elements: count).map { $0 <= Tensor.byteLimit } ?? false
  }

  // MARK: Where values lie

  mutating func place() {
    let liveOut = liveOutValues()
    let last = lastReaders(liveOut)
    for (position, item) in work.enumerated() {
      let node = graph.nodes[item.node]
      let views = (node.op as? any ViewOperator)?.view(inputs: item.bound.inputs, outputs: item.bound.outputs)
      if let views, placeViews(views, node, item) { continue }
      let (kernel, name) = makeKernel(item)
      placeOutputs(node, position, kernel, last)
      if views?.contains(.gatherOfOperands) == true { embedOperands(node, item) }
      addStep(kernel, name, node, item)
    }
    bindOutputs(liveOut)
  }

  /// Values computed here that something after this program, or the caller, reads.
  func liveOutValues() -> [ValueID] {
    let isFinal = parts.endNode == graph.nodes.count
    if isFinal { return graph.outputs }
    var result: [ValueID] = []
    for item in work {
      for id in graph.nodes[item.node].outputs where model.lastUse[id.index] >= parts.endNode { result.append(id) }
    }
    return result
  }

  /// For each value, the index in `work` of the last item that reads it.
  func lastReaders(_ liveOut: [ValueID]) -> [ValueID: Int] {
    var result: [ValueID: Int] = [:]
    for (i, item) in work.enumerated() {
      for case let id? in graph.nodes[item.node].inputs { result[id] = i }
    }
    for id in liveOut { result[id] = Int.max }
    return result
  }

  mutating func placeViews(_ views: [ViewKind], _ node: Node, _ item: WorkItem) -> Bool {
    var results: [(ValueID, Location)] = []
    for (id, view) in zip(node.outputs, views) {
      guard case .view(let input, let offset) = view, let source = node.inputs[input],
        let at = locations[source] ?? constantLocation(source)
      else { return false }
      results.append((id, Location(buffer: at.buffer, offset: at.offset + offset)))
    }
    for (id, location) in results { define(id, at: location) }
    return true
  }

  func constantLocation(_ id: ValueID) -> Location? {
    graph.constants[id].map { Location(buffer: Buffer(.constant($0), byteCount: $0.byteCount, step: 0), offset: 0) }
  }

  mutating func placeOutputs(_ node: Node, _ position: Int, _ kernel: any Kernel, _ last: [ValueID: Int]) {
    let step = parts.steps.count
    for case let id? in node.inputs { locations[id]?.buffer.root.buffer.extend(to: step) }
    for (i, id) in node.outputs.enumerated() {
      let bytes = work[position].bound.outputs[i].byteCount
      let pair = kernel.inPlacePairs.first { $0.output == i && canShare($0, kernel, node, bytes, position, last) }
      if let pair, let source = node.inputs[pair.input], let location = locations[source] {
        define(id, at: location)
        location.buffer.extend(to: step)
        continue
      }
      let buffer = Buffer(.arena, byteCount: max(bytes, 1), step: step)
      buffers.append(buffer)
      define(id, at: Location(buffer: buffer, offset: 0))
    }
  }

  mutating func define(_ id: ValueID, at location: Location) {
    locations[id] = location
    location.buffer.root.buffer.residents.append(id)
  }

  /// Whether the result may overwrite the pair's operand: it dies here, it is the whole of an arena buffer, no other value
  /// still to be read lies in that buffer, and the kernel can share every operand of this node that does.
  func canShare(
    _ pair: InPlacePair, _ kernel: any Kernel, _ node: Node, _ bytes: Int, _ position: Int, _ last: [ValueID: Int]
  ) -> Bool {
    guard pair.input < node.inputs.count, let id = node.inputs[pair.input], let location = locations[id] else {
      return false
    }
    let buffer = location.buffer
    guard location.offset == 0, buffer.parent == nil, buffer.isArena, buffer.byteCount == bytes else { return false }
    return buffer.residents.allSatisfy { other in
      guard (last[other] ?? -1) <= position, !node.outputs.contains(other) else { return false }
      let uses = node.inputs.indices.filter { node.inputs[$0] == other }
      return uses.isEmpty
        || sharesAllBytes(other, id)
          && uses.allSatisfy { kernel.inPlacePairs.contains(InPlacePair(input: $0, output: pair.output)) }
    }
  }

  func sharesAllBytes(_ a: ValueID, _ b: ValueID) -> Bool {
    locations[a]?.offset == locations[b]?.offset
      && state.types[a.index].concreteTensor?.byteCount == state.types[b.index].concreteTensor?.byteCount
  }

  mutating func embedOperands(_ node: Node, _ item: WorkItem) {
    guard let target = node.outputs.first.flatMap({ locations[$0] }) else { return }
    var offset = 0
    var seen: Set<ObjectIdentifier> = []
    for (i, operand) in item.bound.inputs.enumerated() {
      guard let operand, let id = node.inputs[i] else { continue }
      defer { offset += operand.byteCount }
      guard let location = locations[id], location.offset == 0, location.buffer.isArena, location.buffer.parent == nil,
        location.buffer.byteCount == operand.byteCount, location.buffer !== target.buffer,
        seen.insert(ObjectIdentifier(location.buffer)).inserted, offset % TensorStorage.alignment == 0
      else { continue }
      location.buffer.embed(in: target.buffer, at: offset)
    }
  }

  mutating func addStep(_ kernel: any Kernel, _ name: String, _ node: Node, _ item: WorkItem) {
    parts.steps.append(
      Program.Step(kernel: kernel, firstOperand: parts.slotCount, node: item.node, kernelName: name))
    parts.slotCount += node.inputs.count + node.outputs.count
    stepNodes.append((node.inputs, node.outputs.map { $0 }))
  }
}
