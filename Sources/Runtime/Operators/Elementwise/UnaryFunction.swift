/// A function of one element; parameters are part of it. `Unary`, epilogues and `ElementwiseProgram` share these.
public enum UnaryFunction: Hashable, Sendable, Codable {
  case abs, neg, ceil, floor, round, sign, sqrt, reciprocal, exp, log
  case sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh
  case erf, sigmoid, relu
  case leakyRelu(alpha: Float)
  case elu(alpha: Float)
  case celu(alpha: Float)
  case selu(alpha: Float, gamma: Float)
  case hardSigmoid(alpha: Float, beta: Float)
  case hardSwish, softplus, softsign, mish
  case thresholdedRelu(alpha: Float)
  /// `x * sigmoid(alpha * x)`; SiLU for alpha 1.
  case swish(alpha: Float)
  case geluErf, geluTanh
  case clip(low: Float, high: Float)
  /// `x * scale + shift`
  case affine(scale: Float, shift: Float)
  case logicalNot, isNaN
  case isInf(negative: Bool, positive: Bool)
  case bitwiseNot
  case shrink(lambda: Float, bias: Float)
}

extension UnaryFunction {
  /// True for functions whose result is bool whatever the operand.
  public var isPredicate: Bool {
    switch self {
    case .logicalNot, .isNaN, .isInf: true
    default: false
    }
  }

  /// The element types the function is defined for.
  func accepts(_ element: ElementType) -> Bool {
    switch self {
    case .logicalNot: element == .bool
    case .bitwiseNot: element.isInteger
    case .abs, .neg, .sign, .relu, .clip, .affine: element.isInteger || element.isFloatingPoint
    default: element.isFloatingPoint
    }
  }

  /// The function on reals, from its definition.
  public func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .abs: Swift.abs(x)
    case .neg: -x
    case .ceil: x.rounded(.up)
    case .floor: x.rounded(.down)
    case .round: x.rounded(.toNearestOrEven)
    case .sign: x.isNaN ? x : x > 0 ? 1 : x < 0 ? -1 : 0
    case .sqrt: x.squareRoot()
    case .reciprocal: 1 / x
    case .exp, .log, .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .tanh, .asinh, .acosh, .atanh, .erf:
      transcendental(x)
    case .logicalNot: x == 0 ? 1 : 0
    case .isNaN: x.isNaN ? 1 : 0
    case .isInf(let negative, let positive):
      x.isInfinite && (x > 0 ? positive : negative) ? 1 : 0
    case .bitwiseNot: Double(~Int(saturating: x))
    default: activation(x)
    }
  }

  /// The function on integers where it is defined on them; wraps on overflow.
  func integer(_ x: Int) -> Int {
    switch self {
    case .abs: x < 0 ? 0 &- x : x
    case .neg: 0 &- x
    case .sign: x.signum()
    case .relu: Swift.max(x, 0)
    case .clip(let low, let high): Swift.min(Swift.max(x, Int(saturating: Double(low))), Int(saturating: Double(high)))
    case .bitwiseNot: ~x
    case .logicalNot: x == 0 ? 1 : 0
    default: Int(saturating: self(Double(x)))
    }
  }
}
