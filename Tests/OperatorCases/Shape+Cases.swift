import MassRuntime

extension OperatorCase {
  /// Operators on shapes, and those that make tensors of a shape.
  static let shapes = reshape + squeeze + views + generators

  private static let reshape = [
    OperatorCase(
      Reshape(), .f32([2, 3], [1, 2, 3, 4, 5, 6]), .i64([2], [-1, 2]), gives: .f32([3, 2], [1, 2, 3, 4, 5, 6])),
    OperatorCase(
      Reshape(), .f32([2, 3], [1, 2, 3, 4, 5, 6]), .i64([3], [0, 3, 1]), gives: .f32([2, 3, 1], [1, 2, 3, 4, 5, 6])),
    OperatorCase(
      Reshape(), .f32([0, 3], []), .i64([2], [0, -1]), gives: .f32([0, 3], []), because: "a copied zero cancels"),
    OperatorCase(Reshape(allowZero: true), .f32([0, 3], []), .i64([2], [3, 0]), gives: .f32([3, 0], [])),
    OperatorCase(Reshape(), .i64([1], [5]), .i64([0], []), gives: .i64([], [5])),
    OperatorCase(Reshape(), .strings([2], ["a", "b"]), .i64([2], [2, 1]), gives: .strings([2, 1], ["a", "b"])),
    .refusal(Reshape(), .f32([3], [1, 2, 3]), .i64([1], [4]), expected: "a shape of as many elements"),
    .refusal(Reshape(), .f32([3], [1, 2, 3]), .i64([2], [-1, 2]), expected: "an extent that makes 3 elements of 2"),
    .refusal(Reshape(), .f32([1], [1]), .i64([2], [-1, -1]), expected: "at most one -1"),
    .refusal(Reshape(), .f32([1], [1]), .i64([1], [-2]), expected: "extents of -1 and above"),
    .refusal(Reshape(), .f32([1], [1]), .i64([2], [1, 0]), expected: "an extent to copy at 1"),
    .refusal(
      Reshape(allowZero: true), .f32([0], []), .i64([2], [0, -1]), expected: "an extent that makes 0 elements of 0"),
    .refusal(Reshape(), .f32([1], [1]), .i64([2], [.max, .max]), expected: ""),
    .refusal(Reshape(), .f32([1], [1]), .f32([1], [1]), expected: "an integer vector"),
    OperatorCase(Flatten(), .f32([2, 1, 2], [1, 2, 3, 4]), gives: .f32([2, 2], [1, 2, 3, 4])),
    OperatorCase(Flatten(axis: 0), .f32([], [1]), gives: .f32([1, 1], [1])),
    OperatorCase(Flatten(axis: -1), .f32([2, 1, 2], [1, 2, 3, 4]), gives: .f32([2, 2], [1, 2, 3, 4])),
    .refusal(Flatten(axis: 2), .f32([1], [1]), expected: "axis in -1...1"),
  ]

  private static let squeeze = [
    OperatorCase(Squeeze(), .f32([1, 2, 1], [1, 2]), gives: .f32([2], [1, 2])),
    OperatorCase(Squeeze(), .f32([1, 2, 1], [1, 2]), .i64([1], [-1]), gives: .f32([1, 2], [1, 2])),
    .refusal(Squeeze(), .f32([2], [1, 2]), .i64([1], [0]), expected: "extent 1 at axis 0"),
    .refusal(Squeeze(), .f32([1], [1]), .i64([1], [1]), expected: "axis in -1..<1"),
    OperatorCase(Unsqueeze(), .f32([2], [1, 2]), .i64([2], [0, -1]), gives: .f32([1, 2, 1], [1, 2])),
    OperatorCase(Unsqueeze(), .f32([], [1]), .i64([1], [0]), gives: .f32([1], [1])),
    .refusal(Unsqueeze(), .f32([2], [1, 2]), .i64([2], [0, 0]), expected: "distinct axes"),
    .refusal(Unsqueeze(), .f32([2], [1, 2]), .i64([1], [2]), expected: "axis in -2..<2"),
  ]

  private static let views = [
    OperatorCase(Identity(), .bool([2], [true, false]), gives: .bool([2], [true, false])),
    OperatorCase(Relayout(to: .channelsLast), .f32([1, 2, 2], [1, 2, 3, 4]), gives: .f32([1, 2, 2], [1, 2, 3, 4])),
    .refusal(Relayout(to: .channelsLast), .f32([1, 2], [1, 2]), expected: "rank 3 or more"),
    OperatorCase(ShapeOf(), .f32([2, 0, 3], []), gives: .i64([3], [2, 0, 3])),
    OperatorCase(ShapeOf(start: -1), .f32([2, 1], [1, 2]), gives: .i64([1], [1])),
    OperatorCase(ShapeOf(start: 2, end: 1), .f32([2, 1], [1, 2]), gives: .i64([0], [])),
    OperatorCase(ShapeOf(start: .min, end: .max), .f32([2, 1], [1, 2]), gives: .i64([2], [2, 1])),
    OperatorCase(ShapeOf(), .f32([], [1]), gives: .i64([0], [])),
    OperatorCase(Size(), .f32([2, 3], [1, 2, 3, 4, 5, 6]), gives: .i64([], [6])),
  ]

  private static let generators = [
    OperatorCase(ConstantOfShape(.int32, bits: 0xffff_fffe), .i64([2], [1, 2]), gives: .i32([1, 2], [-2, -2])),
    OperatorCase(ConstantOfShape(.float32, bits: 0x3f80_0000), .i64([0], []), gives: .f32([], [1])),
    OperatorCase(ConstantOfShape(.bool, bits: 1), .i64([1], [0]), gives: .bool([0], [])),
    OperatorCase(ConstantOfShape(.uint4, bits: 7), .i64([1], [3]), gives: .literal(.uint4, [3], [7, 7, 7])),
    .refusal(ConstantOfShape(), .i64([1], [-1]), expected: "extents of 0 and above"),
    .refusal(ConstantOfShape(), .i64([2], [1 << 40, 1 << 40]), expected: "a representable tensor"),
    OperatorCase(NumericRange(), .i64([], [10]), .i64([], [4]), .i64([], [-2]), gives: .i64([3], [10, 8, 6])),
    OperatorCase(NumericRange(), .f32([], [1]), .f32([], [5]), .f32([], [1.5]), gives: .f32([3], [1, 2.5, 4])),
    OperatorCase(NumericRange(), .i32([], [3]), .i32([], [3]), .i32([], [1]), gives: .i32([0], [])),
    .refusal(NumericRange(), .i64([], [0]), .i64([], [1]), .i64([], [0]), expected: "a finite number of steps"),
    .refusal(NumericRange(), .f32([], [0]), .f32([], [.infinity]), .f32([], [1]), expected: "a finite number of steps"),
    .refusal(NumericRange(), .i64([], [.min]), .i64([], [.max]), .i64([], [1]), expected: "a finite number of steps"),
    .refusal(NumericRange(), .i64([], [0]), .i64([], [.max]), .i64([], [1]), expected: "steps"),
  ]
}
