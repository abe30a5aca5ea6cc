#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Local response normalization: divides by a power of the mean square over neighbouring channels.
///
/// `y = x / (bias + alpha / size · Σ x²)^beta`, the sum over `size` channels around each. Operand: X [N, C, D…].
public struct LRN: Operator {
  public static let name = "LRN"
  public static let arity = 1...1
  public var size: Int
  public var alpha: Float
  public var beta: Float
  public var bias: Float

  public init(size: Int, alpha: Float = 1e-4, beta: Float = 0.75, bias: Float = 1) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.bias = bias
  }

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    guard x.rank >= 2 else { throw operands.mismatch(expected: "an operand of rank 2 or more", got: "\(x)") }
    try operands.require([size], in: 1...ReferenceLimit.attribute, "size")
    return [.tensor(TensorType(x.element, x.shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let (before, after) = ((size - 1) / 2, size / 2)
    let y = AxisView(x.shape, axis: 1).mapLines(x.doubles()) { line in
      let squares = line.map { $0 * $0 }
      for c in line.indices {
        let sum = squares[max(c - before, 0)...min(c + after, line.count - 1)].reduce(0, +)
        line[c] /= pow(Double(bias) + Double(alpha) / Double(size) * sum, Double(beta))
      }
    }
    return [try context.result(Self.name, type, doubles: y)]
  }
}
