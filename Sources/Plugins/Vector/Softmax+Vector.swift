import MassRuntime
import VectorShim

extension Softmax {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let lines = node.normalizedLines(axis) else { return [] }
    let threads = node.team
    return KernelOffer.single {
      unsafe ShimKernel(inPlace: [0]) { operands, _ in
        unsafe mass_softmax_f32(threads, lines.outer, lines.count, lines.inner, operands.floats(0), operands.floats(1))
      }
    }
  }
}

extension LogSoftmax {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let lines = node.normalizedLines(axis) else { return [] }
    let threads = node.team
    return KernelOffer.single {
      unsafe ShimKernel(inPlace: [0]) { operands, _ in
        unsafe mass_log_softmax_f32(
          threads, lines.outer, lines.count, lines.inner, operands.floats(0), operands.floats(1))
      }
    }
  }
}

extension BoundNode {
  /// The lines of operand 0 along `axis`, when operand and result are f32 and lie alike.
  func normalizedLines(_ axis: Int) -> MemoryLines? {
    guard let x = input(0), x.element == .float32, outputs[0].element == .float32, x.layout == outputs[0].layout,
      let axis = resolvedAxis(axis, rank: x.rank)
    else { return nil }
    return MemoryLines(x, axis: axis)
  }
}
