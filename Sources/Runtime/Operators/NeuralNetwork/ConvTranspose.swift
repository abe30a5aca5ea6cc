/// Transposed convolution: the adjoint of `Conv` with respect to its input.
///
/// Operands: X [N, C, D…], W [C, M/groups, K…], an optional bias [M], then the operands of the epilogue.
public struct ConvTranspose: Operator, SlidingWindow {
  public static let name = "ConvTranspose"
  public static let arity = 2...64
  public var strides: [Int]
  public var dilations: [Int]
  public var padsBegin: [Int]
  public var padsEnd: [Int]
  public var autoPad: AutoPadding
  /// Extra extent at the end, per spatial axis; empty for none.
  public var outputPadding: [Int]
  /// Spatial extents of the result; padding then follows from them. nil: the extents follow from the padding.
  public var outputShape: [Int]?
  public var groups: Int
  public var epilogue: Epilogue

  public init(
    strides: [Int] = [], dilations: [Int] = [], padsBegin: [Int] = [], padsEnd: [Int] = [],
    autoPad: AutoPadding = .explicit, outputPadding: [Int] = [], outputShape: [Int]? = nil, groups: Int = 1,
    epilogue: Epilogue = Epilogue()
  ) {
    self.strides = strides
    self.dilations = dilations
    self.padsBegin = padsBegin
    self.padsEnd = padsEnd
    self.autoPad = autoPad
    self.outputPadding = outputPadding
    self.outputShape = outputShape
    self.groups = groups
    self.epilogue = epilogue
  }

  /// Operand index of the first epilogue operand.
  public static let firstEpilogueOperand = 3

  public var layoutPolicy: LayoutPolicy { .prefersChannelsLast }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let (x, w) = (try operands.realTensor(0), try operands.realTensor(1))
    guard x.element == w.element, x.rank >= 2, w.rank == x.rank else {
      throw operands.mismatch(expected: "X and W of one type and rank, at least 2", got: "\(x) and \(w)")
    }
    try operands.require([groups], in: 1...ReferenceLimit.attribute, "groups")
    try operands.requireEqual(x.shape[1], w.shape[0], "as many channels in X as in W")
    if let inputs = w.shape[0].constant, inputs % groups != 0 {
      throw operands.mismatch(expected: "input channels divisible by \(groups) groups", got: "\(inputs)")
    }
    let channels = w.shape[1] * Dimension(groups)
    try operands.requireOptional(2, x.element, [channels], "bias")
    let (input, kernel) = (Shape(x.shape.dropFirst(2)), Shape(w.shape.dropFirst(2)))
    try checkWindow(rank: input.count, kernel: kernel, operands)
    try checkOutputs(rank: input.count, operands)
    var spatial: Shape = []
    for axis in input.indices { spatial.append(try extent(axis, input[axis], kernel[axis], operands)) }
    let result = TensorType(x.element, [x.shape[0], channels] + spatial)
    try epilogue.check(operands, result: result)
    return [.tensor(result)]
  }

  /// The convolution this one is the adjoint of, for known extents: its `input` are our result's extents and its
  /// `output` our operand's. nil where attributes and extents do not fit.
  public func adjoint(input: [Int], kernel: [Int]) -> ResolvedWindow? {
    let operands = Operands(op: "", node: "", types: [], values: [], constants: [], resultCount: 1)
    var (result, begin, end): ([Int], [Int], [Int]) = ([], [], [])
    guard (try? checkWindow(rank: input.count, kernel: Shape(kernel), operands)) != nil else { return nil }
    for axis in input.indices {
      guard
        let extent = try? extent(axis, Dimension(input[axis]), Dimension(kernel[axis]), operands).constant
      else { return nil }
      let pads = pads(axis, extent: extent, full: full(axis, input[axis], kernel[axis]))
      result.append(extent)
      begin.append(pads.begin)
      end.append(pads.end)
    }
    return ResolvedWindow(
      input: result, kernel: kernel, output: input, strides: input.indices.map { stride($0) },
      dilations: input.indices.map { dilation($0) }, padsBegin: begin, padsEnd: end)
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let w = try context.tensor(operands, 1, for: Self.name)
    guard let window = adjoint(input: Array(x.shape.dropFirst(2)), kernel: Array(w.shape.dropFirst(2))) else {
      throw context.refusal(Self.name, expected: "a window that fits", got: "\(x.shape) and \(w.shape)")
    }
    var problem = ConvolutionReference(window: window, batch: x.shape[0], groups: groups)
    problem.inputChannels = w.shape[0] / groups
    problem.outputChannels = w.shape[1]
    let bias = context.optionalTensor(operands, 2)?.doubles()
    let values = problem.transposed(x.doubles(), w.doubles(), bias)
    let result = try context.checked(Self.name) { () throws(TensorError) in
      try Tensor.make(type.element, type.shape, doubles: values)
    }
    return [.tensor(try epilogue.apply(to: result, operands, context))]
  }
}

extension ConvTranspose {
  private func outputPad(_ axis: Int) -> Int { axis < outputPadding.count ? outputPadding[axis] : 0 }

  private func checkOutputs(rank: Int, _ operands: Operands) throws(OperatorError) {
    for list in [outputPadding, outputShape ?? []] where !list.isEmpty && list.count != rank {
      throw operands.mismatch(expected: "\(rank) entries of output padding and shape", got: "\(list.count)")
    }
    try operands.require(outputPadding, in: 0...ReferenceLimit.attribute, "output padding")
    try operands.require(outputShape ?? [], in: 0...ReferenceLimit.attribute, "output shape")
  }

  /// The extent before padding is cut off.
  private func full(_ axis: Int, _ input: Int, _ kernel: Int) -> Int {
    stride(axis) * max(input - 1, 0) + outputPad(axis) + (kernel - 1) * dilation(axis) + 1
  }

  private func extent(
    _ axis: Int, _ input: Dimension, _ kernel: Dimension, _ operands: Operands
  ) throws(OperatorError) -> Dimension {
    try operands.require([input.constant ?? 0], in: 0...ReferenceLimit.attribute, "spatial extents")
    if let outputShape { return Dimension(outputShape[axis]) }
    if autoPad == .sameUpper || autoPad == .sameLower { return input * Dimension(stride(axis)) }
    let cut = autoPad == .valid ? 0 : padBegin(axis) + padEnd(axis)
    let reach = (kernel - 1) * Dimension(dilation(axis)) + 1
    let extent = (input - 1) * Dimension(stride(axis)) + Dimension(outputPad(axis)) + reach - Dimension(cut)
    guard (extent.constant ?? 0) >= 0 else {
      throw operands.mismatch(expected: "padding smaller than the result", got: "\(cut) for extent \(extent)")
    }
    return extent
  }

  private func pads(_ axis: Int, extent: Int, full: Int) -> (begin: Int, end: Int) {
    if outputShape == nil, autoPad == .explicit { return (padBegin(axis), padEnd(axis)) }
    if outputShape == nil, autoPad == .valid { return (0, 0) }
    let total = max(full - extent, 0)
    return autoPad == .sameUpper ? (total / 2, total - total / 2) : (total - total / 2, total / 2)
  }
}
