import MassRuntime

extension OperatorCase {
  static let elementwise: [OperatorCase] = unary + activations + binary + integers

  private static let unary: [OperatorCase] = [
    OperatorCase(Unary(.abs), .f32([3], [-1.5, 0, 2]), gives: .f32([3], [1.5, 0, 2])),
    OperatorCase(
      Unary(.neg), .i32([3], [-1, 0, Int(Int32.min)]), gives: .i32([3], [1, 0, Int(Int32.min)]),
      because: "integers wrap"),
    OperatorCase(
      Unary(.round), .f32([5], [0.5, 1.5, 2.5, -0.5, -1.5]), gives: .f32([5], [0, 2, 2, -0.0, -2]),
      because: "ties go to even"),
    OperatorCase(Unary(.sign), .f32([3], [-3, 0, 9]), gives: .f32([3], [-1, 0, 1])),
    OperatorCase(Unary(.reciprocal), .f32([2], [4, -0.5]), gives: .f32([2], [0.25, -2])),
    OperatorCase(
      Unary(.exp), .f32([3], [0, 1, 100]), gives: .f32([3], [1, 2.718281828, .infinity]),
      because: "overflow is infinity"),
    OperatorCase(Unary(.erf), .f32([3], [0, 0.5, -2]), gives: .f32([3], [0, 0.5204998778, -0.9953222650])),
    OperatorCase(Unary(.isNaN), .f32([2], [.nan, 1]), gives: .bool([2], [true, false])),
    OperatorCase(
      Unary(.isInf(negative: false, positive: true)), .f32([2], [.infinity, -.infinity]),
      gives: .bool([2], [true, false])),
    OperatorCase(Unary(.logicalNot), .bool([2], [true, false]), gives: .bool([2], [false, true])),
    OperatorCase(Unary(.exp), .f16([1], [1]), gives: .f16([1], [2.71828]), tolerance: 1e-3),
    OperatorCase(Unary(.sqrt), .f64([2], [2, 9]), gives: .f64([2], [1.4142135623730951, 3])),
    OperatorCase(Unary(.relu), .f32([0, 3], []), gives: .f32([0, 3], []), because: "nothing in, nothing out"),
    .refusal(Unary(.exp), .i64([1], [1]), expected: "exp"),
    .refusal(Unary(.logicalNot), .f32([1], [1]), expected: "logicalNot"),
  ]

  private static let activations: [OperatorCase] = [
    OperatorCase(Unary(.sigmoid), .f32([3], [0, 100, -100]), gives: .f32([3], [0.5, 1, 0])),
    OperatorCase(Unary(.leakyRelu(alpha: 0.1)), .f32([2], [-2, 3]), gives: .f32([2], [-0.2, 3])),
    OperatorCase(Unary(.elu(alpha: 2)), .f32([2], [-1, 3]), gives: .f32([2], [-1.2642411, 3])),
    OperatorCase(Unary(.hardSwish), .f32([3], [-4, 1, 4]), gives: .f32([3], [0, 0.6666667, 4])),
    OperatorCase(Unary(.hardSigmoid(alpha: 0.2, beta: 0.5)), .f32([3], [-9, 1, 9]), gives: .f32([3], [0, 0.7, 1])),
    OperatorCase(
      Unary(.softplus), .f32([3], [0, 100, -100]), gives: .f32([3], [0.6931472, 100, 0]),
      because: "exp must not overflow"),
    OperatorCase(Unary(.mish), .f32([2], [1, -1]), gives: .f32([2], [0.8650984, -0.3034015])),
    OperatorCase(Unary(.swish(alpha: 1)), .f32([2], [1, -1]), gives: .f32([2], [0.7310586, -0.2689414])),
    OperatorCase(Unary(.geluErf), .f32([3], [1, -1, 0]), gives: .f32([3], [0.8413447, -0.1586553, 0])),
    OperatorCase(Unary(.geluTanh), .f32([2], [1, -1]), gives: .f32([2], [0.8411920, -0.1588080])),
    OperatorCase(Unary(.clip(low: -1, high: 1)), .f32([4], [-3, 0.5, 3, .nan]), gives: .f32([4], [-1, 0.5, 1, .nan])),
    OperatorCase(Unary(.affine(scale: 2, shift: 1)), .f32([2], [3, -1]), gives: .f32([2], [7, -1])),
    OperatorCase(Unary(.shrink(lambda: 1, bias: 0.5)), .f32([3], [-2, 0.5, 2]), gives: .f32([3], [-1.5, 0, 1.5])),
  ]

  private static let binary: [OperatorCase] = [
    OperatorCase(
      Binary(.add), .f32([2, 1], [1, 2]), .f32([3], [10, 20, 30]), gives: .f32([2, 3], [11, 21, 31, 12, 22, 32])),
    OperatorCase(Binary(.sub), .f32([2], [1, 2]), .f32([], [3]), gives: .f32([2], [-2, -1])),
    OperatorCase(Binary(.div), .f32([2], [1, -1]), .f32([2], [0, 0]), gives: .f32([2], [.infinity, -.infinity])),
    OperatorCase(Binary(.pow), .f32([3], [2, 3, 4]), .f32([3], [3, 2, 0.5]), gives: .f32([3], [8, 9, 2])),
    OperatorCase(
      Binary(.pow), .f32([2], [2, 3]), .i64([2], [3, 2]), gives: .f32([2], [8, 9]), because: "exponents may be integers"
    ),
    OperatorCase(
      Binary(.min), .f32([2], [1, .nan]), .f32([2], [2, 2]), gives: .f32([2], [1, .nan]), because: "NaN wins"),
    OperatorCase(Binary(.max), .f32([2], [1, 5]), .f32([2], [2, 2]), gives: .f32([2], [2, 5])),
    OperatorCase(
      Binary(.prelu), .f32([2, 2], [-1, 2, -3, 4]), .f32([2], [0.5, 0.25]), gives: .f32([2, 2], [-0.5, 2, -1.5, 4])),
    OperatorCase(Binary(.less), .f32([2], [1, 3]), .f32([2], [2, 2]), gives: .bool([2], [true, false])),
    OperatorCase(Binary(.equal), .i64([2], [1, 3]), .i64([2], [1, 2]), gives: .bool([2], [true, false])),
    OperatorCase(
      Binary(.xor), .bool([2], [true, true]), .bool([2], [true, false]), gives: .bool([2], [false, true])),
    .refusal(Binary(.add), .f32([2], [1, 2]), .f32([3], [1, 2, 3]), expected: "broadcast"),
    .refusal(Binary(.add), .f32([2], [1, 2]), .f64([2], [1, 2]), expected: "one element type"),
  ]

  private static let integers: [OperatorCase] = [
    OperatorCase(
      Binary(.div), .i32([4], [7, -7, 5, Int(Int32.min)]), .i32([4], [2, 2, 0, -1]),
      gives: .i32([4], [3, -3, 0, Int(Int32.min)]), because: "nothing traps"),
    OperatorCase(
      Binary(.mod), .i64([3], [-7, 7, 7]), .i64([3], [3, -3, 0]), gives: .i64([3], [2, -2, 0]),
      because: "the divisor gives the sign"),
    OperatorCase(
      Binary(.fmod), .i64([2], [-7, 7]), .i64([2], [3, -3]), gives: .i64([2], [-1, 1]),
      because: "the dividend gives the sign"),
    OperatorCase(
      Binary(.add), .u8([2], [250, 1]), .u8([2], [10, 1]), gives: .u8([2], [4, 2]), because: "integers wrap"),
    OperatorCase(Binary(.shiftLeft), .u32([2], [1, 1]), .u32([2], [4, 33]), gives: .u32([2], [16, 0])),
    OperatorCase(Binary(.bitAnd), .i32([2], [12, -1]), .i32([2], [10, 7]), gives: .i32([2], [8, 7])),
    OperatorCase(
      Binary(.max), .u64([1], [-1]), .u64([1], [1]), gives: .u64([1], [-1]), because: "the largest unsigned number"),
  ]
}
