/// Resamples a tensor by interpolation along its axes.
///
/// Operands: X, then optionally the region of interest, scales and sizes, each with one entry per axis of `axes` (the
/// region two: starts, then ends). Exactly one of scales and sizes is present and not empty.
public struct Resize: Operator {
  public enum Mode: String, Hashable, Sendable, Codable {
    case nearest, linear, cubic
  }

  /// How a coordinate of the result maps to one of X.
  public enum CoordinateMode: String, Hashable, Sendable, Codable {
    case halfPixel, halfPixelSymmetric, pytorchHalfPixel, alignCorners, asymmetric, cropAndResize
    /// `(x + 0.5) / scale`, which only opset 10's readers of TensorFlow models used for nearest.
    case halfPixelForNearest
  }

  public enum NearestMode: String, Hashable, Sendable, Codable {
    case roundPreferFloor, roundPreferCeil, floor, ceil
  }

  public enum AspectPolicy: String, Hashable, Sendable, Codable {
    case stretch, notLarger, notSmaller
  }

  public static let name = "Resize"
  public static let arity = 1...4
  public var mode: Mode
  public var coordinateMode: CoordinateMode
  public var nearestMode: NearestMode
  public var cubicA: Float
  public var excludeOutside: Bool
  public var extrapolationValue: Float
  public var antialias: Bool
  public var keepAspect: AspectPolicy
  /// The axes that region, scales and sizes speak of; nil for all.
  public var axes: [Int]?

  public init(
    mode: Mode = .nearest, coordinateMode: CoordinateMode = .halfPixel,
    nearestMode: NearestMode = .roundPreferFloor, cubicA: Float = -0.75, excludeOutside: Bool = false,
    extrapolationValue: Float = 0, antialias: Bool = false, keepAspect: AspectPolicy = .stretch, axes: [Int]? = nil
  ) {
    self.mode = mode
    self.coordinateMode = coordinateMode
    self.nearestMode = nearestMode
    self.cubicA = cubicA
    self.excludeOutside = excludeOutside
    self.extrapolationValue = extrapolationValue
    self.antialias = antialias
    self.keepAspect = keepAspect
    self.axes = axes
  }

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    guard x.element.isFloatingPoint || x.element.isInteger || (mode == .nearest && x.element == .bool) else {
      throw operands.mismatch(expected: "a numeric tensor", got: "\(x)")
    }
    let axes = try resizedAxes(rank: x.rank, operands)
    try checkParameters(operands, axes: axes.count)
    let shape = try extents(x.shape, axes, operands)
    if let extents = x.shape.constants, let results = shape.constants {
      for (a, b) in zip(extents, results) where a == 0 && b > 0 {
        throw operands.mismatch(expected: "extents above 0 to resize", got: "\(x)")
      }
    }
    return [.tensor(TensorType(x.element, shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let tables = tables(
      input: x.shape, output: type.shape, roi: context.optionalTensor(operands, 1)?.doubles() ?? [],
      scales: context.optionalTensor(operands, 2)?.doubles() ?? [],
      sizes: context.optionalTensor(operands, 3)?.integers() ?? [])
    let y = ResizeTable.apply(tables, to: x.doubles(), shape: x.shape, outside: Double(extrapolationValue))
    guard !type.element.isFloatingPoint else { return [try context.result(Self.name, type, doubles: y)] }
    let range = type.element.integerRange
    let rounded = y.map { min(max(Int(saturating: $0.rounded()), range.lowerBound), range.upperBound) }
    return [try context.result(Self.name, type, integers: rounded)]
  }
}

extension Resize {
  func resizedAxes(rank: Int, _ operands: Operands) throws(OperatorError) -> [Int] {
    guard let axes else { return Array(0..<rank) }
    var result: [Int] = []
    for axis in axes { result.append(try operands.axis(axis, rank: rank)) }
    guard Set(result).count == result.count else {
      throw operands.mismatch(expected: "each axis once", got: "\(axes)")
    }
    return result
  }

  private func checkParameters(_ operands: Operands, axes: Int) throws(OperatorError) {
    for i in 1..<4 {
      guard let type = try operands.optionalTensor(i), let count = type.shape.product.constant else { continue }
      let wanted = i == 1 ? 2 * axes : axes
      guard type.rank == 1, count == 0 || count == wanted || (i == 1 && coordinateMode != .cropAndResize) else {
        throw operands.mismatch(expected: "\(wanted) entries in operand \(i)", got: "\(type)")
      }
    }
    let isSized = isGiven(3, operands)
    guard isSized != isGiven(2, operands) else {
      throw operands.mismatch(expected: "either scales or sizes", got: isSized ? "both" : "neither")
    }
    if let sizes = isSized ? operands.integers(3) : nil {
      try operands.require(sizes, in: 0...ReferenceLimit.attribute, "sizes")
    }
    for scale in (isSized ? nil : operands.constant(2))?.doubles() ?? [] where !(scale > 0 && scale.isFinite) {
      throw operands.mismatch(expected: "scales above 0", got: "\(scale)")
    }
  }

  private func isGiven(_ i: Int, _ operands: Operands) -> Bool {
    operands.isPresent(i) && operands.types[i]?.tensor?.shape.product.constant != 0
  }

  private func extents(_ input: Shape, _ axes: [Int], _ operands: Operands) throws(OperatorError) -> Shape {
    var shape = input
    if isGiven(3, operands) {
      let sizes = operands.dimensions(3) ?? operands.integers(3).map { Shape($0) }
      let ratio = try aspectRatio(input, axes, sizes?.constants, operands)
      for (i, axis) in axes.enumerated() {
        if let ratio {
          shape[axis] =
            input[axis].constant.map { Dimension(Int(saturating: (ratio * Double($0) + 0.5).rounded(.down))) }
            ?? operands.freshDimension("axis\(axis)")
        } else {
          shape[axis] =
            keepAspect == .stretch
            ? sizes?[i] ?? operands.freshDimension("axis\(axis)")
            : operands.freshDimension("axis\(axis)")
        }
      }
      return shape
    }
    let scales = operands.constant(2)?.doubles()
    let roi = coordinateMode == .cropAndResize ? operands.constant(1)?.doubles() : nil
    for (i, axis) in axes.enumerated() {
      guard let scales, coordinateMode != .cropAndResize || roi != nil else {
        shape[axis] = operands.freshDimension("axis\(axis)")
        continue
      }
      // The product is taken in `Float`, where 10 * 0.7 is 7.
      let part = roi.map { $0[i + axes.count] - $0[i] } ?? 1
      shape[axis] = try scaled(input[axis], by: scales[i] * part, axis, operands)
    }
    return shape
  }

  /// `floor(extent * factor)`: a product or quotient where the factor is an integer or the reciprocal of one.
  private func scaled(
    _ extent: Dimension, by factor: Double, _ axis: Int, _ operands: Operands
  ) throws(OperatorError) -> Dimension {
    if let extent = extent.constant {
      let size = (Float(extent) * Float(factor)).rounded(.down)
      guard size >= 0, size <= Float(ReferenceLimit.attribute) else {
        throw operands.mismatch(expected: "a size in 0...\(ReferenceLimit.attribute)", got: "\(size)")
      }
      return Dimension(Int(size))
    }
    if factor >= 1, factor == factor.rounded(), factor < 0x1p20 { return extent * Dimension(Int(factor)) }
    let inverse = 1 / factor
    if inverse > 1, inverse < 0x1p20, inverse == inverse.rounded() {
      return extent.floorDivided(by: Dimension(Int(inverse)))
    }
    return operands.freshDimension("axis\(axis)")
  }

  /// The one scale of all axes that an aspect policy chooses; nil when sizes are taken as they are.
  private func aspectRatio(
    _ input: Shape, _ axes: [Int], _ sizes: [Int]?, _ operands: Operands
  ) throws(OperatorError) -> Double? {
    guard keepAspect != .stretch, let sizes, sizes.count == axes.count else { return nil }
    var ratios: [Double] = []
    for (size, axis) in zip(sizes, axes) {
      guard let extent = input[axis].constant else { return nil }
      guard extent > 0 else { throw operands.mismatch(expected: "extents above 0", got: "\(input)") }
      ratios.append(Double(size) / Double(extent))
    }
    return keepAspect == .notLarger ? ratios.min() : ratios.max()
  }
}
