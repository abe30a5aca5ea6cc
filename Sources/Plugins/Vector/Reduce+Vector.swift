import MassRuntime
import VectorShim

extension Reduce {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let x = node.input(0) else { return [] }
    var axes: [Int] = []
    if node.input(1) != nil {
      guard let given = node.constants(1) else { return [] }
      axes = given.compactMap { node.resolvedAxis($0, rank: x.rank) }
    }
    if axes.isEmpty && !noopWithEmptyAxes { axes = Array(x.shape.indices) }
    return reduceOffers(node, kind.code, over: axes)
  }
}

extension ReduceKind {
  fileprivate var code: mass_reduce_op {
    switch self {
    case .sum: mass_reduce_sum
    case .mean: mass_reduce_mean
    case .max: mass_reduce_max
    case .min: mass_reduce_min
    case .prod: mass_reduce_prod
    case .sumSquare: mass_reduce_sum_square
    case .l1: mass_reduce_l1
    case .l2: mass_reduce_l2
    case .logSum: mass_reduce_log_sum
    case .logSumExp: mass_reduce_log_sum_exp
    }
  }
}

/// Offers a reduction of operand 0 over `axes`.
func reduceOffers(_ node: BoundNode, _ op: mass_reduce_op, over axes: [Int]) -> [KernelOffer] {
  guard let x = node.input(0), let type = x.element.scanType, node.outputs[0].element == x.element,
    x.rank <= Int(MASS_REDUCE_MAX_RANK)
  else { return [] }
  let kept = x.shape.indices.filter { !axes.contains($0) }
  // The result is written densely in the order of the kept axes, which is its memory order.
  guard keepsOrder(node.outputs[0], x, kept) else { return [] }
  let (threads, result) = (node.team, node.inputs.count)
  let order = x.axesInMemory
  var outer = mass_reduce_axes(x, kept)
  var inner = mass_reduce_axes(x, order.filter { axes.contains($0) })
  return KernelOffer.single {
    unsafe ShimKernel { operands, _ in
      _ = unsafe mass_reduce_strided(op, type, threads, operands[0], &outer, &inner, operands[result])
    }
  }
}

/// True when the extents other than one of a channels-last result still lie in logical order.
private func keepsOrder(_ y: BoundOperand, _ x: BoundOperand, _ kept: [Int]) -> Bool {
  if y.layout == .rowMajor { return true }
  let varying = y.axesInMemory.filter { y.shape[$0] != 1 }
  return varying == varying.sorted()
}

extension mass_reduce_axes {
  fileprivate init(_ operand: BoundOperand, _ axes: [Int]) {
    self.init()
    rank = Int32(axes.count)
    let steps = operand.strides
    unsafe withUnsafeMutableBytes(of: &shape) { unsafe $0.store(axes.map { operand.shape[$0] }) }
    unsafe withUnsafeMutableBytes(of: &strides) { unsafe $0.store(axes.map { steps[$0] }) }
  }
}

extension GlobalPool {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let x = node.input(0), x.rank >= 2, node.isAll(.float32) || node.isAll(.float64) else { return [] }
    let op: mass_reduce_op
    switch kind {
    case .average: op = mass_reduce_mean
    case .max: op = mass_reduce_max
    case .lp(p: 1): op = mass_reduce_l1
    case .lp(p: 2): op = mass_reduce_l2
    case .lp: return []
    }
    return reduceOffers(node, op, over: Array(2..<x.rank))
  }
}
