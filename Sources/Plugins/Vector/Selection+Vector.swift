import MassRuntime
import VectorShim

extension OneHot {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    let y = node.outputs[0]
    guard node.isRowMajor, let size = node.input(0)?.indexSize, let width = y.element.byteWidth,
      let axis = node.resolvedAxis(axis, rank: y.rank)
    else { return [] }
    let (lines, threads) = (MemoryLines(y, axis: axis), node.team)
    return KernelOffer.exact {
      unsafe ShimKernel { operands, _ in
        guard let values = unsafe operands[2] else { return }
        _ = unsafe mass_one_hot(
          threads, lines.outer, lines.count, lines.inner, operands[0], size, Int32(width), values, values + width,
          operands[3])
      }
    }
  }
}

extension TopK {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard node.isRowMajor, let x = node.input(0), let type = x.element.moveType,
      let axis = node.resolvedAxis(axis, rank: x.rank)
    else { return [] }
    let lines = MemoryLines(x, axis: axis)
    let (k, threads, isLargest) = (Int64(node.outputs[0].shape[axis]), node.team, Int32(isLargest ? 1 : 0))
    let own = (Int(mass_top_k_scratch_bytes(threads, lines.count)) + 63) / 64 * 64
    // Positions nobody asked for go into the scratch.
    let hidden = node.outputs.count < 2 ? node.outputs[0].count * 8 : 0
    return KernelOffer.exact {
      unsafe ShimKernel(scratchBytes: own + hidden) { operands, scratch in
        let positions = unsafe hidden == 0 ? operands[3] : scratch.map { unsafe $0 + own }
        _ = unsafe mass_top_k(
          threads, type, lines.outer, lines.count, lines.inner, k, isLargest, operands[0], operands[2],
          positions?.assumingMemoryBound(to: Int64.self), scratch)
      }
    }
  }
}

extension Trilu {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard node.isRowMajor, let x = node.input(0), x.rank >= 2, let width = x.element.byteWidth,
      node.input(1).map({ $0.element == .int64 }) ?? true
    else { return [] }
    let (rows, columns) = (Int64(x.shape[x.rank - 2]), Int64(x.shape[x.rank - 1]))
    let batch = Int64(x.shape.dropLast(2).reduce(1, *))
    let (threads, isUpper, result) = (node.team, Int32(isUpper ? 1 : 0), node.inputs.count)
    let diagonalIndex = node.input(1) == nil ? nil : 1
    return KernelOffer.exact {
      unsafe ShimKernel(inPlace: [0]) { operands, _ in
        let diagonal = diagonalIndex.flatMap { unsafe operands.integers($0)?.pointee } ?? 0
        _ = unsafe mass_triangular(
          threads, Int32(width), batch, rows, columns, min(max(diagonal, -rows), columns), isUpper, operands[0],
          operands[result])
      }
    }
  }
}

extension CumSum {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard node.isRowMajor, let x = node.input(0), let type = x.element.scanType,
      let axis = node.constants(1)?.first.flatMap({ node.resolvedAxis($0, rank: x.rank) })
    else { return [] }
    let (lines, threads) = (MemoryLines(x, axis: axis), node.threads)
    return KernelOffer.single {
      unsafe ShimKernel(inPlace: [0]) { operands, _ in
        _ = unsafe mass_cumulative_sum(
          exclusive, reverse, type, Int32(threads), operands[0], lines.outer, lines.count, lines.inner, operands[2])
      }
    }
  }
}

extension ArgExtremum {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let x = node.input(0), let type = x.element.scanType, let width = x.element.byteWidth,
      let axis = node.resolvedAxis(axis, rank: x.rank), x.shape[axis] > 0, node.outputs[0].layout == .rowMajor
    else { return [] }
    // The result has the order of the operand's memory without the axis: where that is not logical order, copy first.
    let kept = x.axesInMemory.filter { $0 != axis && x.shape[$0] != 1 }
    var plain = x
    if kept != kept.sorted() { plain.layout = .rowMajor }
    let (lines, threads) = (MemoryLines(plain, axis: axis), node.team)
    let copied = StridedCopy(x.shape, from: x.strides, to: plain.strides, width: width)
    return KernelOffer.exact {
      guard var copied else { return nil }
      let isCopied = plain.layout != x.layout
      return unsafe ShimKernel(scratchBytes: isCopied ? x.count * width : 0) { operands, scratch in
        if isCopied, let source = unsafe operands[0], let scratch = unsafe scratch {
          unsafe copied.run(threads, source, scratch)
        }
        _ = unsafe mass_arg_extreme(
          isMaximum, selectLast, type, threads, isCopied ? scratch : operands[0], lines.outer, lines.count, lines.inner,
          operands.integers(1))
      }
    }
  }
}

extension ElementType {
  /// The type's number where reductions and scans know it.
  var scanType: mass_vector_type? {
    switch self {
    case .float32: mass_vector_f32
    case .float64: mass_vector_f64
    case .int32: mass_vector_i32
    case .int64: mass_vector_i64
    default: nil
    }
  }
}
