import MassRuntime
import VectorShim

extension ScatterReduction {
  fileprivate var code: Int32 {
    switch self {
    case .none: Int32(MASS_SCATTER_REPLACE)
    case .add: Int32(MASS_SCATTER_ADD)
    case .mul: Int32(MASS_SCATTER_MULTIPLY)
    case .max: Int32(MASS_SCATTER_MAXIMUM)
    case .min: Int32(MASS_SCATTER_MINIMUM)
    }
  }
}

extension ElementType {
  /// The number by which scatters and `mass_top_k` know the type.
  var moveType: Int32? {
    switch self {
    case .float32: Int32(MASS_MOVE_F32)
    case .float64: Int32(MASS_MOVE_F64)
    case .int32: Int32(MASS_MOVE_I32)
    case .int64: Int32(MASS_MOVE_I64)
    default: nil
    }
  }
}

/// What both scatters need to know of their node.
private struct ScatterCall {
  let width: Int32
  let type: Int32
  let reduction: Int32
  let indexSize: Int32
  let threads: Int32
  let inPlace: [Int]

  init?(_ node: BoundNode, _ reduction: ScatterReduction) {
    guard node.isRowMajor, let x = node.input(0), let width = x.element.byteWidth, let indices = node.input(1),
      let size = indices.indexSize, let updates = node.input(2), x.rank <= Int(MASS_MOVE_MAX_RANK),
      reduction == .none || x.element.moveType != nil
    else { return nil }
    self.width = Int32(width)
    type = x.element.moveType ?? 0
    self.reduction = reduction.code
    indexSize = size
    threads = node.team
    // The data's memory may be another operand's too, if that is the same value, and must not change while it is read.
    let bytes = x.count * width
    let isDistinct = updates.count * width != bytes && indices.count * Int(size) != bytes
    inPlace = isDistinct ? [0] : []
  }
}

extension ScatterElements {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let call = ScatterCall(node, reduction), let x = node.input(0), let indices = node.input(1),
      let axis = node.resolvedAxis(axis, rank: x.rank)
    else { return [] }
    let (extents, indexExtents) = (x.int64Shape, indices.int64Shape)
    return KernelOffer.exact {
      unsafe ShimKernel(inPlace: call.inPlace) { (operands, _) throws(OperatorError) in
        var bad: Int64 = 0
        let status = unsafe mass_scatter_elements(
          call.threads, Int32(extents.count), extents, indexExtents, Int32(axis), call.width, call.type, call.reduction,
          operands[1], call.indexSize, operands[0], operands[2], operands[3], &bad)
        guard status == MASS_MOVE_OK else {
          throw unsafe badIndex(Self.name, node.name, at: bad, operands[1], size: call.indexSize, axis: x.shape[axis])
        }
      }
    }
  }
}

extension ScatterND {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let call = ScatterCall(node, reduction), let x = node.input(0), let indices = node.input(1),
      let depth = indices.shape.last, depth > 0, depth <= x.rank
    else { return [] }
    let tuples = Int64(indices.shape.dropLast().reduce(1, *))
    let extents = x.shape[..<depth].map(Int64.init)
    let slice = Int64(x.shape[depth...].reduce(1, *))
    return KernelOffer.exact {
      unsafe ShimKernel(inPlace: call.inPlace) { (operands, _) throws(OperatorError) in
        var bad: Int64 = 0
        let status = unsafe mass_scatter_nd(
          call.threads, tuples, Int32(depth), extents, slice, call.width, call.type, call.reduction, operands[1],
          call.indexSize, operands[0], operands[2], operands[3], &bad)
        guard status == MASS_MOVE_OK else {
          let axis = Int(extents[Int(bad) % depth])
          throw unsafe badIndex(Self.name, node.name, at: bad, operands[1], size: call.indexSize, axis: axis)
        }
      }
    }
  }
}
