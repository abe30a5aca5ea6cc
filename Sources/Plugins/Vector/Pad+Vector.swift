import MassRuntime
import VectorShim

extension Pad {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let x = node.input(0), let pads = node.constants(1),
      let axes = node.input(3) == nil ? Array(x.shape.indices) : node.constants(3), pads.count == 2 * axes.count
    else { return [] }
    var before = [Int](repeating: 0, count: x.rank)
    var after = before
    for (i, given) in axes.enumerated() {
      guard let axis = node.resolvedAxis(given, rank: x.rank) else { return [] }
      (before[axis], after[axis]) = (pads[i], pads[axes.count + i])
    }
    return padOffers(node, before, after, mode)
  }
}

extension CenterCropPad {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let x = node.input(0) else { return [] }
    let before = zip(x.shape, node.outputs[0].shape).map { extent, wanted in
      // Cutting rounds the start down; padding puts the odd element at the end.
      extent >= wanted ? -((extent - wanted) / 2) : (wanted - extent) / 2
    }
    let after = x.shape.indices.map { node.outputs[0].shape[$0] - x.shape[$0] - before[$0] }
    return padOffers(node, before, after, .constant)
  }
}

/// Padding in the order of memory, which operand and result share.
private func padOffers(_ node: BoundNode, _ before: [Int], _ after: [Int], _ mode: PadMode) -> [KernelOffer] {
  guard let x = node.input(0), x.layout == node.outputs[0].layout, x.rank > 0, x.rank <= Int(MASS_MOVE_MAX_RANK),
    x.element.byteWidth != nil
  else { return [] }
  return KernelOffer.exact { PadKernel(x, before, after, mode, node) }
}

extension PadMode {
  fileprivate var code: Int32 {
    switch self {
    case .constant: Int32(MASS_PAD_CONSTANT)
    case .reflect: Int32(MASS_PAD_REFLECT)
    case .edge: Int32(MASS_PAD_EDGE)
    case .wrap: Int32(MASS_PAD_WRAP)
    }
  }
}

@safe private final class PadKernel: Kernel {
  private var plan = mass_pad_plan()
  private let table: UnsafeMutableRawPointer
  private let valueIndex: Int?
  private let resultIndex: Int
  private let threads: Int32
  /// One element of zeros, of whatever width.
  private var zero = (UInt64(0), UInt64(0))

  init?(_ x: BoundOperand, _ before: [Int], _ after: [Int], _ mode: PadMode, _ node: BoundNode) {
    let axes = x.axesInMemory
    let dims = axes.map { Int64(x.shape[$0]) }
    let (first, last) = (axes.map { Int64(before[$0]) }, axes.map { Int64(after[$0]) })
    threads = node.team
    resultIndex = node.inputs.count
    valueIndex = node.inputs.count > 2 && node.inputs[2] != nil ? 2 : nil
    let bytes = unsafe mass_pad_table_bytes(Int32(dims.count), dims, first, last)
    unsafe table = UnsafeMutableRawPointer.allocate(byteCount: max(Int(bytes), 1), alignment: 8)
    guard bytes >= 0 else { return nil }
    let status = unsafe mass_pad_prepare(
      &plan, Int32(dims.count), dims, first, last, mode.code, Int32(x.element.byteWidth ?? 0), table)
    guard status == MASS_MOVE_OK else { return nil }
  }

  deinit { unsafe table.deallocate() }

  func run(_ operands: Operands.Pointers, scratch: UnsafeMutableRawPointer?) {
    if let valueIndex, let value = unsafe operands[valueIndex] {
      unsafe mass_pad_run(threads, &plan, operands[0], value, operands[resultIndex])
    } else {
      unsafe mass_pad_run(threads, &plan, operands[0], &zero, operands[resultIndex])
    }
  }
}

extension ConstantOfShape {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let width = element.byteWidth, width <= 8 else { return [] }
    let (count, result, threads, bits) = (Int64(node.outputs[0].count), node.inputs.count, node.team, bits)
    return KernelOffer.exact {
      unsafe ShimKernel { operands, _ in
        var value = bits.littleEndian
        _ = unsafe mass_fill(threads, Int32(width), count, &value, operands[result])
      }
    }
  }
}
