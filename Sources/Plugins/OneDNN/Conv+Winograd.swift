import MassRuntime
import OneDNNShim

/// Winograd's minimal filtering (Lavin and Gray, 2015): 3×3 windows at less than half the multiplications. oneDNN's works
/// on blocks of channels, so the kernel converts its input and result by itself.
extension ConvolutionProblem {
  /// Packed weights beyond this do not stay in the cache; only many pixels pay for reading them from memory.
  private static let weightLimit = 4 << 20

  /// Where it can be faster: enough channels to fill blocks, and enough pixels to amortize the transforms.
  var suitsWinograd: Bool {
    guard !isTransposed, groups == 1, hasConstantWeights, kernelExtents == [3, 3] else { return false }
    let isDense = (window.stride.0, window.stride.1, window.dilation.0, window.dilation.1) == (1, 1, 1, 1)
    let pixels = node.outputs[0].shape.dropFirst(2).reduce(1, *)
    // Sixteen floats per pair of channels stand for the nine of the window.
    let weightBytes = 64 * inputChannels * outputChannels
    return isDense && min(inputChannels, outputChannels) >= 48 && pixels >= 14 * 14
      && (weightBytes <= Self.weightLimit || pixels >= 28 * 28)
  }

  func winogradKernel() -> (any Kernel)? {
    guard let posts = fusedPosts, posts.operands.isEmpty, let blockedSource = blocked(node.inputs[0]),
      let blockedResult = blocked(node.outputs[0]),
      let primitive = primitive(
        posts, algorithm: MASS_DNNL_WINOGRAD, source: blockedSource, destination: blockedResult),
      let from = primitive.operand(0), let to = primitive.operand(primitive.operandCount - 1),
      let enter = Primitive.reorder(source, from, threads: node.threads),
      let leave = Primitive.reorder(to, destination, threads: node.threads)
    else { return nil }
    var scratch = ScratchPlan()
    var stages: [Stage] = []
    guard let weights = weights(primitive, &stages, &scratch) else { return nil }
    let input = scratch.reserve(from.byteCount)
    let result = scratch.reserve(to.byteCount)
    stages.append(Stage(enter, [.operand(0), input]))
    if let addend = posts.addend {
      guard let residual = Primitive.reorder(destination, to, threads: node.threads) else { return nil }
      stages.append(Stage(residual, [.operand(addend), result]))
    }
    stages.append(Stage(primitive, [input] + middle(weights, posts) + [result]))
    stages.append(Stage(leave, [result, .operand(output)]))
    // Nothing is read after the result is first written.
    let shared = [0] + (posts.addend.map { [$0] } ?? [])
    return PrimitiveKernel(
      stages, node: node, bufferBytes: scratch.byteCount, inPlace: shared.map { InPlacePair(input: $0) })
  }

  private func blocked(_ operand: BoundOperand?) -> mass_dnnl_tensor? {
    operand.flatMap { mass_dnnl_tensor.any(.float32, $0.shape) }
  }
}
