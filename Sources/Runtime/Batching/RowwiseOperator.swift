/// Where the rows of a batch lie in a value.
public enum RowPlacement: Hashable, Sendable {
  /// Nowhere: the value is the same whatever the batch is.
  case shared
  /// Along an axis, one after the other, each with the same number of neighbouring slices.
  case along(axis: Int)
  /// Along an axis, from the first to the last, and again, so many times: a part of each row at a time.
  case sweeping(axis: Int, times: Dimension)
  /// The value is a shape, or made of one, and counts the rows.
  case count
  /// Rows lie along an axis, and hold indices: the number of the row times `stride`, plus what is less than `below` and
  /// follows from the row alone.
  case numbering(axis: Int, stride: Dimension, below: Dimension)

  init(axis: Int, sweeps: Dimension) {
    self = sweeps.isOne ? .along(axis: axis) : .sweeping(axis: axis, times: sweeps)
  }

  /// The axis along which rows lie.
  var axis: Int? {
    switch self {
    case .along(let axis), .sweeping(let axis, _): axis
    case .shared, .count, .numbering: nil
    }
  }

  /// How often all rows come along their axis.
  var sweeps: Dimension? {
    switch self {
    case .along: 1
    case .sweeping(_, let times): times
    case .shared, .count, .numbering: nil
    }
  }
}

/// An operator of which it is known when each row of its results follows from the same row of its operands alone.
///
/// Operators that do not conform may mix rows.
public protocol RowwiseOperator: Operator {
  /// Where the rows lie in each result; nil if rows may be mixed.
  ///
  /// Each entry along the axis of the rows has to be treated by itself, and all of them alike, unless `sweeps` is heeded.
  /// Asked only if the rows lie along an axis of some operand, or an operand counts them. It need not look at extents
  /// that `resultTypes` checks. A result that holds other rows than the operands, or more or fewer slices of each, has
  /// extents that the caller refuses.
  func rows(_ batch: RowwiseOperands) -> [RowPlacement]?
}

/// The operands of a node, and where rows lie in them.
public struct RowwiseOperands: Sendable {
  public let operands: Operands
  /// nil for an operand left out. Rows that sweep are `along` their axis here.
  public let placements: [RowPlacement?]
  /// How often all rows come along their axis: alike in every operand that has rows.
  public var sweeps: Dimension = 1
  public let results: [TensorType]
  /// The symbol that stands for the number of rows.
  public let rows: Dimension

  public func placement(_ i: Int) -> RowPlacement? { i < placements.count ? placements[i] : nil }

  public func shape(_ i: Int) -> Shape { i < operands.types.count ? operands.types[i]?.tensor?.shape ?? [] : [] }

  /// The axis of operand `i` along which rows lie.
  public func axis(_ i: Int) -> Int? {
    if case .along(let axis) = placement(i) { axis } else { nil }
  }

  public func isShared(_ i: Int) -> Bool { placement(i) == .shared || placement(i) == nil }

  /// Whether every operand from `first` on is the same whatever the batch is.
  public func areShared(from first: Int) -> Bool { placements.indices.dropFirst(first).allSatisfy(isShared) }

  public func axis(_ axis: Int, ofOperand i: Int) -> Int { axis < 0 ? axis + shape(i).count : axis }

  /// Every result with its rows along one axis.
  public func all(along axis: Int) -> [RowPlacement] { results.map { _ in placement(along: axis) } }

  /// Rows along an axis, as they lie along those of the operands.
  public func placement(along axis: Int) -> RowPlacement { RowPlacement(axis: axis, sweeps: sweeps) }

  /// Whether an operand that broadcasts to `shape` goes with rows along its `axis`: it has its own rows there, or the
  /// same elements for each.
  public func isAligned(_ i: Int, with shape: Shape, axis: Int) -> Bool {
    guard let placement = placement(i) else { return true }
    let own = self.shape(i)
    let at = axis - (shape.count - own.count)
    switch placement {
    case .shared: return at < 0 || own[at].isOne
    case .along(let mine): return mine == at && own[at] == shape[axis]
    case .count, .sweeping, .numbering: return false
    }
  }

  /// Where the rows lie in the result of operands that broadcast to it; nil if they do not go together.
  public func broadcastAxis(of indices: [Int]) -> Int? {
    guard let shape = results.first?.shape, let first = indices.first(where: { axis($0) != nil }),
      let own = axis(first)
    else { return nil }
    let place = own + shape.count - self.shape(first).count
    return indices.allSatisfy { isAligned($0, with: shape, axis: place) } ? place : nil
  }

  /// Where the rows lie in every result when the elements of operand 0 keep their order under another shape.
  public func afterReshape() -> [RowPlacement]? {
    guard let own = axis(0), let result = results.first?.shape else { return nil }
    // All rows come so often from the first element to the last.
    let total = Array(shape(0)[..<own]).product * sweeps
    guard total != 0 else { return nil }
    var outer = Dimension(1)
    for (i, extent) in result.enumerated() {
      if let times = total.exactQuotient(by: outer), extent.exactQuotient(by: rows * times) != nil {
        return results.map { _ in RowPlacement(axis: i, sweeps: times) }
      }
      outer = outer * extent
    }
    return nil
  }

  /// Whether a shape depends on the number of rows in no other way than that rows lie along the axis said.
  ///
  /// - Parameter known: Symbols of which it is known what they stand for.
  static func isFitting(_ placement: RowPlacement, _ shape: Shape, _ rows: Dimension, known: Set<String>) -> Bool {
    shape.enumerated().allSatisfy { i, extent in
      let share = placement.axis == i ? extent.exactQuotient(by: rows) : extent
      guard let symbols = share?.symbols else { return false }
      return symbols.isSubset(of: known) && symbols.isDisjoint(with: rows.symbols)
    }
  }

  /// The one axis of the first result whose extent counts rows.
  public func countedAxis() -> Int? {
    let axes = results.first?.shape.indices.filter { results[0].shape[$0].exactQuotient(by: rows) != nil } ?? []
    return axes.count == 1 ? axes[0] : nil
  }
}
