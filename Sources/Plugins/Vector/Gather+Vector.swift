import MassRuntime
import VectorShim

extension Gather {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard node.isRowMajor, let x = node.input(0), let indices = node.input(1), let size = indices.indexSize,
      let width = x.element.byteWidth, let axis = node.resolvedAxis(axis, rank: x.rank)
    else { return [] }
    let lines = MemoryLines(x, axis: axis)
    let (count, threads) = (Int64(indices.count), node.team)
    return KernelOffer.exact {
      unsafe ShimKernel { (operands, _) throws(OperatorError) in
        var bad: Int64 = 0
        let status = unsafe mass_gather(
          threads, lines.outer, lines.count, lines.inner * Int64(width), count, operands[1], size, operands[0],
          operands[2], &bad)
        guard status == MASS_MOVE_OK else {
          throw unsafe badIndex(Self.name, node.name, at: bad, operands[1], size: size, axis: x.shape[axis])
        }
      }
    }
  }
}

extension GatherElements {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard node.isRowMajor, let x = node.input(0), let indices = node.input(1), let size = indices.indexSize,
      let width = x.element.byteWidth, let axis = node.resolvedAxis(axis, rank: x.rank),
      x.rank <= Int(MASS_MOVE_MAX_RANK)
    else { return [] }
    let (extents, indexExtents, threads) = (x.int64Shape, indices.int64Shape, node.team)
    return KernelOffer.exact {
      unsafe ShimKernel { (operands, _) throws(OperatorError) in
        var bad: Int64 = 0
        let status = unsafe mass_gather_elements(
          threads, Int32(extents.count), extents, indexExtents, Int32(axis), Int32(width), operands[1], size,
          operands[0], operands[2], &bad)
        guard status == MASS_MOVE_OK else {
          throw unsafe badIndex(Self.name, node.name, at: bad, operands[1], size: size, axis: x.shape[axis])
        }
      }
    }
  }
}

extension GatherND {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard node.isRowMajor, let x = node.input(0), let indices = node.input(1), let size = indices.indexSize,
      let width = x.element.byteWidth, let depth = indices.shape.last, depth > 0, batchDims + depth <= x.rank,
      depth <= Int(MASS_MOVE_MAX_RANK)
    else { return [] }
    let batch = Int64(x.shape[..<batchDims].reduce(1, *))
    let tuples = Int64(indices.shape[batchDims...].dropLast().reduce(1, *))
    let extents = x.shape[batchDims..<batchDims + depth].map(Int64.init)
    let slice = Int64(x.shape[(batchDims + depth)...].reduce(width, *))
    let threads = node.team
    return KernelOffer.exact {
      unsafe ShimKernel { (operands, _) throws(OperatorError) in
        var bad: Int64 = 0
        let status = unsafe mass_gather_nd(
          threads, batch, tuples, Int32(depth), extents, slice, operands[1], size, operands[0], operands[2], &bad)
        guard status == MASS_MOVE_OK else {
          let axis = Int(extents[Int(bad) % depth])
          throw unsafe badIndex(Self.name, node.name, at: bad, operands[1], size: size, axis: axis)
        }
      }
    }
  }
}
