/// A row-major shape seen as outer × axis × inner: the lines along one axis.
struct AxisView {
  let outer: Int
  let count: Int
  let inner: Int

  init(_ shape: [Int], axis: Int) {
    self.init(shape, axis..<axis + 1)
  }

  /// The lines over several neighbouring axes taken together.
  init(_ shape: [Int], _ axes: Range<Int>) {
    outer = shape[..<axes.lowerBound].reduce(1, *)
    count = shape[axes].reduce(1, *)
    inner = shape[axes.upperBound...].reduce(1, *)
  }

  /// Maps every line to a line.
  func mapLines(_ x: [Double], _ transform: (inout [Double]) -> Void) -> [Double] {
    var result = x
    var line = [Double](repeating: 0, count: count)
    guard !x.isEmpty else { return result }
    for o in 0..<outer {
      for i in 0..<inner {
        let base = o * count * inner + i
        for k in 0..<count { line[k] = x[base + k * inner] }
        transform(&line)
        for k in 0..<count { result[base + k * inner] = line[k] }
      }
    }
    return result
  }
}

/// Mean and variance of a line, the latter from the deviations.
func moments(_ line: some Collection<Double>) -> (mean: Double, variance: Double) {
  let count = Double(line.count)
  let mean = line.reduce(0, +) / count
  return (mean, line.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count)
}
