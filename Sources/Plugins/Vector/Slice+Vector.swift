import MassRuntime

extension Slice {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let x = node.input(0), let starts = node.constants(1),
      let axes = node.input(3) == nil ? Array(starts.indices) : node.constants(3),
      let steps = node.input(4) == nil ? starts.map({ _ in 1 }) : node.constants(4),
      axes.count == starts.count, steps.count == starts.count
    else { return [] }
    let y = node.outputs[0]
    var (strides, first) = (x.strides, 0)
    for (i, given) in axes.enumerated() {
      guard let axis = node.resolvedAxis(given, rank: x.rank) else { return [] }
      let (start, extent) = (starts[i] < 0 ? starts[i] &+ x.shape[axis] : starts[i], x.shape[axis])
      first += min(max(start, 0), steps[i] < 0 ? extent - 1 : extent) * strides[axis]
      // The step of a single element is never taken, and may be too large to multiply.
      strides[axis] = y.shape[axis] > 1 ? strides[axis] * steps[i] : 0
    }
    return copyOffers(node, y.shape, from: strides, start: first, to: y.strides)
  }
}

extension Split {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let x = node.input(0), let width = x.element.byteWidth, let axis = node.resolvedAxis(axis, rank: x.rank)
    else { return [] }
    return KernelOffer.exact {
      var start = 0
      let parts = node.outputs.enumerated().map { i, part in
        defer { start += part.shape[axis] * x.strides[axis] }
        let copy = StridedCopy(part.shape, from: x.strides, start: start, to: part.strides, width: width)
        return CopyKernels.Part(output: node.inputs.count + i, copy: copy)
      }
      return CopyKernels(parts, threads: node.team)
    }
  }
}

extension Concat {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    let (y, inputs) = (node.outputs[0], node.inputs.compactMap { $0 })
    guard inputs.count == node.inputs.count, let width = y.element.byteWidth,
      let axis = node.resolvedAxis(axis, rank: y.rank)
    else { return [] }
    return KernelOffer.exact {
      let strides = y.strides
      var start = 0
      let parts = inputs.enumerated().map { i, x in
        defer { start += x.shape[axis] * strides[axis] }
        let copy = StridedCopy(x.shape, from: x.strides, to: strides, at: start, width: width)
        let isUnchanged = x.shape.indices.allSatisfy { x.shape[$0] == 1 || x.strides[$0] == strides[$0] }
        return CopyKernels.Part(
          input: i, output: inputs.count, copy: copy, denseOffset: isUnchanged ? start * width : nil)
      }
      return CopyKernels(parts, threads: node.team)
    }
  }
}
