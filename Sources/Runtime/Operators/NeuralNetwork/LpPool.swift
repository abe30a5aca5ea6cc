#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The p-norm of a sliding window. Operand: X [N, C, D…].
public struct LpPool: Operator, SlidingWindow {
  public static let name = "LpPool"
  public static let arity = 1...1
  public var p: Int
  public var kernel: [Int]
  public var strides: [Int]
  public var dilations: [Int]
  public var padsBegin: [Int]
  public var padsEnd: [Int]
  public var autoPad: AutoPadding
  public var ceilMode: Bool

  public init(
    p: Int = 2, kernel: [Int], strides: [Int] = [], dilations: [Int] = [], padsBegin: [Int] = [],
    padsEnd: [Int] = [], autoPad: AutoPadding = .explicit, ceilMode: Bool = false
  ) {
    self.p = p
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.padsBegin = padsBegin
    self.padsEnd = padsEnd
    self.autoPad = autoPad
    self.ceilMode = ceilMode
  }

  public var layoutPolicy: LayoutPolicy { .prefersChannelsLast }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    try operands.require([p], in: 1...ReferenceLimit.attribute, "p")
    return [.tensor(TensorType(x.element, try pooledShape(x, kernel: kernel, operands)))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    guard let window = resolved(input: Array(x.shape.dropFirst(2)), kernel: kernel) else {
      throw context.refusal(Self.name, expected: "a window that fits", got: "\(x.shape)")
    }
    let data = x.doubles()
    var y = [Double](repeating: 0, count: type.count)
    window.forEachWindow(planes: x.shape[0] * x.shape[1]) { output, base, offsets in
      y[output] = pNorm(p, offsets.lazy.map { data[base + $0] })
    }
    return [try context.result(Self.name, type, doubles: y)]
  }
}

/// `(Σ |x|ᵖ)^(1/p)`
func pNorm(_ p: Int, _ values: some Sequence<Double>) -> Double {
  switch p {
  case 1: values.reduce(0) { $0 + abs($1) }
  case 2: values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  default: pow(values.reduce(0) { $0 + pow(abs($1), Double(p)) }, 1 / Double(p))
  }
}
