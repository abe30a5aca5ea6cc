extension Binder {
  /// Gives each live-out value the memory of an output; where a value lies elsewhere already, a copy is added.
  mutating func bindOutputs(_ liveOut: [ValueID]) {
    var taken: Set<ObjectIdentifier> = []
    for id in liveOut where !isCarriedOver(id) {
      // Strings lie in no arena: the caller takes them from the constants.
      guard let type = concreteType(id), type.element != .string else { continue }
      let index = parts.outputs.count
      parts.outputs.append(id)
      parts.outputTypes.append(type)
      guard let location = locations[id] ?? constantLocation(id) else { continue }
      let buffer = location.buffer
      if location.offset == 0, buffer.parent == nil, buffer.isArena, buffer.byteCount == type.byteCount,
        taken.insert(ObjectIdentifier(buffer)).inserted
      {
        buffer.place = .output(index)
      } else {
        addCopy(from: location, type, to: index)
      }
    }
  }

  /// Between programs, folded values travel by themselves; at the end everything is an output.
  func isCarriedOver(_ id: ValueID) -> Bool {
    guard parts.endNode < graph.nodes.count else { return false }
    return state.folded[id] != nil
  }

  func concreteType(_ id: ValueID) -> TensorType? {
    guard var type = state.types[id.index].concreteTensor else { return nil }
    if let declared = graph.type(id).tensor, declared.rank == type.rank { type.layout = declared.layout }
    return type
  }

  mutating func addCopy(from location: Location, _ type: TensorType, to output: Int) {
    let step = parts.steps.count
    location.buffer.root.buffer.extend(to: step)
    let kernel = CopyKernel(byteCount: type.byteCount)
    parts.steps.append(
      Program.Step(kernel: kernel, firstOperand: parts.slotCount, node: -1, kernelName: CopyKernel.name))
    copySlots.append((location, parts.slotCount, output))
    parts.slotCount += 2
    stepNodes.append(([], []))
  }

  /// Lays out the arena and fills the list of addresses to patch.
  mutating func finish() {
    parts.arenaBytes = ArenaLayout.assign(buffers.filter { $0.isArena && $0.parent == nil })
    for (step, operands) in zip(parts.steps, stepNodes) {
      for (i, id) in (operands.inputs + operands.outputs).enumerated() {
        guard let id else { continue }
        if let location = locations[id] ?? constantLocation(id) { addSlot(step.firstOperand + i, location) }
      }
    }
    for copy in copySlots {
      addSlot(copy.slot, copy.location)
      parts.outputSlots.append(Program.Slot(index: copy.slot + 1, source: copy.output, offset: 0))
    }
    for (id, tensor) in state.folded where model.lastUse[id.index] >= parts.endNode { parts.folded[id] = tensor }
  }

  mutating func addSlot(_ index: Int, _ location: Location) {
    let (buffer, offset) = location.resolved
    switch buffer.place {
    case .arena:
      parts.arenaSlots.append(Program.Slot(index: index, source: 0, offset: buffer.arenaOffset + offset))
    case .input(let source): parts.inputSlots.append(Program.Slot(index: index, source: source, offset: offset))
    case .output(let source): parts.outputSlots.append(Program.Slot(index: index, source: source, offset: offset))
    case .constant(let tensor): parts.constantSlots.append((index: index, tensor: tensor, offset: offset))
    }
  }
}

extension TensorType {
  /// Elements of a concrete type; zero when symbolic or beyond counting.
  var elementCount: Int { shape.constants.flatMap { try? Tensor.elementCount(of: $0) } ?? 0 }

  /// Bytes of a concrete type.
  public var byteCount: Int { element.byteCount(elements: elementCount) ?? 0 }
}
