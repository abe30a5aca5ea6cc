/// Every `step`-th element from a start up to an end, along some axes.
///
/// Operands: data, starts, ends, then optionally the axes they speak of and the steps.
public struct Slice: Operator {
  public static let name = "Slice"
  public static let arity = 3...5

  public init() {}

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    var type = TensorType(try operands.element(0), try operands.tensor(0).shape)
    let (starts, ends) = (try operands.elements(1), try operands.elements(2))
    guard starts.count == ends.count else {
      throw operands.mismatch(expected: "as many ends as starts", got: "\(starts.count) and \(ends.count)")
    }
    guard let axes = try axes(operands, starts.count, rank: type.rank) else {
      return [.tensor(TensorType(type.element, operands.freshShape("", type.rank)))]
    }
    let steps = try steps(operands, starts.count)
    for (i, axis) in axes.enumerated() {
      let extent = type.shape[axis]
      if let extent = extent.constant, let start = starts[i]?.constant, let end = ends[i]?.constant, let step = steps[i]
      {
        type.shape[axis] = Dimension(SliceRange(start, end, step, extent: extent).count)
      } else {
        type.shape[axis] =
          SymbolicSlice(extent: extent).length(starts[i], ends[i], steps[i]) ?? operands.freshDimension("\(axis)")
      }
    }
    return [.tensor(type)]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] { movedValues(operands, data: [0]) }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    let starts = try operand(operands, 1, context).integers()
    let ends = try operand(operands, 2, context).integers()
    let axes = context.optionalTensor(operands, 3)?.integers() ?? Array(starts.indices)
    let steps = context.optionalTensor(operands, 4)?.integers() ?? starts.map { _ in 1 }
    var sources = x.axisSources
    let strides = Strides.rowMajor(x.shape)
    for (i, given) in axes.enumerated() {
      let axis = given < 0 ? given + x.shape.count : given
      let range = SliceRange(starts[i], ends[i], steps[i], extent: x.shape[axis])
      sources[axis] = .strided(
        start: range.start &* strides[axis], step: range.count > 1 ? range.step &* strides[axis] : 1, count: range.count
      )
    }
    return try result(context) { () throws(TensorError) in try x.gathered(sources, shape: shape) }
  }

  private func axes(_ operands: Operands, _ count: Int, rank: Int) throws(OperatorError) -> [Int]? {
    let axes = operands.isPresent(3) ? try operands.axes(3, rank: rank) : Array(0..<count)
    guard let axes else { return nil }
    guard axes.count == count, count <= rank else {
      throw operands.mismatch(expected: "at most \(rank) starts, one for each axis", got: "\(count)")
    }
    return axes
  }

  private func steps(_ operands: Operands, _ count: Int) throws(OperatorError) -> [Int?] {
    guard operands.isPresent(4) else { return Array(repeating: 1, count: count) }
    let steps = try operands.elements(4).map { $0?.constant }
    guard steps.count == count, !steps.contains(0) else {
      throw operands.mismatch(expected: "\(count) steps other than 0", got: "\(steps)")
    }
    return steps
  }
}

/// One axis of a slice with everything known, bounds clamped.
struct SliceRange {
  var start: Int
  var step: Int
  var count: Int

  /// - Parameter step: Not zero.
  init(_ start: Int, _ end: Int, _ step: Int, extent: Int) {
    self.step = step
    let from = start < 0 ? start + extent : start
    let to = end < 0 ? end + extent : end
    if step > 0 {
      self.start = min(max(from, 0), extent)
      let length = min(max(to, 0), extent) - self.start
      count = length > 0 ? (length - 1) / step + 1 : 0
    } else {
      self.start = min(max(from, 0), extent - 1)
      let length = self.start - min(max(to, -1), extent - 1)
      count = length > 0 && extent > 0 ? Int(UInt(length - 1) / step.magnitude) + 1 : 0
    }
    if count == 0 { self.start = 0 }
  }
}

/// One axis of a slice whose extent or bounds are symbolic.
struct SymbolicSlice {
  var extent: Dimension

  /// Exporters write "to the end" as the largest number of one of the two index types.
  private static let end = Int(Int32.max)

  /// The length, or nil when it has no expression. A symbolic extent is taken to be one or more.
  func length(_ start: Dimension?, _ end: Dimension?, _ step: Int?) -> Dimension? {
    guard let start, let end, let step else { return nil }
    if step < 0 { return reversedLength(start, end, step) }
    guard let from = clamped(start), let to = clamped(end) else { return nil }
    let length = to - from
    if let constant = length.constant, constant <= 0 { return 0 }
    return step == 1 ? length : length.ceilDivided(by: step)
  }

  private func reversedLength(_ start: Dimension, _ end: Dimension, _ step: Int) -> Dimension? {
    guard let start = start.constant, let end = end.constant, start == -1 || start >= Self.end, end <= -Self.end,
      step > Int.min
    else { return nil }
    return extent.ceilDivided(by: -step)
  }

  private func clamped(_ bound: Dimension) -> Dimension? {
    if let value = bound.constant {
      if value == 0 || value <= -Self.end { return 0 }
      if value >= Self.end { return extent }
      if value < 0 { return value == -1 ? extent - 1 : Dimension.maximum(extent + bound, 0) }
      return value == 1 ? 1 : Dimension.minimum(bound, extent)
    }
    if bound == extent { return extent }
    if bound.hasOnlyTerms(where: { $0 > 0 }), bound.constantPart >= -1 { return Dimension.minimum(bound, extent) }
    if bound.hasOnlyTerms(where: { $0 < 0 }), bound.constantPart <= 0 { return Dimension.maximum(extent + bound, 0) }
    return bound.constantPart >= -1 ? Dimension.minimum(bound, extent) : nil
  }
}

extension Dimension {
  fileprivate func hasOnlyTerms(where condition: (Int) -> Bool) -> Bool {
    terms.allSatisfy { condition($0.coefficient) }
  }
}
