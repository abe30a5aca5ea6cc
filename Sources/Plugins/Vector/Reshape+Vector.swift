import MassRuntime

/// The same logical tensor, possibly in another layout.
func relayoutOffers(_ node: BoundNode) -> [KernelOffer] {
  guard let x = node.input(0) else { return [] }
  return copyOffers(node, x.shape, from: x.strides, to: node.outputs[0].strides)
}

/// The same elements in logical order under another shape. One side at least is row-major: its strides carry over.
func reshapeOffers(_ node: BoundNode) -> [KernelOffer] {
  guard let x = node.input(0) else { return [] }
  let y = node.outputs[0]
  if y.layout == .rowMajor { return copyOffers(node, x.shape, from: x.strides, to: Strides.rowMajor(x.shape)) }
  if x.layout == .rowMajor { return copyOffers(node, y.shape, from: Strides.rowMajor(y.shape), to: y.strides) }
  return []
}

extension Transpose {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let x = node.input(0) else { return [] }
    let (y, strides) = (node.outputs[0], x.strides)
    return copyOffers(node, y.shape, from: order(rank: x.rank).map { strides[$0] }, to: y.strides)
  }
}

extension Expand {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let x = node.input(0) else { return [] }
    let (y, own) = (node.outputs[0], x.strides)
    let lead = y.rank - x.rank
    let strides = y.shape.indices.map { $0 < lead || x.shape[$0 - lead] == 1 ? 0 : own[$0 - lead] }
    return copyOffers(node, y.shape, from: strides, to: y.strides)
  }
}

extension Tile {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let x = node.input(0), x.count > 0 else { return [] }
    let (y, own) = (node.outputs[0], x.strides)
    // Each axis in two: which repetition, and where in it.
    let shape = x.shape.indices.flatMap { [y.shape[$0] / x.shape[$0], x.shape[$0]] }
    let target = zip(x.shape, y.strides).flatMap { [$0 * $1, $1] }
    return copyOffers(node, shape, from: own.flatMap { [0, $0] }, to: target)
  }
}

extension DepthToSpace {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let x = node.input(0) else { return [] }
    let (y, b) = (node.outputs[0], blockSize)
    let (from, to) = (x.strides, y.strides)
    let isDepthFirst = order == .depthColumnRow
    let columnStep = isDepthFirst ? y.shape[1] : 1
    let channelStep = isDepthFirst ? 1 : b * b
    return copyOffers(
      node, [y.shape[0], y.shape[1], x.shape[2], b, x.shape[3], b],
      from: [from[0], from[1] * channelStep, from[2], from[1] * columnStep * b, from[3], from[1] * columnStep],
      to: [to[0], to[1], to[2] * b, to[2], to[3] * b, to[3]])
  }
}

extension SpaceToDepth {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let x = node.input(0) else { return [] }
    let (y, b, c) = (node.outputs[0], blockSize, x.shape[1])
    let (from, to) = (x.strides, y.strides)
    // Where a channel's, a row's and a column's neighbour lies among the result's channels.
    let (channelStep, rowStep, columnStep) = order == .depthColumnRow ? (1, c * b, c) : (b * b, b, 1)
    return copyOffers(
      node, [y.shape[0], c, y.shape[2], b, y.shape[3], b],
      from: [from[0], from[1], from[2] * b, from[2], from[3] * b, from[3]],
      to: [to[0], to[1] * channelStep, to[2], to[1] * rowStep, to[3], to[1] * columnStep])
  }
}
