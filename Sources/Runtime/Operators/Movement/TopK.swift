/// The operand-1 largest (or smallest) elements along `axis` and where they were; of equal ones the earlier is first.
public struct TopK: Operator {
  public static let name = "TopK"
  public static let arity = 2...2
  public var axis: Int
  public var isLargest: Bool
  /// Without it the order of the results is free; this kernel sorts all the same.
  public var isSorted: Bool

  public init(axis: Int = -1, isLargest: Bool = true, isSorted: Bool = true) {
    self.axis = axis
    self.isLargest = isLargest
    self.isSorted = isSorted
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    guard x.element.isInteger || x.element.isFloatingPoint else {
      throw operands.mismatch(expected: "numbers", got: "\(x)")
    }
    let axis = try operands.axis(axis, rank: x.rank)
    let counts = try operands.elements(1)
    guard counts.count == 1 else { throw operands.mismatch(expected: "one count", got: "\(counts.count)") }
    let count = counts[0] ?? operands.freshDimension("k")
    if let k = count.constant, k < 0 || k > x.shape[axis].constant ?? k {
      throw operands.mismatch(expected: "a count of 0 to \(x.shape[axis])", got: "\(k)")
    }
    var shape = x.shape
    shape[axis] = count
    return [.tensor(TensorType(x.element, shape)), .tensor(TensorType(.int64, shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    let lanes = Lanes(x.shape, axis: axis)
    let k = shape[axis < 0 ? axis + shape.count : axis]
    let places = x.element.isFloatingPoint ? order(lanes, x.doubles(), k) : order(lanes, x.orderedIntegers(), k)
    // Lanes stand in the order of the other axes; put them back where `axis` is.
    let target = Lanes(shape, axis: axis)
    var (sources, indices) = ([Int](repeating: 0, count: places.count), [Int](repeating: 0, count: places.count))
    for (lane, first) in target.firsts.enumerated() {
      for (i, at) in target.offsets(first).enumerated() {
        indices[at] = places[lane * k + i]
        sources[at] = lanes.firsts[lane] + indices[at] * lanes.step
      }
    }
    let values = try result(context) { () throws(TensorError) in try x.gathered([.list(sources)], shape: shape) }
    return try values + result(context) { () throws(TensorError) in try Tensor.make(.int64, shape, integers: indices) }
  }

  /// For each lane, the places of its first `k` elements in order. NaN counts as the largest.
  private func order<T: Comparable>(_ lanes: Lanes, _ values: [T], _ k: Int) -> [Int] {
    func isLess(_ a: T, _ b: T) -> Bool { a < b || (a == a && b != b) }
    return lanes.firsts.flatMap { first in
      (0..<lanes.extent).sorted { i, j in
        let (a, b) = (values[first + i * lanes.step], values[first + j * lanes.step])
        if isLess(a, b) { return !isLargest }
        if isLess(b, a) { return isLargest }
        return i < j
      }.prefix(k)
    }
  }
}
