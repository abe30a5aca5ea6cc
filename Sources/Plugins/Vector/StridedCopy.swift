import MassRuntime
import VectorShim

/// A prepared copy between strided arrays.
struct StridedCopy {
  private var plan: mass_copy_plan
  private let sourceOffset: Int
  private let targetOffset: Int

  /// - Parameters:
  ///   - sourceStart: Element of the source at index zero.
  ///   - targetStart: Element of the target at index zero.
  init?(
    _ shape: [Int], from sourceStrides: [Int], start sourceStart: Int = 0, to targetStrides: [Int],
    at targetStart: Int = 0, width: Int
  ) {
    let axes = shape.indices.filter { shape[$0] != 1 }
    var made = mass_copy_plan()
    let status = unsafe mass_copy_prepare(
      &made, Int32(clamping: axes.count), axes.map { Int64(shape[$0]) }, axes.map { Int64(sourceStrides[$0]) },
      axes.map { Int64(targetStrides[$0]) }, Int32(width))
    guard status == MASS_MOVE_OK else { return nil }
    plan = made
    sourceOffset = sourceStart * width
    targetOffset = targetStart * width
  }

  @unsafe mutating func run(_ threads: Int32, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) {
    unsafe mass_copy_run(threads, &plan, source + sourceOffset, target + targetOffset)
  }
}

/// Copies each input (or parts of one) to its place in an output (or to several).
@safe final class CopyKernels: Kernel {
  struct Part {
    var input: Int = 0
    /// Where the output stands among the node's operands.
    var output: Int
    var copy: StridedCopy?
    /// The byte of the output from which on the input's bytes would lie unchanged: nothing to do when they do already.
    var denseOffset: Int?
  }

  private var parts: [Part]
  private let threads: Int32

  /// Declines when the shim refused any of the copies.
  init?(_ parts: [Part], threads: Int32) {
    guard parts.allSatisfy({ $0.copy != nil }) else { return nil }
    self.parts = parts
    self.threads = threads
  }

  func run(_ operands: Operands.Pointers, scratch: UnsafeMutableRawPointer?) {
    for i in parts.indices {
      guard let source = unsafe operands[parts[i].input], let target = unsafe operands[parts[i].output] else {
        continue
      }
      if let offset = parts[i].denseOffset, unsafe source == target + offset { continue }
      unsafe parts[i].copy?.run(threads, source, target)
    }
  }
}

/// Offers a copy of operand 0, read by `strides` from element `start` on while walking the result's logical `shape`.
func copyOffers(_ node: BoundNode, _ shape: [Int], from strides: [Int], start: Int = 0, to target: [Int])
  -> [KernelOffer]
{
  guard let x = node.input(0), let width = x.element.byteWidth else { return [] }
  return KernelOffer.exact {
    let copy = StridedCopy(shape, from: strides, start: start, to: target, width: width)
    return CopyKernels([CopyKernels.Part(output: node.inputs.count, copy: copy)], threads: node.team)
  }
}
