#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension UnaryFunction {
  func transcendental(_ x: Double) -> Double {
    switch self {
    case .exp: Glibc.exp(x)
    case .log: Glibc.log(x)
    case .sin: Glibc.sin(x)
    case .cos: Glibc.cos(x)
    case .tan: Glibc.tan(x)
    case .asin: Glibc.asin(x)
    case .acos: Glibc.acos(x)
    case .atan: Glibc.atan(x)
    case .sinh: Glibc.sinh(x)
    case .cosh: Glibc.cosh(x)
    case .tanh: Glibc.tanh(x)
    case .asinh: Glibc.asinh(x)
    case .acosh: Glibc.acosh(x)
    case .atanh: Glibc.atanh(x)
    case .erf: Glibc.erf(x)
    default: .nan
    }
  }

  func activation(_ x: Double) -> Double {
    switch self {
    case .sigmoid: 1 / (1 + Glibc.exp(-x))
    case .relu: x > 0 || x.isNaN ? x : 0
    case .leakyRelu(let alpha): x < 0 ? Double(alpha) * x : x
    case .elu(let alpha): x < 0 ? Double(alpha) * expm1(x) : x
    case .celu(let alpha): Swift.max(0, x) + Swift.min(0, Double(alpha) * expm1(x / Double(alpha)))
    case .selu(let alpha, let gamma): Double(gamma) * (x > 0 ? x : Double(alpha) * expm1(x))
    case .hardSigmoid(let alpha, let beta): Self.clamp(Double(alpha) * x + Double(beta), 0, 1)
    case .hardSwish: x * Self.clamp(x / 6 + 0.5, 0, 1)
    case .softplus: Swift.max(x, 0) + log1p(Glibc.exp(-Swift.abs(x)))
    case .softsign: x / (1 + Swift.abs(x))
    case .mish: x * Glibc.tanh(Swift.max(x, 0) + log1p(Glibc.exp(-Swift.abs(x))))
    case .thresholdedRelu(let alpha): x > Double(alpha) ? x : 0
    case .swish(let alpha): x / (1 + Glibc.exp(-Double(alpha) * x))
    case .geluErf: 0.5 * x * (1 + Glibc.erf(x * 0.5.squareRoot()))
    case .geluTanh: 0.5 * x * (1 + Glibc.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))
    case .clip(let low, let high): Self.clamp(x, Double(low), Double(high))
    case .affine(let scale, let shift): x * Double(scale) + Double(shift)
    case .shrink(let lambda, let bias):
      x < -Double(lambda) ? x + Double(bias) : x > Double(lambda) ? x - Double(bias) : 0
    default: .nan
    }
  }

  /// NaN stays NaN; `high` wins where the bounds cross.
  private static func clamp(_ x: Double, _ low: Double, _ high: Double) -> Double {
    x.isNaN ? x : Swift.min(Swift.max(x, low), high)
  }
}
