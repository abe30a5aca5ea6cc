import MassRuntime
import OneDNNShim

/// A convolution, forward or transposed, in oneDNN's words.
struct ConvolutionProblem {
  let node: BoundNode
  let epilogue: Epilogue
  let groups: Int
  let window: mass_dnnl_window
  let isTransposed: Bool
  let source: mass_dnnl_tensor
  let destination: mass_dnnl_tensor
  private let bias: mass_dnnl_tensor
  /// The weights as they are, with oneDNN's axes: groups apart, output channels first.
  private let plainWeights: mass_dnnl_tensor
  private let anyWeights: mass_dnnl_tensor

  /// - Parameter window: Resolves the window for the extents of input and weights.
  init?(
    _ node: BoundNode, groups: Int, epilogue: Epilogue, isTransposed: Bool,
    window resolve: (_ input: [Int], _ kernel: [Int]) -> ResolvedWindow?
  ) {
    guard node.isAll(.float32), let x = node.input(0), let w = node.input(1), (3...5).contains(x.rank), x.count > 0,
      w.count > 0, let source = mass_dnnl_tensor(x), let destination = mass_dnnl_tensor(node.outputs[0]),
      let window = resolve(Array(x.shape.dropFirst(2)), Array(w.shape.dropFirst(2)))
    else { return nil }
    let channels = node.outputs[0].shape[1]
    let (shape, strides) = Self.weightAxes(w, groups: groups, isTransposed: isTransposed)
    guard let plain = mass_dnnl_tensor(.float32, shape, strides: strides),
      let any = mass_dnnl_tensor.any(.float32, shape)
    else { return nil }
    if node.input(2) != nil {
      guard let tensor = mass_dnnl_tensor(.float32, [channels], strides: [1]) else { return nil }
      bias = tensor
    } else {
      bias = .absent
    }
    (self.node, self.epilogue, self.groups, self.isTransposed) = (node, epilogue, groups, isTransposed)
    (self.source, self.destination, plainWeights, anyWeights) = (source, destination, plain, any)
    self.window = mass_dnnl_window(window)
  }

  /// ONNX's weights [M, C/g, k…], or [C, M/g, k…] when transposed, as oneDNN's [g, M/g, C/g, k…] by strides.
  private static func weightAxes(
    _ w: BoundOperand, groups: Int, isTransposed: Bool
  ) -> (shape: [Int], strides: [Int]) {
    let strides = Strides.rowMajor(w.shape)
    let kernel = Array(w.shape.dropFirst(2))
    let kernelStrides = Array(strides.dropFirst(2))
    let (outer, inner) = (w.shape[0] / groups, w.shape[1])
    let lead = groups > 1 ? [groups] : []
    let leadStrides = groups > 1 ? [outer * strides[0]] : []
    if isTransposed {
      return (lead + [inner, outer] + kernel, leadStrides + [strides[1], strides[0]] + kernelStrides)
    }
    return (lead + [outer, inner] + kernel, leadStrides + [strides[0], strides[1]] + kernelStrides)
  }

  var inputChannels: Int { node.inputs[0]?.shape[1] ?? 0 }
  var outputChannels: Int { node.outputs[0].shape[1] }
  var kernelExtents: [Int] { Array(node.inputs[1]?.shape.dropFirst(2) ?? []) }
  var isDepthwise: Bool { groups > 1 && groups == inputChannels && groups == outputChannels }
  var output: Int { node.inputs.count }
  var hasConstantWeights: Bool { node.inputs[1]?.constant != nil }

  // MARK: The epilogue

  /// The epilogue as post-operations, a residual that lies as the result does being added in place.
  ///
  /// - Returns: nil where an operand broadcasts otherwise than by channel: the library's `gemm:jit` then reads the wrong
  ///   elements of channels-last results.
  var fusedPosts: Posts? {
    let isSound = epilogue.steps.allSatisfy { step in
      guard case .binary(_, let i) = step, let input = node.input(i) else { return true }
      let shape = Array(repeating: 1, count: max(node.outputs[0].rank - input.rank, 0)) + input.shape
      return shape == node.outputs[0].shape || input.count == 1 || input.count == shape[1]
    }
    return isSound ? Posts(epilogue, isAddend: isAddend, operand: operand) : nil
  }

  /// The epilogue as steps that can run by themselves.
  var separatePosts: Posts? { Posts(epilogue, isAddend: { _ in false }, operand: operand) }

  private func isAddend(_ i: Int) -> Bool {
    guard let input = node.input(i) else { return false }
    let result = node.outputs[0]
    return input.shape == result.shape && input.constant == nil
      && (input.layout == result.layout || input.memoryOrder == result.memoryOrder)
  }

  /// An operand that broadcasts into the result. Constants are laid out as the result is.
  private func operand(_ i: Int) -> Posts.Operand? {
    let result = node.outputs[0]
    guard let input = node.input(i), input.rank <= result.rank else { return nil }
    let shape = Array(repeating: 1, count: result.rank - input.rank) + input.shape
    let layout = input.rank == result.rank ? input.layout : .rowMajor
    guard let tensor = mass_dnnl_tensor(.float32, shape, strides: layout.strides(shape)) else { return nil }
    guard input.constant != nil, let wanted = mass_dnnl_tensor(.float32, shape, strides: result.layout.strides(shape)),
      let packed = packedConstant(input, as: tensor, to: wanted, node.environment)
    else { return Posts.Operand(tensor: tensor, source: .operand(i)) }
    return Posts.Operand(tensor: wanted, source: .constant(packed))
  }

  // MARK: Primitives

  func primitive(
    _ posts: Posts, algorithm: mass_dnnl_convolution_algorithm = MASS_DNNL_DIRECT, source: mass_dnnl_tensor? = nil,
    destination: mass_dnnl_tensor? = nil, implementation: String? = nil, acceptsReference: Bool = false
  ) -> Primitive? {
    let description = mass_dnnl_convolution(
      algorithm: algorithm, source: source ?? self.source, weights: anyWeights, bias: bias,
      destination: destination ?? self.destination, window: window)
    return unsafe Primitive(
      posts: posts.list, implementation: implementation, threads: node.threads, acceptsReference: acceptsReference
    ) { options, result in
      var copy = description
      return unsafe isTransposed
        ? mass_dnnl_create_deconvolution(&copy, options, result) : mass_dnnl_create_convolution(&copy, options, result)
    }
  }

  /// Where `primitive` finds its weights: constants are packed once, others before each run.
  func weights(_ primitive: Primitive, _ stages: inout [Stage], _ scratch: inout ScratchPlan) -> Stage.Source? {
    guard let w = node.inputs[1], let wanted = primitive.operand(1) else { return nil }
    if w.constant != nil {
      return packedConstant(w, as: plainWeights, to: wanted, node.environment).map { .constant($0) }
    }
    if plainWeights.encoded == wanted.encoded, !wanted.encoded.isEmpty { return .operand(1) }
    guard let reorder = Primitive.reorder(plainWeights, wanted, threads: node.threads) else { return nil }
    let buffer = scratch.reserve(wanted.byteCount)
    stages.append(Stage(reorder, [.operand(1), buffer]))
    return buffer
  }

  /// The sources of a convolution primitive between those of its input and of its result.
  func middle(_ weights: Stage.Source, _ posts: Posts) -> [Stage.Source] {
    [weights] + (node.input(2) != nil ? [.operand(2)] : []) + posts.operands
  }
}

extension mass_dnnl_window {
  init(_ window: ResolvedWindow) {
    self.init()
    let count = min(window.kernel.count, 3)
    func triple(_ values: [Int], _ fill: Int64) -> (Int64, Int64, Int64) {
      let v = (0..<3).map { $0 < count ? Int64(values[$0]) : fill }
      return (v[0], v[1], v[2])
    }
    kernel = triple(window.kernel, 1)
    stride = triple(window.strides, 1)
    dilation = triple(window.dilations, 1)
    pad_begin = triple(window.padsBegin, 0)
    // What the output's extent implies: with ceiling mode the last window reaches further than the stated padding.
    pad_end = triple(
      (0..<count).map { i in
        (window.output[i] - 1) * window.strides[i] + (window.kernel[i] - 1) * window.dilations[i] + 1 - window.input[i]
          - window.padsBegin[i]
      }, 0)
  }
}
