/// Determinants of square matrices in the last two axes.
public struct Det: Operator {
  public static let name = "Det"
  public static let arity = 1...1

  public init() {}

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    guard x.rank >= 2 else { throw operands.mismatch(expected: "matrices", got: "\(x)") }
    try operands.requireEqual(x.shape[x.rank - 1], x.shape[x.rank - 2], "square matrices")
    return [.tensor(TensorType(x.element, Shape(x.shape.dropLast(2))))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let n = x.shape.last ?? 0
    let data = x.doubles()
    let values = (0..<type.count).map { Self.determinant(Array(data[$0 * n * n..<($0 + 1) * n * n]), n) }
    return [try context.result(Self.name, type, doubles: values)]
  }

  /// Gaussian elimination with the largest pivot of each column.
  private static func determinant(_ matrix: [Double], _ n: Int) -> Double {
    var a = matrix
    var product = 1.0
    for k in 0..<n {
      var pivot = k
      for i in k..<n where abs(a[i * n + k]) > abs(a[pivot * n + k]) { pivot = i }
      if a[pivot * n + k] == 0 { return 0 }
      if pivot != k {
        for j in 0..<n { a.swapAt(k * n + j, pivot * n + j) }
        product = -product
      }
      product *= a[k * n + k]
      for i in k + 1..<max(n, k + 1) {
        let factor = a[i * n + k] / a[k * n + k]
        for j in k..<n { a[i * n + j] -= factor * a[k * n + j] }
      }
    }
    return product
  }
}
