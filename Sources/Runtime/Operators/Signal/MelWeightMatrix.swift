#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The matrix that sums the bins of a spectrum into triangular bands of the mel scale.
///
/// Operands, all scalars: bands, transform length, sample rate, lowest and highest frequency. Result: [length / 2 + 1,
/// bands].
public struct MelWeightMatrix: Operator {
  public static let name = "MelWeightMatrix"
  public static let arity = 5...5
  public var element: ElementType

  public init(element: ElementType = .float32) { self.element = element }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    guard element.isFloatingPoint || element.isInteger else {
      throw operands.mismatch(expected: "a numeric element type", got: "\(element)")
    }
    for i in 0..<5 {
      guard try operands.tensor(i).shape.product.isOne else {
        throw operands.mismatch(expected: "scalars", got: "\(try operands.tensor(i))")
      }
    }
    guard let bands = operands.integers(0)?.first, let length = operands.integers(1)?.first else {
      let shape = [operands.freshDimension("bins"), operands.freshDimension("bands")]
      return [.tensor(TensorType(element, shape))]
    }
    try operands.require([bands, length], in: 0...1 << 24, "bands and transform length")
    return [.tensor(TensorType(element, [Dimension(length / 2 + 1), Dimension(bands)]))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    var scalars: [Double] = []
    for i in 0..<5 { scalars.append(try context.tensor(operands, i, for: Self.name).doubles().first ?? 0) }
    let (bins, bands) = (type.shape[0], type.shape[1])
    let (low, high) = (Self.mel(scalars[3]), Self.mel(scalars[4]))
    let step = (high - low) / Double(bands + 2)
    let edges = (0..<bands + 2).map { i in
      let hertz = 700 * expm1((Double(i) * step + low) / 2595 * log(10))
      return Int(saturating: ((scalars[1] + 1) * hertz / scalars[2]).rounded(.down))
    }
    guard let last = edges.max(), let first = edges.min(), first >= 0, last < max(bins, 1) + 1 else {
      throw context.refusal(
        Self.name, expected: "frequencies within the spectrum", got: "\(scalars[3])...\(scalars[4])")
    }
    var y = [Double](repeating: 0, count: type.count)
    func set(_ bin: Int, _ band: Int, _ value: Double) {
      if bin < bins { y[bin * bands + band] = value }
    }
    for band in 0..<bands {
      let (left, centre, right) = (edges[band], edges[band + 1], edges[band + 2])
      if centre == left { set(centre, band, 1) }
      for bin in left..<max(centre + 1, left) where centre > left {
        set(bin, band, Double(bin - left) / Double(centre - left))
      }
      for bin in centre..<max(right, centre) { set(bin, band, Double(right - bin) / Double(right - centre)) }
    }
    return [try context.result(Self.name, type, doubles: y)]
  }

  private static func mel(_ hertz: Double) -> Double { 2595 * log1p(hertz / 700) / log(10) }
}
