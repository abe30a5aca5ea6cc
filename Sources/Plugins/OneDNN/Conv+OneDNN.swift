import MassRuntime
import OneDNNShim

extension Conv {
  func oneDNNOffers(_ node: BoundNode) -> [KernelOffer] {
    let problem = ConvolutionProblem(node, groups: groups, epilogue: epilogue, isTransposed: false) {
      resolved(input: $0, kernel: $1)
    }
    guard let problem else { return [] }
    let standard = KernelOffer("") { problem.kernel() }
    let generated = KernelOffer("jit") { problem.generatedKernel() }
    var offers = problem.prefersGenerated ? [generated, standard] : [standard, generated]
    if problem.suitsWinograd {
      offers.append(KernelOffer("winograd", exactness: .approximate(epsilon: 1e-4)) { problem.winogradKernel() })
    }
    return offers
  }
}

extension ConvTranspose {
  func oneDNNOffers(_ node: BoundNode) -> [KernelOffer] {
    let problem = ConvolutionProblem(node, groups: groups, epilogue: epilogue, isTransposed: true) {
      adjoint(input: $0, kernel: $1)
    }
    guard let problem else { return [] }
    return [KernelOffer("") { problem.kernel() }]
  }
}

extension ConvolutionProblem {
  /// The library's first implementation. Where it is slow with the epilogue, the steps run by themselves.
  func kernel() -> (any Kernel)? {
    kernel(implementation: nil, acceptsReference: false) ?? separateKernel(acceptsReference: false)
      ?? kernel(implementation: nil, acceptsReference: true) ?? separateKernel(acceptsReference: true)
  }

  /// Shapes for which the blocked generators beat the batched products (measured on AVX-512): depthwise, few input
  /// channels under a large window, and thin products.
  var prefersGenerated: Bool {
    let area = kernelExtents.reduce(1, *)
    if isDepthwise { return true }
    return groups == 1 && (inputChannels <= 4 && area >= 25 || inputChannels <= 16 && area == 1)
  }

  /// The implementation that generates code for blocks of channels, by the widest instruction set there is.
  func generatedKernel() -> (any Kernel)? {
    let isPoint = kernelExtents.allSatisfy { $0 == 1 } && groups == 1
    for family in isDepthwise ? ["jit_dw"] : isPoint ? ["jit_1x1", "jit"] : ["jit"] {
      for instructions in ["avx512_core", "avx2", "sse41"] {
        if let made = kernel(implementation: "\(family):\(instructions)", acceptsReference: false) { return made }
      }
    }
    return nil
  }

  private func kernel(implementation: String?, acceptsReference: Bool) -> (any Kernel)? {
    guard let posts = fusedPosts,
      let primitive = primitive(posts, implementation: implementation, acceptsReference: acceptsReference)
    else { return nil }
    return kernel(primitive, posts, after: [])
  }

  /// The bare convolution, then each step of the epilogue in place.
  private func separateKernel(acceptsReference: Bool) -> (any Kernel)? {
    guard !epilogue.isEmpty, let posts = separatePosts,
      let primitive = primitive(Posts(), acceptsReference: acceptsReference),
      let after = posts.stages(on: destination, output: output, threads: node.threads)
    else { return nil }
    return kernel(primitive, Posts(), after: after)
  }

  private func kernel(_ primitive: Primitive, _ posts: Posts, after: [Stage]) -> (any Kernel)? {
    var stages: [Stage] = []
    var scratch = ScratchPlan()
    guard let weights = weights(primitive, &stages, &scratch) else { return nil }
    stages.append(Stage(primitive, [.operand(0)] + middle(weights, posts) + [.operand(output)]))
    return PrimitiveKernel(stages + after, node: node, bufferBytes: scratch.byteCount, addend: posts.addend)
  }
}
