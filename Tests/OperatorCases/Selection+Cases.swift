import MassRuntime

extension OperatorCase {
  /// Choosing, converting, and chains of elementwise operators.
  static let selection = select + cast + programs

  private static let select = [
    OperatorCase(
      Select(), .bool([2], [true, false]), .f32([2, 1], [1, 2]), .f32([], [9]), gives: .f32([2, 2], [1, 9, 2, 9])),
    OperatorCase(
      Select(), .bool([2], [true, false]), .strings([2], ["a", "b"]), .strings([1], ["c"]),
      gives: .strings([2], ["a", "c"])),
    OperatorCase(Select(), .bool([0], []), .f32([1], [1]), .f32([1], [2]), gives: .f32([0], [])),
    .refusal(Select(), .f32([1], [1]), .f32([1], [1]), .f32([1], [1]), expected: "a bool condition"),
    .refusal(
      Select(), .bool([2], [true, true]), .f32([3], [1, 2, 3]), .f32([1], [1]), expected: "shapes that broadcast"),
  ]

  private static let cast = [
    OperatorCase(
      Cast(to: .int64), .f32([3], [-1.9, 2.9, 0.5]), gives: .i64([3], [-1, 2, 0]), because: "it truncates"),
    OperatorCase(Cast(to: .bool), .f32([4], [0.5, 0, -0.0, .nan]), gives: .bool([4], [true, false, false, true])),
    OperatorCase(Cast(to: .uint8), .i64([3], [256, -1, 7]), gives: .u8([3], [0, 255, 7]), because: "it wraps"),
    OperatorCase(Cast(to: .float32), .u64([1], [-1]), gives: .f32([1], [18_446_744_073_709_551_616])),
    OperatorCase(Cast(to: .float16), .f32([1], [1e6]), gives: .f16([1], [.infinity])),
    OperatorCase(Cast(to: .float32), .bool([2], [true, false]), gives: .f32([2], [1, 0])),
    OperatorCase(
      Cast(to: .float32), .strings([4], ["1e-5", "-INF", "3.5", "+inf"]),
      gives: .f32([4], [1e-5, -.infinity, 3.5, .infinity])),
    OperatorCase(Cast(to: .int32), .strings([2], ["100.5", "-7"]), gives: .i32([2], [100, -7])),
    OperatorCase(Cast(to: .string), .f32([3], [0.1, .infinity, .nan]), gives: .strings([3], ["0.1", "INF", "NaN"])),
    OperatorCase(Cast(to: .string), .i64([1], [-12]), gives: .strings([1], ["-12"])),
    .refusal(Cast(to: .float32), .strings([1], ["Hello"]), expected: "the text of a number"),
    .refusal(Cast(to: .complex64), .f32([1], [1]), expected: "real, integer"),
    OperatorCase(BitCast(to: .int32), .f32([1], [1]), gives: .i32([1], [0x3f80_0000])),
    .refusal(BitCast(to: .int64), .f32([1], [1]), expected: "elements as wide as"),
  ]

  private static let programs = [
    OperatorCase(
      ElementwiseProgram(
        instructions: [
          .binary(.add, 0, 1), .unary(.relu, 2), .constant(.float32, 3), .binary(.greater, 3, 4), .select(5, 4, 3),
          .cast(.int32, 6),
        ], results: [6, 7]),
      .f32([2, 1], [-1, 2]), .f32([2], [0, 4]), gives: .f32([2, 2], [0, 3, 2, 3]), .i32([2, 2], [0, 3, 2, 3])),
    OperatorCase(
      ElementwiseProgram(instructions: [.unary(.neg, 1)], results: [2]), .f32([2], [1, 2]), .f32([1], [3]),
      gives: .f32([2], [-3, -3]), because: "every result has the common shape"),
    .refusal(
      ElementwiseProgram(instructions: [.unary(.neg, 1)], results: [1]), .f32([1], [1]), expected: "a register in 0..<1"
    ),
    .refusal(ElementwiseProgram(instructions: [], results: [3]), .f32([1], [1]), expected: "a register in 0..<1"),
    .refusal(
      ElementwiseProgram(instructions: [.unary(.logicalNot, 0)], results: [1]), .f32([1], [1]), expected: "element type"
    ),
  ]
}
