/// The same elements, in the same order, under the shape that operand 1 gives.
///
/// -1 stands for whatever makes the counts agree; 0 copies the operand's extent unless `allowZero`.
public struct Reshape: Operator {
  public static let name = "Reshape"
  public static let arity = 2...2
  public var allowZero: Bool

  public init(allowZero: Bool = false) { self.allowZero = allowZero }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let element = try operands.element(0)
    let wanted = try operands.elements(1)
    guard case .tensor(let data) = try operands.type(0) else {
      return [.tensor(TensorType(element, unrankedShape(wanted, operands)))]
    }
    return [.tensor(TensorType(element, try shape(of: data, wanted, operands)))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] { movedValues(operands, data: [0]) }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    return try result(context) { () throws(TensorError) in try x.reshaped(shape) }
  }

  private func unrankedShape(_ wanted: [Dimension?], _ operands: Operands) -> Shape {
    wanted.enumerated().map { i, extent in
      guard let extent, let value = extent.constant, value > 0 else { return operands.freshDimension("\(i)") }
      return extent
    }
  }

  private func shape(of data: TensorType, _ wanted: [Dimension?], _ operands: Operands) throws(OperatorError) -> Shape {
    var result: Shape = []
    // Copied extents cancel, which lets -1 stand beside a zero extent.
    var (rest, known) = (data.shape, Dimension(1))
    var (inferred, isKnown) = (Int?.none, true)
    for (i, extent) in wanted.enumerated() {
      guard let extent else {
        isKnown = false
        result.append(operands.freshDimension("\(i)"))
        continue
      }
      if extent.constant == -1 {
        guard inferred == nil else { throw operands.mismatch(expected: "at most one -1 in a shape", got: "\(wanted)") }
        inferred = i
        result.append(-1)
      } else if extent.constant == 0 && !allowZero {
        guard i < data.rank else { throw operands.mismatch(expected: "an extent to copy at \(i)", got: "\(data)") }
        result.append(data.shape[i])
        rest[i] = 1
      } else if let value = extent.constant, value < -1 {
        throw operands.mismatch(expected: "extents of -1 and above", got: "\(value)")
      } else {
        result.append(extent)
        known = known * extent
      }
    }
    if let inferred {
      result[inferred] = isKnown ? try quotient(rest.product, known, operands) : operands.freshDimension("\(inferred)")
    } else if isKnown, let a = rest.product.constant, let b = known.constant, a != b {
      throw operands.mismatch(expected: "a shape of as many elements as \(data)", got: "\(result)")
    }
    return result
  }

  private func quotient(_ total: Dimension, _ known: Dimension, _ operands: Operands) throws(OperatorError) -> Dimension
  {
    if let total = total.constant, let known = known.constant {
      guard known == 0 ? total == 0 && !allowZero : total % known == 0 else {
        throw operands.mismatch(expected: "an extent that makes \(total) elements of \(known)", got: "none")
      }
      return Dimension(known == 0 ? 0 : total / known)
    }
    return total.floorDivided(by: known)
  }
}

/// A matrix: the extents before `axis` in one, the others in the other.
public struct Flatten: Operator {
  public static let name = "Flatten"
  public static let arity = 1...1
  public var axis: Int

  public init(axis: Int = 1) { self.axis = axis }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    guard axis >= -x.rank, axis <= x.rank else {
      throw operands.mismatch(expected: "axis in \(-x.rank)...\(x.rank)", got: "\(axis)")
    }
    let split = axis < 0 ? axis + x.rank : axis
    return [.tensor(TensorType(x.element, [Shape(x.shape[..<split]).product, Shape(x.shape[split...]).product]))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] { movedValues(operands, data: [0]) }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    return try result(context) { () throws(TensorError) in try x.reshaped(shape) }
  }
}
