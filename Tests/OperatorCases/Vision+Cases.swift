import MassRuntime

extension OperatorCase {
  /// Detection and losses.
  static let vision = detection + loss

  private static let detection: [OperatorCase] = [
    OperatorCase(
      RoiAlign(outputHeight: 2, outputWidth: 2, samplingRatio: 2),
      .f32([1, 1, 4, 4], [0.25, 1, 1, 1.25, 0.5, -1.5, 1.5, -0.25, 1.5, 1.25, 2, -2, 1.5, 0.5, 0, 1.25]),
      .f32([2, 4], [0, 0, 3, 3, 1, 0.5, 2.5, 2]), .i64([2], [0, 0]),
      gives: .f32(
        [2, 1, 2, 2], [0.2939453, 0.8398438, 0.9238281, 1.103516, 0.1416016, 0.765625, -0.6560059, 0.6044922])),
    OperatorCase(
      RoiAlign(outputHeight: 2, outputWidth: 1, spatialScale: 0.5, isHalfPixel: false),
      .f32(
        [1, 2, 4, 4],
        [
          2, 0, -1.75, 1, -1.25, -1.25, -1.25, -1.25, 1.75, -0.5, -1.75, -1.25, -0.5, -0.75, -0.75, 2, 1.5, 0.25, 2,
          -0.75, -1.5, -1, -1.75, 2, -1.25, -0.25, -1.25, 2, -1.5, 0, 2, 0,
        ]), .f32([2, 4], [0, 0, 6, 6, 2, 1, 5, 4]), .i64([2], [0, 0]),
      gives: .f32(
        [2, 2, 2, 1], [-0.8489583, -0.5729167, -0.2708333, -0.15625, -1.222656, -1.298828, -0.9609375, -0.9394531])),
    OperatorCase(
      RoiAlign(mode: .max, outputHeight: 1, outputWidth: 2, samplingRatio: 2),
      .f32([1, 1, 4, 4], [1.75, 1.75, 1.25, 1, 0.25, 0.25, 1.5, -0.25, 2, 1.5, -0.5, -0.5, 1, 1.75, -1.75, -1.75]),
      .f32([2, 4], [0, 0, 3, 3, 1, 0.5, 2.5, 2]), .i64([2], [0, 0]),
      gives: .f32([2, 1, 1, 2], [1.5, 0.8203125, 1.025391, 1.066406])),
    .refusal(
      RoiAlign(),
      .f32([1, 1, 4, 4], [-1, -0.25, -1.5, 0, 0.25, 2, 1, -1, 1.25, 1.25, 0.75, 0.75, -0.75, 1, -1.5, 0.5]),
      .f32([2, 4], [0, 0, 3, 3, 1, 0.5, 2.5, 2]), .i64([2], [0, 1]), expected: "batch entries in 0..<1"),
    .refusal(
      RoiAlign(outputHeight: 1 << 40),
      .f32(
        [1, 1, 4, 4], [1.75, 2, -0.75, -0.75, 0.5, -0.5, 1, -1.25, -1.5, -2, -0.25, -1.25, -0.75, 1.75, 1.25, 1.5]),
      .f32([2, 4], [0, 0, 3, 3, 1, 0.5, 2.5, 2]), .i64([2], [0, 0]), expected: "output extents"),
    OperatorCase(
      NonMaxSuppression(),
      .f32([1, 6, 4], [0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, -0.1, 1, 0.9, 0, 10, 1, 11, 0, 10.1, 1, 11.1, 0, 100, 1, 101]),
      .f32([1, 1, 6], [0.9, 0.75, 0.6, 0.95, 0.5, 0.3]), .i64([1], [3]), .f32([1], [0.5]), .f32([1], [0]),
      gives: .i64([3, 3], [0, 0, 3, 0, 0, 0, 0, 0, 5])),
    OperatorCase(
      NonMaxSuppression(),
      .f32([1, 6, 4], [0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, -0.1, 1, 0.9, 0, 10, 1, 11, 0, 10.1, 1, 11.1, 0, 100, 1, 101]),
      .f32([1, 1, 6], [0.9, 0.75, 0.6, 0.95, 0.5, 0.3]), .i64([1], [2]), .f32([1], [0.5]), .f32([1], [0.4]),
      gives: .i64([2, 3], [0, 0, 3, 0, 0, 0])),
    OperatorCase(
      NonMaxSuppression(isCentered: true), .f32([1, 3, 4], [0.5, 0.5, 1, 1, 0.5, 0.6, 1, 1, 0.5, 10.5, 1, 1]),
      .f32([1, 1, 3], [0.9, 0.75, 0.6]), .i64([1], [3]), .f32([1], [0.5]), gives: .i64([2, 3], [0, 0, 0, 0, 0, 2])),
    OperatorCase(
      NonMaxSuppression(),
      .f32([1, 6, 4], [0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, -0.1, 1, 0.9, 0, 10, 1, 11, 0, 10.1, 1, 11.1, 0, 100, 1, 101]),
      .f32([1, 1, 6], [0.9, 0.75, 0.6, 0.95, 0.5, 0.3]), gives: .i64([0, 3], []),
      because: "without a number nothing is picked"),
    .refusal(
      NonMaxSuppression(), .f32([1, 6, 3], [0, 0, 1, 0, 0.1, 1, 0, -0.1, 1, 0, 10, 1, 0, 10.1, 1, 0, 100, 1]),
      .f32([1, 1, 6], [0.9, 0.75, 0.6, 0.95, 0.5, 0.3]), expected: "boxes"),
  ]

  private static let loss: [OperatorCase] = [
    OperatorCase(
      NegativeLogLikelihoodLoss(), .f32([2, 3], [0.5, -1.75, 1, 0.5, 1.75, 0]), .i64([2], [2, 0]),
      gives: .f32([], [-0.75])),
    OperatorCase(
      NegativeLogLikelihoodLoss(reduction: .none), .f32([1, 2, 2], [-1.5, 0.5, -0.25, 0.75]), .i64([1, 2], [0, 1]),
      .f32([2], [2, 3]), gives: .f32([1, 2], [3, -2.25])),
    OperatorCase(
      NegativeLogLikelihoodLoss(reduction: .mean, ignoreIndex: 2), .f32([2, 3], [0.5, -1.75, 1, 0.5, 1.75, 0]),
      .i64([2], [2, 0]), .f32([3], [0.5, 1, 2]), gives: .f32([], [-0.5])),
    OperatorCase(
      SoftmaxCrossEntropyLoss(), .f32([2, 3], [0.5, -1.75, 1, 0.5, 1.75, 0]), .i64([2], [2, 0]),
      .f32([3], [0.5, 1, 2]), gives: .f32([], [0.736204]),
      .f32([2, 3], [-1.013098, -3.263098, -0.5130982, -1.628627, -0.3786273, -2.128627])),
    OperatorCase(
      SoftmaxCrossEntropyLoss(reduction: .sum, ignoreIndex: -1), .f32([2, 3], [0.5, -1.75, 1, 0.5, 1.75, 0]),
      .i64([2], [-1, 1]), gives: .f32([], [0.3786273])),
    .refusal(
      NegativeLogLikelihoodLoss(), .f32([2, 3], [0.5, -1.75, 1, 0.5, 1.75, 0]), .i64([2], [3, 0]),
      expected: "targets in 0..<3"),
    .refusal(
      SoftmaxCrossEntropyLoss(), .f32([2, 3], [0.5, -1.75, 1, 0.5, 1.75, 0]), .i64([1], [0]),
      expected: "a target per place"),
  ]
}
