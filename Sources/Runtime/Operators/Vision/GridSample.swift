/// Samples X [N, C, D…] at the places a grid [N, D′…, spatial rank] names, in coordinates −1…1, last axis first.
public struct GridSample: Operator {
  public enum Mode: String, Hashable, Sendable, Codable {
    case nearest, linear, cubic
  }

  /// What lies outside X.
  public enum Padding: String, Hashable, Sendable, Codable {
    case zeros, border, reflection
  }

  public static let name = "GridSample"
  public static let arity = 2...2
  public var mode: Mode
  public var padding: Padding
  /// Whether −1 and 1 are the centres rather than the edges of the outermost elements.
  public var alignCorners: Bool

  public init(mode: Mode = .linear, padding: Padding = .zeros, alignCorners: Bool = false) {
    self.mode = mode
    self.padding = padding
    self.alignCorners = alignCorners
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let (x, grid) = (try operands.tensor(0), try operands.realTensor(1))
    guard x.element.isFloatingPoint || x.element.isInteger, x.rank >= 3, grid.rank == x.rank else {
      throw operands.mismatch(expected: "X and grid of one rank, at least 3", got: "\(x) and \(grid)")
    }
    try operands.requireEqual(x.shape[0], grid.shape[0], "one batch size in X and grid")
    try operands.requireEqual(grid.shape[x.rank - 1], Dimension(x.rank - 2), "a coordinate per spatial axis")
    return [.tensor(TensorType(x.element, [x.shape[0], x.shape[1]] + grid.shape[1..<x.rank - 1]))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let grid = try context.tensor(operands, 1, for: Self.name).doubles()
    let data = x.doubles()
    let extents = Array(x.shape.dropFirst(2))
    let rank = extents.count
    let (channels, size) = (x.shape[1], extents.reduce(1, *))
    let places = type.shape.dropFirst(2).reduce(1, *)
    var y = [Double](repeating: 0, count: type.count)
    for point in 0..<type.shape[0] * places {
      let (batch, place) = (point / places, point % places)
      var taps: [(offset: Int, weight: Double)] = [(0, 1)]
      for axis in 0..<rank {
        let own = axisTaps(grid[point * rank + rank - 1 - axis], extents[axis])
        taps = taps.flatMap { tap in
          own.map { (tap.offset * extents[axis] + $0.index, tap.weight * $0.weight) }
        }
      }
      for c in 0..<channels {
        let plane = (batch * channels + c) * size
        y[(batch * channels + c) * places + place] = taps.reduce(0) { $0 + data[plane + $1.offset] * $1.weight }
      }
    }
    return [try context.result(Self.name, type, doubles: y)]
  }
}

extension GridSample {
  /// The elements of one axis that a coordinate mixes; none where it falls on zeros.
  private func axisTaps(_ coordinate: Double, _ extent: Int) -> [(index: Int, weight: Double)] {
    guard coordinate.isFinite, extent > 0 else { return [] }
    let length = Double(extent)
    let x = bounded(
      alignCorners ? (coordinate + 1) / 2 * (length - 1) : ((coordinate + 1) * length - 1) / 2, length)
    guard abs(x) < 0x1p50 else { return [] }
    let base = x.rounded(.down)
    let weights: [Double]
    switch mode {
    case .nearest: return tap(x.rounded(.toNearestOrEven), extent, 1)
    case .linear: weights = [1 - (x - base), x - base]
    case .cubic: weights = (0..<4).map { Self.cubic(x - base - Double($0 - 1)) }
    }
    let first = mode == .cubic ? base - 1 : base
    return weights.enumerated().flatMap { tap(first + Double($0), extent, $1) }
  }

  /// Interpolation other than cubic moves the coordinate itself into bounds; cubic does so with each element.
  private func bounded(_ x: Double, _ length: Double) -> Double {
    guard mode != .cubic else { return x }
    switch padding {
    case .zeros: return x
    case .border: return min(max(x, 0), length - 1)
    case .reflection: return reflected(x, length)
    }
  }

  private func tap(_ position: Double, _ extent: Int, _ weight: Double) -> [(index: Int, weight: Double)] {
    let last = Double(extent - 1)
    switch padding {
    case .zeros: return position >= 0 && position <= last ? [(Int(position), weight)] : []
    case .border: return [(Int(min(max(position, 0), last)), weight)]
    case .reflection:
      return [(Int(min(max(reflected(position, Double(extent)), 0), last)), weight)]
    }
  }

  private func reflected(_ x: Double, _ length: Double) -> Double {
    let (low, high) = alignCorners ? (0, length - 1) : (-0.5, length - 0.5)
    let range = high - low
    guard range > 0 else { return 0 }
    let distance = abs(x - low)
    let turns = (distance / range).rounded(.down)
    let rest = distance - turns * range
    return turns.truncatingRemainder(dividingBy: 2) == 0 ? low + rest : high - rest
  }

  private static func cubic(_ distance: Double) -> Double {
    let (a, d) = (-0.75, abs(distance))
    if d <= 1 { return ((a + 2) * d - (a + 3)) * d * d + 1 }
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0
  }
}
