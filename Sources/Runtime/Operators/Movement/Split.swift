/// Cuts the operand into `parts` along `axis`: of the sizes in operand 1, or equal, rounded up, but for the last.
public struct Split: Operator {
  public static let name = "Split"
  public static let arity = 1...2
  public var axis: Int
  public var parts: Int

  public init(axis: Int, parts: Int) {
    self.axis = axis
    self.parts = parts
  }

  /// More parts than any model has are a mistake, not a request for memory.
  public static let partLimit = 1 << 16

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    let axis = try operands.axis(axis, rank: x.rank)
    guard parts >= 1, parts <= Self.partLimit else {
      throw operands.mismatch(expected: "1 to \(Self.partLimit) parts", got: "\(parts)")
    }
    let sizes = operands.isPresent(1) ? try givenSizes(operands, x.shape[axis]) : equalSizes(x.shape[axis])
    return sizes.map { size in
      var type = TensorType(x.element, x.shape)
      type.shape[axis] = size
      return .tensor(type)
    }
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] { movedValues(operands, data: [0]) }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shapes = try concreteShapes(operands, context)
    let axis = axis < 0 ? axis + x.shape.count : axis
    let step = Strides.rowMajor(x.shape)[axis]
    var (results, start) = ([Value](), 0)
    for shape in shapes {
      var axes = x.axisSources
      axes[axis] = .strided(start: start &* step, step: step, count: shape[axis])
      results += try result(context) { () throws(TensorError) in try x.gathered(axes, shape: shape) }
      start += shape[axis]
    }
    return results
  }

  private func givenSizes(_ operands: Operands, _ extent: Dimension) throws(OperatorError) -> [Dimension] {
    let sizes = try operands.elements(1)
    guard sizes.count == parts else { throw operands.mismatch(expected: "\(parts) sizes", got: "\(sizes.count)") }
    var total = Dimension(0)
    for (i, size) in sizes.enumerated() {
      guard size?.constant ?? 0 >= 0 else { throw operands.mismatch(expected: "sizes of 0 and above", got: "\(sizes)") }
      total = total + (size ?? operands.freshDimension("\(i)"))
    }
    if let have = extent.constant, let want = total.constant, have != want {
      throw operands.mismatch(expected: "sizes that add up to \(have)", got: "\(want)")
    }
    return sizes.enumerated().map { $1 ?? operands.freshDimension("\($0)") }
  }

  private func equalSizes(_ extent: Dimension) -> [Dimension] {
    if let count = extent.constant {
      let chunk = (max(count, 1) - 1) / parts + 1
      return (0..<parts).map { i in
        let (start, overflow) = chunk.multipliedReportingOverflow(by: i)
        return Dimension(overflow ? 0 : max(0, min(chunk, count - start)))
      }
    }
    let chunk = extent.exactQuotient(by: Dimension(parts)) ?? extent.ceilDivided(by: parts)
    return (0..<parts).map { $0 < parts - 1 ? chunk : extent - chunk * Dimension(parts - 1) }
  }
}
