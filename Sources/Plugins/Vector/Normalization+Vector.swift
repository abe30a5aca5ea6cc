import MassRuntime
import VectorShim

/// Which operands and results of a node a row normalization reads and writes; nil for none.
private struct RowOperands {
  var residual: Int?
  var scale: Int?
  var bias: Int?
  var sum: Int?
  var result: Int
  var mean: Int?
  var inverseDeviation: Int?
}

/// Offers layer or RMS normalization over the axes from `axis` on.
private func rowOffers(
  _ node: BoundNode, axis: Int, epsilon: Float, isCentered: Bool, _ places: RowOperands, inPlace: [InPlacePair]
) -> [KernelOffer] {
  guard node.isRowMajor, node.isAll(.float32), let x = node.input(0), let axis = node.resolvedAxis(axis, rank: x.rank)
  else { return [] }
  let row = Array(x.shape[axis...].drop { $0 == 1 })
  for i in [places.scale, places.bias] {
    // Only parameters that are the same for every row and different along it.
    guard let i, let parameter = node.input(i) else { continue }
    guard Array(parameter.shape.drop { $0 == 1 }) == row else { return [] }
  }
  let (rows, count) = (Int64(x.shape[..<axis].reduce(1, *)), Int64(row.reduce(1, *)))
  let threads = node.team
  return KernelOffer.single {
    unsafe ShimKernel(pairs: inPlace) { operands, _ in
      var call = unsafe mass_row_norm()
      unsafe call.x = UnsafePointer(operands.floats(0))
      unsafe call.residual = UnsafePointer(operands.optionalFloats(places.residual))
      unsafe call.gamma = UnsafePointer(operands.optionalFloats(places.scale))
      unsafe call.beta = UnsafePointer(operands.optionalFloats(places.bias))
      unsafe call.sum = operands.optionalFloats(places.sum)
      unsafe call.result = operands.floats(places.result)
      unsafe call.mean = operands.optionalFloats(places.mean)
      unsafe call.inverse_deviation = operands.optionalFloats(places.inverseDeviation)
      if isCentered {
        unsafe mass_layer_norm_f32(threads, rows, count, epsilon, &call)
      } else {
        unsafe mass_rms_norm_f32(threads, rows, count, epsilon, &call)
      }
    }
  }
}

extension LayerNormalization {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    let first = node.inputs.count
    let places = RowOperands(
      scale: 1, bias: node.input(2) == nil ? nil : 2, result: first, mean: node.outputs.count > 1 ? first + 1 : nil,
      inverseDeviation: node.outputs.count > 2 ? first + 2 : nil)
    return rowOffers(node, axis: axis, epsilon: epsilon, isCentered: true, places, inPlace: [InPlacePair(input: 0)])
  }
}

extension RMSNormalization {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    rowOffers(
      node, axis: axis, epsilon: epsilon, isCentered: false, RowOperands(scale: 1, result: node.inputs.count),
      inPlace: [InPlacePair(input: 0)])
  }
}

extension FusedLayerNormalization {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    let first = node.inputs.count
    let hasSum = node.outputs.count > 1
    let places = RowOperands(
      residual: node.input(1) == nil ? nil : 1, scale: node.input(2) == nil ? nil : 2,
      bias: node.input(3) == nil ? nil : 3, sum: hasSum ? first + 1 : nil, result: first)
    // The sum is read again for the result, so at most one of them takes an operand's place.
    let output = hasSum ? 1 : 0
    let pairs = [InPlacePair(input: 0, output: output), InPlacePair(input: 1, output: output)]
    return rowOffers(
      node, axis: axis, epsilon: epsilon, isCentered: kind == .layer, places,
      inPlace: node.input(1) == nil ? [pairs[0]] : pairs)
  }
}

extension LpNormalization {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard p == 1 || p == 2, let lines = node.normalizedLines(axis) else { return [] }
    let (threads, p) = (node.team, Int32(p))
    return KernelOffer.single {
      unsafe ShimKernel(inPlace: [0]) { operands, _ in
        unsafe mass_lp_normalize_f32(
          threads, lines.outer, lines.count, lines.inner, p, operands.floats(0), operands.floats(1))
      }
    }
  }
}
