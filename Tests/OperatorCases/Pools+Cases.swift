import MassRuntime

extension OperatorCase {
  /// Pooling.
  static let pools = windowPools

  private static let windowPools: [OperatorCase] = [
    OperatorCase(
      MaxPool(kernel: [2, 2]), .f32([1, 1, 3, 3], [-1.25, -0.25, -1.5, -0.5, -0.75, -0.25, 0, -2, -0.75]),
      gives: .f32([1, 1, 2, 2], [-0.25, -0.25, 0, -0.25]), .i64([1, 1, 2, 2], [1, 1, 6, 5])),
    OperatorCase(
      MaxPool(kernel: [3, 3], strides: [2, 2], padsBegin: [1, 1], padsEnd: [1, 1]),
      .f32(
        [1, 2, 4, 4],
        [
          1.5, -0.25, 0.25, -1.75, -0.5, 2, 0.25, -2, 1, 1.25, -0.5, -2, 1.5, -1, 1.75, -0.5, -0.5, 1.25, -1.5, -2, 1,
          1.75, 2, -1.5, -1.5, -0.75, 1, 1.75, 1.5, -0.5, 1.75, -1,
        ]), gives: .f32([1, 2, 2, 2], [2, 2, 2, 2, 1.75, 2, 1.75, 2]),
      .i64([1, 2, 2, 2], [5, 5, 5, 5, 21, 22, 21, 22])),
    OperatorCase(
      MaxPool(kernel: [2, 2], columnMajorIndices: true),
      .f32([1, 1, 3, 3], [-1.5, -0.25, -1.75, 0.75, 2, -1.75, -1.75, -1.25, -1.25]),
      gives: .f32([1, 1, 2, 2], [2, 2, 2, 2]), .i64([1, 1, 2, 2], [4, 4, 4, 4])),
    OperatorCase(
      MaxPool(kernel: [2], dilations: [2]), .f32([1, 1, 5], [0.25, 0.25, 2, -0.25, 1.75]),
      gives: .f32([1, 1, 3], [2, 0.25, 2])),
    OperatorCase(
      MaxPool(kernel: [3], strides: [2], ceilMode: true), .f32([1, 1, 6], [1, 1.5, -1.25, -0.25, 1.75, 1]),
      gives: .f32([1, 1, 3], [1.5, 1.75, 1.75])),
    OperatorCase(
      MaxPool(kernel: [1], strides: [3], ceilMode: true), .f32([1, 1, 5], [-1.25, 1.5, 1.25, -1.5, -1.75]),
      gives: .f32([1, 1, 2], [-1.25, -1.5]), because: "a window outside does not count"),
    OperatorCase(
      MaxPool(kernel: [2], autoPad: .sameUpper), .f32([1, 1, 3], [-1, 0, -1.5]), gives: .f32([1, 1, 3], [0, 0, -1.5])),
    OperatorCase(
      MaxPool(kernel: [2], autoPad: .sameLower), .f32([1, 1, 3], [-2, -1.75, -0.75]),
      gives: .f32([1, 1, 3], [-2, -1.75, -0.75])),
    OperatorCase(
      MaxPool(kernel: [2, 2]), .u8([1, 1, 3, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8]), gives: .u8([1, 1, 2, 2], [4, 5, 7, 8])),
    OperatorCase(
      AveragePool(kernel: [2, 2]), .f32([1, 1, 3, 3], [-0.5, -0.75, -0.25, 1, -1, -0.25, 1, -2, 1.75]),
      gives: .f32([1, 1, 2, 2], [-0.3125, -0.5625, -0.25, -0.375])),
    OperatorCase(
      AveragePool(kernel: [3], padsBegin: [1], padsEnd: [1]), .f32([1, 1, 4], [2, -1, 1.75, -1]),
      gives: .f32([1, 1, 4], [0.5, 0.9166667, -0.08333334, 0.375])),
    OperatorCase(
      AveragePool(kernel: [3], padsBegin: [1], padsEnd: [1], countIncludePad: true),
      .f32([1, 1, 4], [1.75, 0.75, -1, -1.75]), gives: .f32([1, 1, 4], [0.8333333, 0.5, -0.6666667, -0.9166667])),
    OperatorCase(
      AveragePool(kernel: [3], strides: [2], padsBegin: [1], padsEnd: [1], ceilMode: true, countIncludePad: true),
      .f32([1, 1, 6], [-0.5, 1, -1.25, 0, -1.5, -0.25]),
      gives: .f32([1, 1, 4], [0.1666667, -0.08333334, -0.5833333, -0.125]),
      because: "what lies beyond the padding does not count"),
    OperatorCase(
      AveragePool(kernel: [2], dilations: [2]), .f32([1, 2, 4], [-2, 2, 0, 1.5, -1.5, -1.5, -1.5, 0.25]),
      gives: .f32([1, 2, 2], [-1, 1.75, -1.5, -0.625])),
    OperatorCase(
      AveragePool(kernel: [2, 2], strides: [2, 2], autoPad: .sameUpper),
      .f32([1, 1, 3, 3], [1.5, 0.5, 0, 2, -1.25, -1.5, 0.75, 1.5, -1]),
      gives: .f32([1, 1, 2, 2], [0.6875, -0.75, 1.125, -1])),
    OperatorCase(
      LpPool(p: 2, kernel: [2]), .f32([1, 1, 4], [-1, 0, 1.25, -1]), gives: .f32([1, 1, 3], [1, 1.25, 1.600781])),
    OperatorCase(
      LpPool(p: 3, kernel: [2, 2], padsBegin: [1, 0], padsEnd: [0, 0]),
      .f32([1, 1, 2, 3], [1.5, 0, 0.75, 0.5, 0, 0.25]), gives: .f32([1, 1, 2, 2], [1.5, 0.75, 1.518294, 0.7591472])),
    OperatorCase(
      GlobalPool(.average), .f32([1, 2, 2, 2], [2, -0.5, 2, 1.25, -1.25, 1.5, -0.5, -1.25]),
      gives: .f32([1, 2, 1, 1], [1.1875, -0.375])),
    OperatorCase(
      GlobalPool(.max), .f32([2, 1, 3], [-1, -1.5, -0.75, -1.75, 0.25, 2]), gives: .f32([2, 1, 1], [-0.75, 2])),
    OperatorCase(GlobalPool(.lp(p: 1)), .f32([1, 2, 2], [2, 2, -1, -1.25]), gives: .f32([1, 2, 1], [4, 2.25])),
    .refusal(MaxPool(kernel: [0]), .f32([1, 1, 3], [0.75, 2, 1.5]), expected: "kernel extents in 1..."),
    .refusal(MaxPool(kernel: [4]), .f32([1, 1, 3], [-1.25, 1, 0]), expected: "a window that fits"),
    .refusal(MaxPool(kernel: [2, 2]), .f32([1, 1, 3], [-0.25, 0, 0.25]), expected: "a kernel of 1 extents"),
    .refusal(AveragePool(kernel: [2], strides: [-1]), .f32([1, 1, 3], [1.75, 1.25, -2]), expected: "strides in 1..."),
    .refusal(LpPool(p: 0, kernel: [2]), .f32([1, 1, 3], [1, -0.75, -0.75]), expected: "p in 1..."),
    .refusal(GlobalPool(.max), .f32([3], [0.5, 2, -1.75]), expected: "rank 2 or more"),
  ]
}
