/// The operand's distinct slices along `axis` — or elements, if nil —, sorted or in order of appearance.
///
/// Further results, int64: where each first occurs, which of them each slice is, and how often each occurs.
public struct Unique: Operator {
  public static let name = "Unique"
  public static let arity = 1...1
  public var axis: Int?
  public var isSorted: Bool

  public init(axis: Int? = nil, isSorted: Bool = true) {
    self.axis = axis
    self.isSorted = isSorted
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    guard x.element.domain != .complex else { throw operands.mismatch(expected: "elements with an order", got: "\(x)") }
    let flat = axis == nil ? [x.shape.product] : x.shape
    let axis = try operands.axis(axis ?? 0, rank: flat.count)
    let groups = operands.constant(0).map { Dimension(grouped($0).firsts.count) }
    let count = groups ?? operands.freshDimension("count")
    var shape = flat
    shape[axis] = count
    let places = ValueType.tensor(TensorType(.int64, [count]))
    return [.tensor(TensorType(x.element, shape)), places, .tensor(TensorType(.int64, [flat[axis]])), places]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    let groups = grouped(x)
    let axis = axis.map { $0 < 0 ? $0 + shape.count : $0 }
    var sources = axis == nil ? [.strided(step: 1, count: x.count)] : x.axisSources
    let step = axis.map { Strides.rowMajor(x.shape)[$0] } ?? 1
    sources[axis ?? 0] = .list(groups.firsts.map { $0 &* step })
    let values = try result(context) { () throws(TensorError) in try x.gathered(sources, shape: shape) }
    let vectors = try context.checked(Self.name) { () throws(TensorError) in
      [try Tensor.vector(groups.firsts), try Tensor.vector(groups.members), try Tensor.vector(groups.counts)]
    }
    return values + vectors.map { .tensor($0) }
  }

  /// Equal slices of a tensor.
  private struct Groups {
    /// The first slice of each group.
    var firsts: [Int] = []
    /// The group of each slice.
    var members: [Int] = []
    var counts: [Int] = []
  }

  private func grouped(_ x: Tensor) -> Groups {
    if x.element == .string { return grouped(x, x.strings) { $0 < $1 } }
    // NaN comes after every number; no two are equal.
    if x.element.isFloatingPoint { return grouped(x, x.doubles()) { $0 < $1 || (!$0.isNaN && $1.isNaN) } }
    return grouped(x, x.orderedIntegers()) { $0 < $1 }
  }

  private func grouped<T: Equatable>(_ x: Tensor, _ values: [T], _ isLess: (T, T) -> Bool) -> Groups {
    let slices = slices(x)
    func isBefore(_ a: Int, _ b: Int) -> Bool {
      for (i, j) in zip(slices[a], slices[b]) {
        if isLess(values[i], values[j]) { return true }
        if isLess(values[j], values[i]) { return false }
      }
      return a < b
    }
    func isEqual(_ a: Int, _ b: Int) -> Bool { zip(slices[a], slices[b]).allSatisfy { values[$0] == values[$1] } }
    var groups = Groups(members: Array(repeating: 0, count: slices.count))
    for slice in slices.indices.sorted(by: isBefore) {
      if groups.firsts.last.map({ !isEqual($0, slice) }) ?? true {
        groups.firsts.append(slice)
        groups.counts.append(0)
      }
      groups.members[slice] = groups.firsts.count - 1
      groups.counts[groups.firsts.count - 1] += 1
    }
    return isSorted ? groups : inOrderOfAppearance(groups)
  }

  private func inOrderOfAppearance(_ groups: Groups) -> Groups {
    let order = groups.firsts.indices.sorted { groups.firsts[$0] < groups.firsts[$1] }
    var rank = [Int](repeating: 0, count: order.count)
    for (place, group) in order.enumerated() { rank[group] = place }
    return Groups(
      firsts: order.map { groups.firsts[$0] }, members: groups.members.map { rank[$0] },
      counts: order.map { groups.counts[$0] })
  }

  /// Offsets of the elements of each slice.
  private func slices(_ x: Tensor) -> [[Int]] {
    guard let axis else { return (0..<x.count).map { [$0] } }
    guard x.count > 0 else { return [] }
    let lanes = Lanes(x.shape, axis: axis)
    return (0..<lanes.extent).map { i in lanes.firsts.map { $0 + i * lanes.step } }
  }
}
