import MassRuntime

/// One row of the operator tests: an operator, operands, and what must come out — or why it must be refused.
public struct OperatorCase: Sendable, CustomStringConvertible {
  public let op: any Operator
  public let inputs: [Tensor?]
  public let expected: [Tensor]
  /// Part of the error's text, for operands that must be refused.
  public let refusal: String?
  public let because: String
  /// Allowed difference, absolute and relative.
  public let tolerance: Double

  public init(
    _ op: any Operator, _ inputs: Tensor?..., gives expected: Tensor..., because: String = "", tolerance: Double = 1e-5
  ) {
    self.op = op
    self.inputs = inputs
    self.expected = expected
    refusal = nil
    self.because = because
    self.tolerance = tolerance
  }

  private init(_ op: any Operator, inputs: [Tensor?], refusal: String) {
    self.op = op
    self.inputs = inputs
    self.refusal = refusal
    expected = []
    because = "it must be refused"
    tolerance = 0
  }

  /// Operands that must be refused with an error whose text contains `expected`.
  public static func refusal(_ op: any Operator, _ inputs: Tensor?..., expected: String) -> OperatorCase {
    OperatorCase(op, inputs: inputs, refusal: expected)
  }

  public var description: String {
    let operands = inputs.map { $0.map { "\($0.type)" } ?? "_" }.joined(separator: ", ")
    return "\(Swift.type(of: op).name)(\(operands))\(because.isEmpty ? "" : ": \(because)")"
  }
}

extension Tensor {
  /// Literals in tests are well formed: anything else is the test's own bug.
  private static func literal(_ element: ElementType, _ shape: [Int], _ values: [Double]) -> Tensor {
    guard let tensor = try? Tensor.make(element, shape, doubles: values) else {
      preconditionFailure("\(values.count) values for a literal of shape \(shape)")
    }
    return tensor
  }

  private static func literal(_ element: ElementType, _ shape: [Int], integers: [Int]) -> Tensor {
    guard let tensor = try? Tensor.make(element, shape, integers: integers) else {
      preconditionFailure("\(integers.count) values for a literal of shape \(shape)")
    }
    return tensor
  }

  public static func f32(_ shape: [Int], _ values: [Double]) -> Tensor { literal(.float32, shape, values) }
  public static func f64(_ shape: [Int], _ values: [Double]) -> Tensor { literal(.float64, shape, values) }
  public static func f16(_ shape: [Int], _ values: [Double]) -> Tensor { literal(.float16, shape, values) }
  public static func bf16(_ shape: [Int], _ values: [Double]) -> Tensor { literal(.bfloat16, shape, values) }
  public static func i64(_ shape: [Int], _ values: [Int]) -> Tensor { literal(.int64, shape, integers: values) }
  public static func i32(_ shape: [Int], _ values: [Int]) -> Tensor { literal(.int32, shape, integers: values) }
  public static func i16(_ shape: [Int], _ values: [Int]) -> Tensor { literal(.int16, shape, integers: values) }
  public static func i8(_ shape: [Int], _ values: [Int]) -> Tensor { literal(.int8, shape, integers: values) }
  public static func u8(_ shape: [Int], _ values: [Int]) -> Tensor { literal(.uint8, shape, integers: values) }
  public static func u32(_ shape: [Int], _ values: [Int]) -> Tensor { literal(.uint32, shape, integers: values) }
  public static func u64(_ shape: [Int], _ values: [Int]) -> Tensor { literal(.uint64, shape, integers: values) }

  public static func bool(_ shape: [Int], _ values: [Bool]) -> Tensor {
    literal(.bool, shape, integers: values.map { $0 ? 1 : 0 })
  }

  /// Reproducible numbers in −1…1 (SplitMix64; Steele, Lea and Flood, 2014).
  public static func random(_ shape: [Int], seed: UInt64, element: ElementType = .float32) -> Tensor {
    var state = seed
    let values = (0..<shape.reduce(1, *)).map { _ in
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return Double((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1
    }
    return literal(element, shape, values)
  }
}
