/// Pools regions of X [N, C, H, W] to a fixed size by bilinear samples.
///
/// Operands: X, regions [R, 4] as x₁, y₁, x₂, y₂, and the batch entry of each region [R].
public struct RoiAlign: Operator {
  public enum Mode: String, Hashable, Sendable, Codable {
    case average, max
  }

  public static let name = "RoiAlign"
  public static let arity = 3...3
  public var mode: Mode
  public var outputHeight: Int
  public var outputWidth: Int
  /// Samples per bin and axis; zero for as many as the bin is wide.
  public var samplingRatio: Int
  public var spatialScale: Float
  /// Whether coordinates are shifted by half an element.
  public var isHalfPixel: Bool

  public init(
    mode: Mode = .average, outputHeight: Int = 1, outputWidth: Int = 1, samplingRatio: Int = 0,
    spatialScale: Float = 1, isHalfPixel: Bool = true
  ) {
    self.mode = mode
    self.outputHeight = outputHeight
    self.outputWidth = outputWidth
    self.samplingRatio = samplingRatio
    self.spatialScale = spatialScale
    self.isHalfPixel = isHalfPixel
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let (x, regions) = (try operands.realTensor(0), try operands.realTensor(1))
    guard x.rank == 4, regions.rank == 2 else {
      throw operands.mismatch(expected: "X of rank 4 and regions of rank 2", got: "\(x) and \(regions)")
    }
    try operands.requireEqual(regions.shape[1], 4, "regions of four coordinates")
    try operands.requireOptional(2, .int64, [regions.shape[0]], "batch entries")
    try operands.require([outputHeight, outputWidth], in: 0...1 << 16, "output extents")
    try operands.require([samplingRatio], in: 0...1 << 10, "samples per bin")
    return [
      .tensor(
        TensorType(x.element, [regions.shape[0], x.shape[1], Dimension(outputHeight), Dimension(outputWidth)]))
    ]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let regions = try context.tensor(operands, 1, for: Self.name).doubles()
    let entries = try context.tensor(operands, 2, for: Self.name).integers()
    if let bad = entries.first(where: { !(0..<x.shape[0]).contains($0) }) {
      throw context.refusal(Self.name, expected: "batch entries in 0..<\(x.shape[0])", got: "\(bad)")
    }
    let (data, channels, height, width) = (x.doubles(), x.shape[1], x.shape[2], x.shape[3])
    var y = [Double](repeating: 0, count: type.count)
    guard height > 0, width > 0 else { return [try context.result(Self.name, type, doubles: y)] }
    for (r, entry) in entries.enumerated() {
      let rows = axisSamples(regions[4 * r + 1], regions[4 * r + 3], bins: outputHeight, extent: height)
      let columns = axisSamples(regions[4 * r], regions[4 * r + 2], bins: outputWidth, extent: width)
      for c in 0..<channels {
        let plane = (entry * channels + c) * height * width
        for (i, row) in rows.enumerated() {
          for (j, column) in columns.enumerated() {
            let at = ((r * channels + c) * outputHeight + i) * outputWidth + j
            y[at] = pooled(data, plane, width, row, column)
          }
        }
      }
    }
    return [try context.result(Self.name, type, doubles: y)]
  }
}

extension RoiAlign {
  /// A sample along one axis: two neighbours and how near it is to each; nil outside.
  private typealias Sample = (low: Int, high: Int, fraction: Double)?

  private func axisSamples(_ start: Double, _ end: Double, bins: Int, extent: Int) -> [[Sample]] {
    let shift = isHalfPixel ? 0.5 : 0
    let first = start * Double(spatialScale) - shift
    let length = end * Double(spatialScale) - shift - first
    let size = (isHalfPixel ? length : max(length, 1)) / Double(bins)
    let wanted = samplingRatio > 0 ? samplingRatio : Int(saturating: size.rounded(.up))
    let count = min(max(wanted, 0), 1 << 10)
    return (0..<bins).map { bin in
      (0..<count).map { i in
        let x = first + Double(bin) * size + (Double(i) + 0.5) * size / Double(count)
        guard x >= -1, x <= Double(extent) else { return nil }
        let low = min(Int(max(x, 0)), extent - 1)
        return low == extent - 1 ? (low, low, 0) : (low, low + 1, max(x, 0) - Double(low))
      }
    }
  }

  private func pooled(
    _ x: [Double], _ plane: Int, _ width: Int, _ rows: [Sample], _ columns: [Sample]
  ) -> Double {
    var (sum, top) = (0.0, -Double.infinity)
    for row in rows {
      for column in columns {
        guard let row, let column else {
          top = max(top, 0)
          continue
        }
        let (upper, lower) = (plane + row.low * width, plane + row.high * width)
        let (a, b) = (1 - row.fraction, row.fraction)
        let (c, d) = (1 - column.fraction, column.fraction)
        let terms = [
          a * c * x[upper + column.low], a * d * x[upper + column.high], b * c * x[lower + column.low],
          b * d * x[lower + column.high],
        ]
        sum += terms.reduce(0, +)
        top = max(top, mode == .max ? terms.max() ?? 0 : 0)
      }
    }
    let count = rows.count * columns.count
    return mode == .max ? (count == 0 ? 0 : top) : sum / Double(max(count, 1))
  }
}
