import MassRuntime
import OneDNNShim

extension Conv {
  func oneDNNOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let problem = ConvolutionProblem(node, groups: groups, epilogue: epilogue, isTransposed: false),
      let window = resolved(input: problem.inputExtents, kernel: problem.kernelExtents).map(mass_dnnl_window.init)
    else { return [] }
    return [
      KernelOffer("") { problem.kernel(window, nil) },
      KernelOffer("jit") { problem.kernel(window, "jit:avx512_core") },
    ]
  }
}

extension ConvTranspose {
  func oneDNNOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let problem = ConvolutionProblem(node, groups: groups, epilogue: epilogue, isTransposed: true),
      let window = adjoint(input: problem.inputExtents, kernel: problem.kernelExtents).map(mass_dnnl_window.init)
    else { return [] }
    return [KernelOffer("") { problem.kernel(window, nil) }]
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

/// A convolution, forward or transposed, in oneDNN's words.
struct ConvolutionProblem {
  let node: BoundNode
  let posts: Posts
  let isTransposed: Bool
  private let source: mass_dnnl_tensor
  private let destination: mass_dnnl_tensor
  private let bias: mass_dnnl_tensor
  /// The weights as they are, with oneDNN's axes (groups apart, output channels first).
  private let plainWeights: mass_dnnl_tensor
  private let anyWeights: mass_dnnl_tensor

  var inputExtents: [Int] { Array(node.inputs[0]?.shape.dropFirst(2) ?? []) }
  var kernelExtents: [Int] { Array(node.inputs[1]?.shape.dropFirst(2) ?? []) }

  init?(_ node: BoundNode, groups: Int, epilogue: Epilogue, isTransposed: Bool) {
    guard node.isAll(.float32), let x = node.input(0), let w = node.input(1), (3...5).contains(x.rank), x.count > 0,
      let posts = Posts(epilogue, node, sums: true), let source = mass_dnnl_tensor(x), let destination = mass_dnnl_tensor(node.outputs[0])
    else { return nil }
    let channels = node.outputs[0].shape[1]
    let (shape, strides) = Self.weightAxes(w, groups: groups, channels: channels, isTransposed: isTransposed)
    guard let plain = mass_dnnl_tensor(.float32, shape, strides: strides), let any = mass_dnnl_tensor.any(.float32, shape)
    else { return nil }
    if node.input(2) != nil {
      guard let tensor = mass_dnnl_tensor(.float32, [channels], strides: [1]) else { return nil }
      bias = tensor
    } else {
      bias = .absent
    }
    (self.node, self.posts, self.isTransposed) = (node, posts, isTransposed)
    (self.source, self.destination, plainWeights, anyWeights) = (source, destination, plain, any)
  }

  /// ONNX's weights [M, C/g, k…], or [C, M/g, k…] when transposed, as oneDNN's [g, M/g, C/g, k…] by strides.
  private static func weightAxes(
    _ w: BoundOperand, groups: Int, channels: Int, isTransposed: Bool
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

  func kernel(_ window: mass_dnnl_window, _ implementation: String?) -> (any Kernel)? {
    let isConstant = node.inputs[1]?.constant != nil
    let description = mass_dnnl_convolution(
      algorithm: MASS_DNNL_DIRECT, source: source, weights: isConstant ? anyWeights : plainWeights, bias: bias,
      destination: destination, window: window)
    let made = unsafe Primitive(posts: posts.list, implementation: implementation, threads: node.threads) { options, result in
      var copy = description
      return unsafe isTransposed
        ? mass_dnnl_create_deconvolution(&copy, options, result) : mass_dnnl_create_convolution(&copy, options, result)
    }
    guard let primitive = made else { return nil }
    var sources: [PrimitiveKernel.Source] = [.operand(0)]
    if isConstant, let w = node.inputs[1] {
      guard let wanted = primitive.operand(1),
        let packed = packedConstant(w, as: plainWeights, to: wanted, node.environment)
      else { return nil }
      sources.append(.constant(packed))
    } else {
      sources.append(.operand(1))
    }
    if node.input(2) != nil { sources.append(.operand(2)) }
    sources += posts.operands.map { .operand($0) }
    sources.append(.operand(node.inputs.count))
    return PrimitiveKernel(primitive, sources, node: node, addend: posts.addend)
  }
}
