import MassRuntime

extension OperatorCase {
  /// Reductions.
  static let reductions = reduce

  private static let reduce: [OperatorCase] = [
    OperatorCase(
      Reduce(.sum), .f32([2, 3], [-1.5, 0, 0.25, 2, 1, -1]), .i64([1], [1]), gives: .f32([2, 1], [-1.25, 2])),
    OperatorCase(
      Reduce(.mean), .f32([2, 3], [1.25, 1.25, 0.75, 0.75, -0.75, 1]), .i64([1], [1]),
      gives: .f32([2, 1], [1.083333, 0.3333333])),
    OperatorCase(
      Reduce(.max), .f32([2, 3], [-1.5, 0.5, 1.75, 2, -0.75, -0.75]), .i64([1], [1]), gives: .f32([2, 1], [1.75, 2])),
    OperatorCase(
      Reduce(.min), .f32([2, 3], [0.5, -0.5, 1, -1.25, -1.5, -2]), .i64([1], [1]), gives: .f32([2, 1], [-0.5, -2])),
    OperatorCase(
      Reduce(.prod), .f32([2, 3], [-0.25, -1.25, -0.75, 1.75, 1.25, 1.5]), .i64([1], [1]),
      gives: .f32([2, 1], [-0.234375, 3.28125])),
    OperatorCase(
      Reduce(.sumSquare), .f32([2, 3], [0.5, -1.75, 1, 0.5, 1.75, 0]), .i64([1], [1]),
      gives: .f32([2, 1], [4.3125, 3.3125])),
    OperatorCase(
      Reduce(.l1), .f32([2, 3], [-1.5, 0.5, -0.25, 0.75, -0.5, -0.75]), .i64([1], [1]), gives: .f32([2, 1], [2.25, 2])),
    OperatorCase(
      Reduce(.l2), .f32([2, 3], [-1.5, 2, 1, -0.25, -1.25, 0.5]), .i64([1], [1]),
      gives: .f32([2, 1], [2.692582, 1.369306])),
    OperatorCase(
      Reduce(.logSumExp), .f32([2, 3], [-0.25, 0.5, -1.75, -1.25, 1, -1.75]), .i64([1], [1]),
      gives: .f32([2, 1], [0.9560098, 1.156428])),
    OperatorCase(
      Reduce(.logSum), .f32([2, 3], [1, 0.75, 2.25, 1.25, 1, 1.5]), .i64([1], [0]),
      gives: .f32([1, 3], [0.8109302, 0.5596158, 1.321756])),
    OperatorCase(
      Reduce(.sum, keepDimensions: false), .f32([2, 2, 2], [1.75, 1, 1.5, -1.75, 1.75, 1.75, 0.75, 1.25]),
      .i64([2], [0, -1]), gives: .f32([2], [6.25, 1.75])),
    OperatorCase(
      Reduce(.sum), .f32([2, 2], [1, 1.5, 1.75, 0]), gives: .f32([1, 1], [4.25]),
      because: "without axes all are reduced"),
    OperatorCase(
      Reduce(.sum, noopWithEmptyAxes: true), .f32([2, 2], [1.25, 1.75, -0.75, -2]), .i64([0], []),
      gives: .f32([2, 2], [1.25, 1.75, -0.75, -2])),
    OperatorCase(
      Reduce(.sumSquare, noopWithEmptyAxes: true), .f32([2, 2], [-1.5, -2, -0.25, -2]),
      gives: .f32([2, 2], [2.25, 4, 0.0625, 4]), because: "the square is taken even if nothing is reduced"),
    OperatorCase(Reduce(.sum, keepDimensions: false), .f32([2, 0], []), .i64([1], [1]), gives: .f32([2], [0, 0])),
    OperatorCase(Reduce(.max), .f32([2, 0], []), .i64([1], [1]), gives: .f32([2, 1], [-.infinity, -.infinity])),
    OperatorCase(
      Reduce(.logSumExp), .f32([2], [1000, 1000]), .i64([1], [0]), gives: .f32([1], [1000.693]),
      because: "exp must not overflow"),
    OperatorCase(
      Reduce(.mean), .i32([3], [7, -8, 2]), .i64([1], [0]), gives: .i32([1], [0]), because: "integers truncate"),
    OperatorCase(Reduce(.prod, keepDimensions: false), .i64([3], [2, 3, 4]), .i64([1], [0]), gives: .i64([], [24])),
    OperatorCase(Reduce(.min), .bool([2], [true, false]), .i64([1], [0]), gives: .bool([1], [false])),
    .refusal(Reduce(.sum), .f32([2, 2], [-1, -1, 1, -1]), .i64([1], [2]), expected: "axis in -2..<2"),
    .refusal(
      Reduce(.sum), .f32([2, 2], [2, -1.25, 2, 0.25]), .f32([1], [1]), expected: "axes as a vector of integers"),
    .refusal(Reduce(.sum), .bool([1], [true]), expected: "numeric"),
  ]
}
