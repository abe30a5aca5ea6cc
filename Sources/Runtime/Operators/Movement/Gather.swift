/// Slices of operand 0 along `axis`, picked by the indices in operand 1.
public struct Gather: Operator {
  public static let name = "Gather"
  public static let arity = 2...2
  public var axis: Int

  public init(axis: Int = 0) { self.axis = axis }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let (x, indices) = (try operands.tensor(0), try operands.requireInteger(1))
    let axis = try operands.axis(axis, rank: x.rank)
    return [.tensor(TensorType(x.element, x.shape[..<axis] + indices.shape + x.shape[(axis + 1)...]))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] { movedValues(operands, data: [0]) }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    let axis = axis < 0 ? axis + x.shape.count : axis
    let step = Strides.rowMajor(x.shape)[axis]
    var offsets: [Int] = []
    for index in try operand(operands, 1, context).integers() {
      offsets.append(try checkedIndex(index, x.shape[axis], context) &* step)
    }
    var sources = x.axisSources
    sources[axis] = .list(offsets)
    return try result(context) { () throws(TensorError) in try x.gathered(sources, shape: shape) }
  }
}

/// Elements of operand 0, picked along `axis` by the index that stands at the element's place in operand 1.
public struct GatherElements: Operator {
  public static let name = "GatherElements"
  public static let arity = 2...2
  public var axis: Int

  public init(axis: Int = 0) { self.axis = axis }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let (x, indices) = (try operands.tensor(0), try operands.requireInteger(1))
    let axis = try operands.axis(axis, rank: x.rank)
    try operands.checkElementIndices(indices, within: x, axis: axis)
    return [.tensor(TensorType(x.element, indices.shape))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] { movedValues(operands, data: [0]) }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    let offsets = try elementOffsets(try operand(operands, 1, context), in: x.shape, axis: axis, context)
    return try result(context) { () throws(TensorError) in try x.gathered([.list(offsets)], shape: shape) }
  }
}

/// Slices of operand 0 at the coordinates that the last axis of operand 1 lists, batch by batch.
public struct GatherND: Operator {
  public static let name = "GatherND"
  public static let arity = 2...2
  public var batchDims: Int

  public init(batchDims: Int = 0) { self.batchDims = batchDims }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let (x, indices) = (try operands.tensor(0), try operands.requireInteger(1))
    guard x.rank >= 1, indices.rank >= 1, batchDims >= 0, batchDims < min(x.rank, indices.rank) else {
      throw operands.mismatch(
        expected: "batch dimensions below the operands' ranks", got: "\(batchDims) for \(x) and \(indices)")
    }
    guard let depth = indices.shape[indices.rank - 1].constant else { throw operands.unresolved("a known index depth") }
    guard depth >= 1, depth <= x.rank - batchDims else {
      throw operands.mismatch(expected: "coordinates of 1 to \(x.rank - batchDims) axes", got: "\(depth)")
    }
    for i in 0..<batchDims {
      if let a = x.shape[i].constant, let b = indices.shape[i].constant, a != b {
        throw operands.mismatch(expected: "equal batch extents", got: "\(x) and \(indices)")
      }
    }
    return [.tensor(TensorType(x.element, indices.shape.dropLast() + x.shape[(batchDims + depth)...]))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] { movedValues(operands, data: [0]) }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let (x, indices) = (try operand(operands, 0, context), try operand(operands, 1, context))
    let shape = try concreteShape(operands, context)
    let offsets = try sliceOffsets(indices, in: x.shape, batchDims: batchDims, context)
    let depth = indices.shape.last ?? 0
    let slice = AxisSource.strided(step: 1, count: offsets.isEmpty ? 0 : x.shape[(batchDims + depth)...].reduce(1, *))
    return try result(context) { () throws(TensorError) in try x.gathered([.list(offsets), slice], shape: shape) }
  }
}

extension Operator {
  /// For every index, the offset of the element of a tensor of `shape` that it names along `axis`, its other
  /// coordinates being those of the index itself.
  func elementOffsets(
    _ indices: Tensor, in shape: [Int], axis: Int, _ context: EvaluationContext
  ) throws(OperatorError) -> [Int] {
    if indices.count == 0 { return [] }
    let axis = axis < 0 ? axis + shape.count : axis
    var strides = Strides.rowMajor(shape)
    let step = strides[axis]
    strides[axis] = 0
    var offsets = Strides.offsets(indices.shape, strides)
    for (i, index) in indices.integers().enumerated() {
      offsets[i] &+= try checkedIndex(index, shape[axis], context) &* step
    }
    return offsets
  }

  /// For every tuple in the last axis of `indices`, the offset of the slice of a tensor of `shape` that it names.
  func sliceOffsets(
    _ indices: Tensor, in shape: [Int], batchDims: Int, _ context: EvaluationContext
  ) throws(OperatorError) -> [Int] {
    let depth = indices.shape.last ?? 0
    guard depth > 0, indices.count > 0, !shape.contains(0) || shape[batchDims..<batchDims + depth].contains(0) else {
      return []
    }
    let values = indices.integers()
    let strides = Strides.rowMajor(shape)
    let perBatch = indices.shape[batchDims...].reduce(1, *) / depth
    let batchStep = batchDims > 0 ? strides[batchDims - 1] : 0
    var offsets: [Int] = []
    for tuple in 0..<values.count / depth {
      var offset = tuple / perBatch * batchStep
      for k in 0..<depth {
        let axis = batchDims + k
        offset &+= try checkedIndex(values[tuple * depth + k], shape[axis], context) &* strides[axis]
      }
      offsets.append(offset)
    }
    return offsets
  }
}

extension Operands {
  /// Checks that `indices` address, element by element, a tensor of type `x` along `axis`.
  func checkElementIndices(_ indices: TensorType, within x: TensorType, axis: Int) throws(OperatorError) {
    guard indices.rank == x.rank else {
      throw mismatch(expected: "indices of rank \(x.rank)", got: "\(indices)")
    }
    for i in 0..<x.rank where i != axis {
      if let a = indices.shape[i].constant, let b = x.shape[i].constant, a > b {
        throw mismatch(expected: "indices no larger than \(x) outside axis \(axis)", got: "\(indices)")
      }
    }
  }
}
