import MassRuntime
import VectorShim

/// A prepared copy between strided arrays.
struct StridedCopy {
  private var plan: mass_copy_plan
  private let sourceOffset: Int
  private let targetOffset: Int

  /// - Parameters:
  ///   - sourceStart: Element of the source at index zero.
  init?(
    _ shape: [Int], from sourceStrides: [Int], start sourceStart: Int = 0, to targetStrides: [Int],
    start targetStart: Int = 0, width: Int
  ) {
    var made = mass_copy_plan()
    let status = unsafe mass_copy_prepare(
      &made, Int32(shape.count), shape.map(Int64.init), sourceStrides.map(Int64.init), targetStrides.map(Int64.init),
      Int32(width))
    guard status == MASS_MOVE_OK else { return nil }
    plan = made
    sourceOffset = sourceStart * width
    targetOffset = targetStart * width
  }

  @unsafe mutating func run(_ threads: Int32, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) {
    unsafe mass_copy_run(threads, &plan, source + sourceOffset, target + targetOffset)
  }

  /// Where the copy's bytes come to lie, for recognising that they are there already.
  var targetByteOffset: Int { targetOffset }
}

/// Copies each input (or parts of one) to its place in an output (or to several).
@safe final class CopyKernels: Kernel {
  struct Part {
    var input: Int
    var output: Int
    var copy: StridedCopy
    /// The input's bytes lie densely at this offset of the output: nothing to do when they are there already.
    var isDenseAt: Int?
  }

  private var parts: [Part]
  private let threads: Int32

  init?(_ parts: [Part?], threads: Int) {
    let complete = parts.compactMap { $0 }
    guard complete.count == parts.count else { return nil }
    self.parts = complete
    self.threads = Int32(clamping: threads)
  }

  func run(_ operands: Operands.Pointers, scratch: UnsafeMutableRawPointer?) {
    for i in parts.indices {
      guard let source = unsafe operands[parts[i].input], let target = unsafe operands[parts[i].output] else { continue }
      if let offset = parts[i].isDenseAt, unsafe source == target + offset { continue }
      unsafe parts[i].copy.run(threads, source, target)
    }
  }
}
