/// How one axis of a `Resize` mixes source elements: the same tables serve the reference kernel and vector kernels.
public struct ResizeTable: Hashable, Sendable {
  public var inputSize: Int
  public var outputSize: Int
  /// Source elements per result element: 1 nearest, 2 linear, 4 cubic, more for anti-aliasing; 0 for an axis that is
  /// kept.
  public var taps: Int
  /// `outputSize` × `taps` source indices within bounds; all -1 where the extrapolation value is wanted.
  public var indices: [Int]
  /// `outputSize` × `taps` weights; those of a result element add up to 1.
  public var weights: [Double]

  public var isIdentity: Bool { taps == 0 }
}

extension Resize {
  /// The tables of all axes of a resize from `input` to `output` extents.
  ///
  /// - Parameters:
  ///   - roi: Starts, then ends, per entry of `axes`; only read for `cropAndResize`.
  ///   - scales: Per entry of `axes`; empty when sizes are given.
  ///   - sizes: Per entry of `axes`, as asked for; only read under an aspect policy.
  /// - Requires: The shapes passed `resultTypes`.
  public func tables(
    input: [Int], output: [Int], roi: [Double], scales: [Double], sizes: [Int] = []
  ) -> [ResizeTable] {
    let axes = (axes ?? Array(input.indices)).map { $0 < 0 ? $0 + input.count : $0 }
    var tables = input.map { ResizeTable(inputSize: $0, outputSize: $0, taps: 0, indices: [], weights: []) }
    let ratios = zip(sizes, axes).map { Double($0) / Double(max(input[$1], 1)) }
    let common = keepAspect == .stretch ? nil : keepAspect == .notLarger ? ratios.min() : ratios.max()
    for (i, axis) in axes.enumerated() {
      let scale =
        i < scales.count ? scales[i] : common ?? Double(output[axis]) / Double(max(input[axis], 1))
      let region = roi.count >= 2 * axes.count ? (roi[i], roi[i + axes.count]) : (0, 1)
      let isCropped = coordinateMode == .cropAndResize && region != (0, 1)
      if scale == 1 && input[axis] == output[axis] && !isCropped { continue }
      let line = ResizeAxis(op: self, input: input[axis], output: output[axis], scale: scale, region: region)
      tables[axis] = line.table()
    }
    return tables
  }
}

extension ResizeTable {
  /// Resamples axis after axis.
  static func apply(_ tables: [ResizeTable], to x: [Double], shape: [Int], outside: Double) -> [Double] {
    var (values, shape) = (x, shape)
    // Marks survive the weighted sums of later axes, so that extrapolation on any axis wins.
    var outsideMask: [Bool]?
    for (axis, table) in tables.enumerated() where !table.isIdentity {
      let view = AxisView(shape, axis: axis)
      var result = [Double](repeating: 0, count: view.outer * table.outputSize * view.inner)
      var mask = outsideMask == nil && !table.indices.contains(-1) ? nil : [Bool](repeating: false, count: result.count)
      for o in 0..<view.outer {
        for k in 0..<table.outputSize {
          let target = (o * table.outputSize + k) * view.inner
          for tap in k * table.taps..<(k + 1) * table.taps {
            let index = table.indices[tap]
            let source = (o * view.count + max(index, 0)) * view.inner
            let weight = table.weights[tap]
            for i in 0..<view.inner {
              if index >= 0 { result[target + i] += weight * values[source + i] }
              if index < 0 || (outsideMask?[source + i] ?? false) { mask?[target + i] = true }
            }
          }
        }
      }
      (values, outsideMask) = (result, mask)
      shape[axis] = table.outputSize
    }
    if let outsideMask { for i in values.indices where outsideMask[i] { values[i] = outside } }
    return values
  }
}

/// One axis of a resize: coordinates and weights as ONNX defines them.
private struct ResizeAxis {
  let op: Resize
  let input: Int
  let output: Int
  let scale: Double
  let region: (start: Double, end: Double)

  func table() -> ResizeTable {
    var table = ResizeTable(inputSize: input, outputSize: output, taps: tapCount, indices: [], weights: [])
    let last = Double(input - 1)
    for i in 0..<output {
      let x = coordinate(i)
      if op.coordinateMode == .cropAndResize, x < 0 || x > last {
        table.indices += Array(repeating: -1, count: tapCount)
        table.weights += Array(repeating: 0, count: tapCount)
      } else if op.mode == .nearest {
        table.indices.append(min(max(nearest(x), 0), input - 1))
        table.weights.append(1)
      } else {
        appendTaps(at: x, to: &table)
      }
    }
    return table
  }

  /// Filters are stretched by this when anti-aliasing shrinks the axis.
  private var stretch: Double { op.antialias && scale < 1 ? min(1 / scale, Double(max(input, 1))) : 1 }

  private var tapCount: Int {
    switch op.mode {
    case .nearest: 1
    case .linear: 2 * Int(stretch.rounded(.up))
    case .cubic: stretch == 1 ? 4 : 2 * Int((2 * stretch).rounded(.up))
    }
  }

  /// The result's extent before it was rounded down is what coordinates are scaled by.
  private func coordinate(_ i: Int) -> Double {
    let x = Double(i)
    let (inputExtent, outputExtent) = (Double(input), scale * Double(input))
    switch op.coordinateMode {
    case .halfPixel: return (x + 0.5) / scale - 0.5
    case .halfPixelSymmetric:
      let adjustment = Double(output) / outputExtent
      return inputExtent / 2 * (1 - adjustment) + (x + 0.5) / scale - 0.5
    case .pytorchHalfPixel: return outputExtent == 1 ? 0 : (x + 0.5) / scale - 0.5
    case .alignCorners: return outputExtent == 1 ? 0 : x * (inputExtent - 1) / (outputExtent - 1)
    case .asymmetric: return x / scale
    case .halfPixelForNearest: return (x + 0.5) / scale
    case .cropAndResize:
      let span = (region.end - region.start) * (inputExtent - 1)
      return region.start * (inputExtent - 1) + (outputExtent == 1 ? span / 2 : x * span / (outputExtent - 1))
    }
  }

  private func nearest(_ x: Double) -> Int {
    switch op.nearestMode {
    case .floor: Int(saturating: x.rounded(.down))
    case .ceil: Int(saturating: x.rounded(.up))
    case .roundPreferFloor: Int(saturating: (x - 0.5).rounded(.up))
    case .roundPreferCeil: Int(saturating: (x + 0.5).rounded(.down))
    }
  }

  /// Weights of the `tapCount` source elements around `x`; elements outside repeat the edge or, on request, do not
  /// count.
  private func appendTaps(at x: Double, to table: inout ResizeTable) {
    let first = Int(saturating: x.rounded(.down)) - tapCount / 2 + 1
    var weights = (0..<tapCount).map { kernel((Double(first + $0) - x) / stretch) }
    let isInside = (0..<tapCount).map { (0..<input).contains(first + $0) }
    if op.excludeOutside { for k in weights.indices where !isInside[k] { weights[k] = 0 } }
    let sum = weights.reduce(0, +)
    if op.excludeOutside || stretch != 1, sum != 0 { for k in weights.indices { weights[k] /= sum } }
    table.indices += (0..<tapCount).map { min(max(first + $0, 0), input - 1) }
    table.weights += weights
  }

  private func kernel(_ distance: Double) -> Double {
    let d = abs(distance)
    if op.mode == .linear { return max(1 - d, 0) }
    let a = Double(op.cubicA)
    if d <= 1 { return ((a + 2) * d - (a + 3)) * d * d + 1 }
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0
  }
}
