/// What stands beyond a tensor's edge.
public enum PadMode: String, Hashable, Sendable, Codable, CaseIterable {
  case constant
  /// Mirrored at the first and last element, which are not repeated.
  case reflect
  /// The first or last element.
  case edge
  /// The tensor again.
  case wrap
}

/// The operand with elements added (or, for negative counts, removed) before and after each axis.
///
/// Operands: data, pads — all counts before, then all counts after —, then optionally the constant to pad with and
/// the axes the counts speak of.
public struct Pad: Operator {
  public static let name = "Pad"
  public static let arity = 2...4
  public var mode: PadMode

  public init(mode: PadMode = .constant) { self.mode = mode }

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    let pads = try operands.elements(1)
    if let value = try operands.optionalTensor(2), value.element != x.element {
      throw operands.mismatch(expected: "a value of type \(x.element)", got: "\(value)")
    }
    guard let axes = operands.isPresent(3) ? try operands.axes(3, rank: x.rank) : Array(0..<x.rank) else {
      return [.tensor(TensorType(x.element, operands.freshShape("", x.rank)))]
    }
    guard pads.count == 2 * axes.count else {
      throw operands.mismatch(expected: "\(2 * axes.count) counts", got: "\(pads.count)")
    }
    var shape = x.shape
    for (i, axis) in axes.enumerated() {
      guard let before = pads[i], let after = pads[axes.count + i] else {
        shape[axis] = operands.freshDimension("\(axis)")
        continue
      }
      shape[axis] = shape[axis] + before + after
      if let extent = shape[axis].constant, extent < 0 {
        throw operands.mismatch(expected: "counts that leave axis \(axis) an extent", got: "\(pads) for \(x)")
      }
    }
    return [.tensor(TensorType(x.element, shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    let pads = try operand(operands, 1, context).integers()
    let axes = context.optionalTensor(operands, 3)?.integers() ?? Array(shape.indices)
    let filler = context.optionalTensor(operands, 2)
    let count = try context.checked(Self.name) { () throws(TensorError) in try Tensor.referenceCount(x.element, shape) }
    if count == 0 {
      return try result(context) { () throws(TensorError) in try Tensor.empty(x.element, shape) }
    }
    var sources = x.axisSources
    let strides = Strides.rowMajor(x.shape)
    for (i, given) in axes.enumerated() {
      let axis = given < 0 ? given + shape.count : given
      let places = try self.places(shape[axis], before: pads[i], extent: x.shape[axis], context)
      sources[axis] = .list(places.map { $0 < 0 ? -1 : $0 &* strides[axis] })
    }
    return try result(context) { () throws(TensorError) in try x.gathered(sources, shape: shape, filler: filler) }
  }

  /// For each position of a padded axis, the position in the operand, or -1 for the constant.
  private func places(
    _ count: Int, before: Int, extent: Int, _ context: EvaluationContext
  ) throws(OperatorError) -> [Int] {
    guard extent > 0 || mode == .constant else {
      throw refusal(context, expected: "an extent to pad by \(mode)", got: "0")
    }
    return (0..<count).map { i in
      let at = i &- before
      if at >= 0 && at < extent { return at }
      switch mode {
      case .constant: return -1
      case .edge: return at < 0 ? 0 : extent - 1
      case .wrap: return Self.modulo(at, extent)
      case .reflect:
        if extent == 1 { return 0 }
        let period = 2 * (extent - 1)
        let phase = Self.modulo(at, period)
        return phase < extent ? phase : period - phase
      }
    }
  }

  private static func modulo(_ a: Int, _ n: Int) -> Int {
    let rest = a % n
    return rest < 0 ? rest + n : rest
  }
}
