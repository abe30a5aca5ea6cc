/// Normalizes rows in place: layer normalization, or root-mean-square normalization, which subtracts no mean.
struct RowNormalization {
  let isCentered: Bool
  let epsilon: Double
  private(set) var means: [Double] = []
  private(set) var inverseDeviations: [Double] = []

  init(isCentered: Bool, epsilon: Float) {
    self.isCentered = isCentered
    self.epsilon = Double(epsilon)
  }

  mutating func run(_ y: inout [Double], rows: Int) {
    guard rows > 0 else { return }
    let size = y.count / rows
    for row in 0..<rows {
      let range = row * size..<(row + 1) * size
      let (mean, variance) = isCentered ? moments(y[range]) : (0, y[range].reduce(0) { $0 + $1 * $1 } / Double(size))
      let factor = 1 / (variance + epsilon).squareRoot()
      for i in range { y[i] = (y[i] - mean) * factor }
      means.append(mean)
      inverseDeviations.append(factor)
    }
  }
}

extension Operands {
  /// Checks that operand `i`, if present, has the element type of `x` and broadcasts into its shape.
  func requireBroadcast(_ i: Int, into x: TensorType, _ what: String) throws(OperatorError) {
    guard let type = try optionalTensor(i) else { return }
    guard type.element == x.element, type.rank <= x.rank, try broadcast([type.shape, x.shape]) == x.shape else {
      throw mismatch(expected: "\(what) that broadcasts to \(x)", got: "\(type)")
    }
  }
}

extension EvaluationContext {
  /// Operand `i` repeated to `shape`, or nil when it is absent.
  func broadcast(_ operands: [Value?], _ i: Int, to shape: [Int]) -> [Double]? {
    guard let tensor = optionalTensor(operands, i) else { return nil }
    let values = tensor.doubles()
    return Strides.offsets(shape, Strides.broadcasting(tensor.shape, to: shape)).map { values[$0] }
  }
}
