import MassRuntime
import OneDNNShim

extension LSTM {
  func oneDNNOffers(_ node: BoundNode) -> [KernelOffer] {
    guard !couplesInputAndForget, attributes.isStandard([.sigmoid, .tanh, .tanh]) else { return [] }
    // ONNX's gates are input, output, forget, cell; oneDNN's input, forget, cell, output.
    let problem = Recurrence(node, attributes, cell: MASS_DNNL_CELL_LSTM, gateOrder: [0, 2, 3, 1])
    return problem.map { problem in [KernelOffer("") { problem.kernel() }] } ?? []
  }
}

extension GRU {
  func oneDNNOffers(_ node: BoundNode) -> [KernelOffer] {
    guard attributes.isStandard([.sigmoid, .tanh]) else { return [] }
    let cell = linearBeforeReset ? MASS_DNNL_CELL_LBR_GRU : MASS_DNNL_CELL_GRU
    let problem = Recurrence(node, attributes, cell: cell, gateOrder: [0, 1, 2])
    return problem.map { problem in [KernelOffer("") { problem.kernel() }] } ?? []
  }
}

extension RNN {
  func oneDNNOffers(_ node: BoundNode) -> [KernelOffer] {
    let isRelu = attributes.isStandard([.relu])
    guard isRelu || attributes.isStandard([.tanh]) else { return [] }
    let activation = isRelu ? MASS_DNNL_RELU : MASS_DNNL_TANH
    let problem = Recurrence(node, attributes, cell: MASS_DNNL_CELL_RNN, gateOrder: [0], activation: activation)
    return problem.map { problem in [KernelOffer("") { problem.kernel() }] } ?? []
  }
}

extension RecurrentAttributes {
  /// Whether each direction has these activations, and nothing is clipped.
  fileprivate func isStandard(_ functions: [UnaryFunction]) -> Bool {
    let all = (0..<directions).flatMap { _ in functions }
    return clip == nil && Array(activations.prefix(all.count)) == all
  }

  fileprivate var oneDNNDirection: mass_dnnl_direction {
    switch direction {
    case .forward: MASS_DNNL_FORWARD
    case .reverse: MASS_DNNL_REVERSE
    case .bidirectional: MASS_DNNL_BIDIRECTIONAL
    }
  }
}

/// A recurrent layer with constant weights in oneDNN's words.
private struct Recurrence {
  private let node: BoundNode
  private let attributes: RecurrentAttributes
  private let cell: mass_dnnl_cell
  /// For each of oneDNN's gates, which one of ONNX's it is.
  private let gateOrder: [Int]
  private let activation: mass_dnnl_eltwise_algorithm
  private let steps: Int
  private let batch: Int
  private let inputSize: Int

  init?(
    _ node: BoundNode, _ attributes: RecurrentAttributes, cell: mass_dnnl_cell, gateOrder: [Int],
    activation: mass_dnnl_eltwise_algorithm = MASS_DNNL_TANH
  ) {
    guard let x = node.input(0), x.rank == 3, x.count > 0, node.outputs[0].count > 0 else { return nil }
    (self.node, self.attributes, self.cell) = (node, attributes, cell)
    (self.gateOrder, self.activation) = (gateOrder, activation)
    (steps, batch) = attributes.isBatchFirst ? (x.shape[1], x.shape[0]) : (x.shape[0], x.shape[1])
    inputSize = x.shape[2]
    guard isSuitable else { return nil }
  }

  /// Single precision, row-major, weights known, every sequence of full length. With the batch first, only a batch of one
  /// lies in memory as oneDNN wants it.
  private var isSuitable: Bool {
    let floats = node.inputs.enumerated().allSatisfy { i, operand in
      guard let operand else { return true }
      return i == 4 || operand.element == .float32 && operand.isPlain
    }
    let weights = [1, 2, 3, 7].allSatisfy { i in node.input(i).map { $0.constant != nil } ?? true }
    let lengths = node.input(4)
    let isFull = lengths == nil || lengths?.constant?.integers().allSatisfy { $0 == steps } ?? false
    return floats && weights && isFull && (!attributes.isBatchFirst || batch == 1)
      && node.outputs.allSatisfy { $0.element == .float32 && $0.isPlain }
  }

  private var directions: Int { attributes.directions }
  private var hidden: Int { attributes.hiddenSize }
  private var isLSTM: Bool { cell == MASS_DNNL_CELL_LSTM }
  private var stateShape: [Int] { [1, directions, batch, hidden] }

  func kernel() -> (any Kernel)? {
    // Either both states of an LSTM are given to oneDNN, or none.
    let startsGiven = node.input(5) != nil || isLSTM && node.input(6) != nil
    let endsWanted = node.outputs.count > 1
    guard let description = description(startsGiven: startsGiven, endsWanted: endsWanted) else { return nil }
    let made = unsafe Primitive(threads: node.threads, acceptsReference: true) { options, result in
      var copy = description
      return unsafe mass_dnnl_create_recurrence(&copy, options, result)
    }
    guard let primitive = made else { return nil }
    var scratch = ScratchPlan()
    var sources: [Stage.Source] = [.operand(0)]
    if startsGiven {
      guard let starts = starts() else { return nil }
      sources += starts
    }
    guard let weights = weights(primitive, at: sources.count) else { return nil }
    sources += weights
    let result = interleaves ? scratch.reserve(node.outputs[0].byteCount) : .operand(node.inputs.count)
    sources.append(result)
    if endsWanted { sources += ends(&scratch) }
    guard let after = interleaving(result) else { return nil }
    return PrimitiveKernel([Stage(primitive, sources)] + after, node: node, bufferBytes: scratch.byteCount)
  }

  private func description(startsGiven: Bool, endsWanted: Bool) -> mass_dnnl_recurrence? {
    let gates = gateOrder.count
    let biasGates = cell == MASS_DNNL_CELL_LBR_GRU ? 4 : gates
    guard let source = plain([steps, batch, inputSize]), let state = plain(stateShape),
      let weights = mass_dnnl_tensor.any(.float32, [1, directions, inputSize, gates, hidden]),
      let recurrent = mass_dnnl_tensor.any(.float32, [1, directions, hidden, gates, hidden]),
      let bias = plain([1, directions, biasGates, hidden]), let peephole = plain([1, directions, 3, hidden]),
      let destination = plain([steps, batch, directions * hidden])
    else { return nil }
    var description = mass_dnnl_recurrence()
    (description.cell, description.direction) = (cell, attributes.oneDNNDirection)
    description.activation = activation
    description.source = source
    if startsGiven { description.initial_hidden = state }
    if startsGiven && isLSTM { description.initial_cell = state }
    (description.weights, description.recurrent_weights, description.bias) = (weights, recurrent, bias)
    if node.input(7) != nil { description.peephole = peephole }
    description.destination = destination
    if endsWanted { description.final_hidden = state }
    if endsWanted && isLSTM { description.final_cell = state }
    return description
  }

  private func plain(_ shape: [Int]) -> mass_dnnl_tensor? {
    mass_dnnl_tensor(.float32, shape, strides: Strides.rowMajor(shape))
  }

  // MARK: States and results

  private func starts() -> [Stage.Source]? {
    var sources: [Stage.Source] = []
    for i in isLSTM ? [5, 6] : [5] {
      if node.input(i) != nil {
        sources.append(.operand(i))
      } else {
        guard let zeros = try? Tensor(element: .float32, shape: stateShape) else { return nil }
        sources.append(.constant(zeros))
      }
    }
    return sources
  }

  private func ends(_ scratch: inout ScratchPlan) -> [Stage.Source] {
    let first = node.inputs.count
    guard isLSTM else { return [.operand(first + 1)] }
    let cell = node.outputs.count > 2 ? .operand(first + 2) : scratch.reserve(stateShape.reduce(4, *))
    return [.operand(first + 1), cell]
  }

  /// oneDNN puts both directions of one batch entry side by side, ONNX those of one direction.
  private var interleaves: Bool { directions == 2 && batch > 1 }

  private func interleaving(_ source: Stage.Source) -> [Stage]? {
    guard interleaves else { return [] }
    let shape = [steps, batch, 2, hidden]
    let target = [2 * batch * hidden, hidden, batch * hidden, 1]
    guard let from = plain(shape), let to = mass_dnnl_tensor(.float32, shape, strides: target),
      let reorder = Primitive.reorder(from, to, threads: node.threads)
    else { return nil }
    return [Stage(reorder, [source, .operand(node.inputs.count)])]
  }

  // MARK: Weights

  /// Weights, recurrent weights, peepholes and bias, the first being operand `index` of the primitive.
  private func weights(_ primitive: Primitive, at index: Int) -> [Stage.Source]? {
    var sources: [Stage.Source] = []
    for (offset, width) in [inputSize, hidden].enumerated() {
      guard let operand = node.inputs[1 + offset], let wanted = primitive.operand(index + offset),
        let packed = packed(operand, width: width, to: wanted)
      else { return nil }
      sources.append(.constant(packed))
    }
    if let operand = node.input(7)?.constant {
      guard let peephole = permuted(operand, rows: [0, 2, 1], width: hidden) else { return nil }
      sources.append(.constant(peephole))
    }
    guard let bias = bias() else { return nil }
    return sources + [.constant(bias)]
  }

  /// ONNX's [D, G·H, width] as oneDNN's [1, D, width, G, H].
  private func packed(_ operand: BoundOperand, width: Int, to wanted: mass_dnnl_tensor) -> Tensor? {
    let gates = gateOrder.count
    let strides = [operand.count, gates * hidden * width, 1, hidden * width, width]
    guard let plain = mass_dnnl_tensor(.float32, [1, directions, width, gates, hidden], strides: strides) else {
      return nil
    }
    let isOrdered = gateOrder == Array(gateOrder.indices)
    return packedConstant(
      operand, as: plain, to: wanted, node.environment, format: isOrdered ? "onednn" : "onednn.lstm",
      arrange: isOrdered ? nil : { permuted($0, rows: gateOrder, width: hidden * width) })
  }

  /// Blocks of `width` numbers of each direction in another order.
  private func permuted(_ tensor: Tensor, rows: [Int], width: Int) -> Tensor? {
    let values = tensor.doubles()
    var result: [Double] = []
    result.reserveCapacity(values.count)
    for d in 0..<directions {
      for row in rows {
        let first = (d * rows.count + row) * width
        guard first + width <= values.count else { return nil }
        result += values[first..<first + width]
      }
    }
    return try? Tensor.make(.float32, tensor.shape, doubles: result)
  }

  /// The sums of input and recurrent bias; the hidden gate's two stay apart where a gate multiplies one of them.
  private func bias() -> Tensor? {
    let values = node.input(3)?.constant?.doubles()
    let rows = gateOrder.count * hidden
    var result: [Double] = []
    for d in 0..<directions {
      func at(_ half: Int, _ gate: Int, _ i: Int) -> Double { values?[(d * 2 + half) * rows + gate * hidden + i] ?? 0 }
      let split = cell == MASS_DNNL_CELL_LBR_GRU ? 2 : -1
      for gate in gateOrder {
        result += (0..<hidden).map { at(0, gate, $0) + (gate == split ? 0 : at(1, gate, $0)) }
      }
      if split >= 0 { result += (0..<hidden).map { at(1, split, $0) } }
    }
    return try? Tensor.make(.float32, [result.count], doubles: result)
  }
}
