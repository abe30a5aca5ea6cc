/// The discrete Fourier transform along one axis.
///
/// Operands: X [… , 1 or 2] (real, or real and imaginary part), optionally the length (the axis is cut or padded to it)
/// and the axis (default the last but one). One-sided keeps the non-negative frequencies; its inverse takes these and
/// gives reals.
public struct DFT: Operator {
  public static let name = "DFT"
  public static let arity = 1...3
  public var isInverse: Bool
  public var isOneSided: Bool

  public init(isInverse: Bool = false, isOneSided: Bool = false) {
    self.isInverse = isInverse
    self.isOneSided = isOneSided
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    guard x.rank >= 2 else { throw operands.mismatch(expected: "an operand of rank 2 or more", got: "\(x)") }
    if let parts = x.shape[x.rank - 1].constant, parts != 1 && parts != 2 {
      throw operands.mismatch(expected: "one or two parts in the last axis", got: "\(x)")
    }
    guard let stated = operands.isPresent(2) ? operands.integers(2)?.first : -2 else {
      throw operands.unresolved("a known axis")
    }
    let axis = try operands.axis(stated, rank: x.rank)
    guard axis != x.rank - 1 else { throw operands.mismatch(expected: "an axis other than the last", got: "\(stated)") }
    var shape = x.shape
    let length = try length(operands, x.shape[axis])
    shape[axis] = isOneSided && !isInverse ? length.floorDivided(by: 2) + 1 : length
    shape[x.rank - 1] = isOneSided && isInverse ? 1 : 2
    return [.tensor(TensorType(x.element, shape))]
  }

  private func length(_ operands: Operands, _ extent: Dimension) throws(OperatorError) -> Dimension {
    guard operands.isPresent(1) else { return isOneSided && isInverse ? (extent - 1) * 2 : extent }
    guard let length = operands.dimensions(1)?.first ?? operands.integers(1)?.first.map({ Dimension($0) }) else {
      return operands.freshDimension("length")
    }
    try operands.require([length.constant ?? 1], in: 1...ReferenceLimit.attribute, "transform length")
    return length
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let rank = x.shape.count
    let stated = context.optionalTensor(operands, 2)?.integers().first ?? -2
    let axis = stated < 0 ? stated + rank : stated
    let parts = x.shape[rank - 1]
    let source = AxisView(Array(x.shape.dropLast()), axis: axis)
    let extent = source.count
    let standard = isOneSided && isInverse ? (extent - 1) * 2 : extent
    let length = context.optionalTensor(operands, 1)?.integers().first ?? standard
    guard length > 0 else { throw context.refusal(Self.name, expected: "a length above 0", got: "\(length)") }
    let transform = FourierReference(length: length)
    let (data, count) = (x.doubles(), type.shape[axis])
    let resultParts = type.shape[rank - 1]
    var y = [Double](repeating: 0, count: type.count)
    for line in 0..<source.outer * source.inner {
      let (o, i) = (line / source.inner, line % source.inner)
      let places = (0..<extent).map { ((o * extent + $0) * source.inner + i) * parts }
      var re = places.map { data[$0] }
      var im = places.map { parts == 2 ? data[$0 + 1] : 0 }
      if isOneSided && isInverse { Self.mirror(&re, &im, length: length) }
      let result = transform.transform(re, im, count: count, isInverse: isInverse)
      for k in 0..<count {
        let at = ((o * count + k) * source.inner + i) * resultParts
        y[at] = result.re[k]
        if resultParts == 2 { y[at + 1] = result.im[k] }
      }
    }
    return [try context.result(Self.name, type, doubles: y)]
  }

  /// Completes the non-negative frequencies of a real signal by their conjugates.
  private static func mirror(_ re: inout [Double], _ im: inout [Double], length: Int) {
    let kept = length / 2 + 1
    let missing = max(kept - re.count, 0)
    re = Array(re.prefix(kept)) + Array(repeating: 0, count: missing)
    im = Array(im.prefix(kept)) + Array(repeating: 0, count: missing)
    im[0] = 0
    if length % 2 == 0 { im[length / 2] = 0 }
    for k in kept..<max(length, kept) {
      re.append(re[length - k])
      im.append(-im[length - k])
    }
  }
}
