import MassRuntime
import OneDNNShim

/// A matrix product in oneDNN's terms: every operand has the result's axes — batch…, rows, columns — and batch axes are
/// merged, with each other and with the rows, as far as memory allows.
struct ProductShape {
  /// One operand's extents and strides. Rows and columns are the last two axes.
  struct Plane {
    var shape: [Int]
    var strides: [Int]

    /// Dense memory, row-major.
    init(_ shape: [Int]) {
      self.shape = shape
      strides = Strides.rowMajor(shape)
    }

    var tensor: mass_dnnl_tensor? { mass_dnnl_tensor(.float32, shape, strides: strides) }

    mutating func transpose() {
      shape.swapAt(shape.count - 2, shape.count - 1)
      strides.swapAt(strides.count - 2, strides.count - 1)
    }

    mutating func remove(_ axis: Int) {
      shape.remove(at: axis)
      strides.remove(at: axis)
    }

    /// Whether `axis` and the next one are one axis in memory, or both are broadcast.
    func merges(_ axis: Int, like result: Plane) -> Bool {
      let pair = shape[axis..<axis + 2]
      if pair.allSatisfy({ $0 == 1 }) { return true }
      return pair == result.shape[axis..<axis + 2] && strides[axis] == strides[axis + 1] * shape[axis + 1]
    }

    /// Makes one axis of `axis` and the next one, which must merge.
    mutating func merge(_ axis: Int) {
      shape[axis + 1] *= shape[axis]
      remove(axis)
    }
  }

  private(set) var left: Plane
  private(set) var right: Plane
  private(set) var result: Plane
  /// Operands of bias and epilogue, by the node's operand index.
  private(set) var others: [Int: Plane]

  /// - Returns: nil when an operand does not lie row-major.
  init?(_ op: MatMul, _ node: BoundNode) {
    guard let a = node.input(0), let b = node.input(1), node.outputs[0].isPlain,
      node.inputs.allSatisfy({ $0?.isPlain ?? true })
    else { return nil }
    let logical = node.outputs[0].shape
    let hasRows = a.rank > 1
    let hasColumns = b.rank > 1
    func plane(_ shape: [Int]) -> Plane {
      var full = Array(repeating: 1, count: logical.count - shape.count) + shape
      if !hasRows { full.insert(1, at: full.count - (hasColumns ? 1 : 0)) }
      if !hasColumns { full.append(1) }
      return Plane(full)
    }
    result = plane(logical)
    left = Self.matrix(hasRows ? a.shape : [1] + a.shape, rank: result.shape.count, isTransposed: op.transposeA)
    right = Self.matrix(hasColumns ? b.shape : b.shape + [1], rank: result.shape.count, isTransposed: op.transposeB)
    others = [:]
    for (i, operand) in node.inputs.enumerated().dropFirst(2) {
      guard let operand, operand.rank <= logical.count else { continue }
      others[i] = plane(operand.shape)
    }
    mergeAxes()
  }

  private static func matrix(_ shape: [Int], rank: Int, isTransposed: Bool) -> Plane {
    var plane = Plane(Array(repeating: 1, count: max(rank - shape.count, 0)) + shape)
    if isTransposed { plane.transpose() }
    return plane
  }

  private var batchRank: Int { result.shape.count - 2 }

  private mutating func mergeAxes() {
    for axis in stride(from: batchRank - 1, through: 0, by: -1) where result.shape[axis] == 1 { drop(axis) }
    for axis in stride(from: batchRank - 2, through: 0, by: -1) {
      let planes = [left, right, result] + others.values
      if planes.allSatisfy({ $0.merges(axis, like: result) }) { mergeBatch(axis) }
    }
    while batchRank > 0, mergeRows() {}
  }

  private mutating func drop(_ axis: Int) {
    left.remove(axis)
    right.remove(axis)
    result.remove(axis)
    for i in others.keys { others[i]?.remove(axis) }
  }

  private mutating func mergeBatch(_ axis: Int) {
    left.merge(axis)
    right.merge(axis)
    result.merge(axis)
    for i in others.keys { others[i]?.merge(axis) }
  }

  /// One right operand for all of the last batch axis: its rows are more rows of one matrix.
  private mutating func mergeRows() -> Bool {
    let axis = batchRank - 1
    guard right.shape[axis] == 1, left.shape[axis] == result.shape[axis],
      left.strides[axis] == left.strides[axis + 1] * left.shape[axis + 1],
      others.values.allSatisfy({ $0.merges(axis, like: result) })
    else { return false }
    left.merge(axis)
    result.merge(axis)
    right.remove(axis)
    for i in others.keys { others[i]?.merge(axis) }
    return true
  }
}
