import MassRuntime

extension OperatorCase {
  /// Fourier transforms and windows.
  static let signals = fourier + windowFunctions

  private static let fourier: [OperatorCase] = [
    OperatorCase(
      DFT(), .f32([1, 5, 1], [-0.25, -1.25, 0.5, -0.25, 0.5]),
      gives: .f32(
        [1, 5, 2], [-0.75, 0, -0.684017, 1.22351, 0.434017, 1.741917, 0.434017, -1.741917, -0.684017, -1.22351])),
    OperatorCase(
      DFT(), .f32([1, 4, 2], [-1.75, -1.25, 1, -1.75, 0.75, -0.5, -2, 1]),
      gives: .f32([1, 4, 2], [-2, -2.5, -5.25, -3.75, 0, -1, 0.25, 2.25]), because: "a power of two"),
    OperatorCase(
      DFT(isOneSided: true), .f32([1, 6, 1], [0.75, 1.25, 1.75, 1, 1.5, -1.75]),
      gives: .f32([1, 4, 2], [4.5, 0, -2.125, -2.814583, 0.375, -2.38157, 3.5, 0])),
    OperatorCase(
      DFT(isInverse: true), .f32([1, 3, 2], [1.75, 1.75, 0.75, 1.25, 1, 1.5]),
      gives: .f32([1, 3, 2], [1.166667, 1.5, 0.3638355, 0.05283122, 0.2194979, 0.1971688])),
    OperatorCase(
      DFT(), .f32([4, 2, 1], [1.75, 0, 1.25, 1.75, -0.75, -2, -1.5, -2]), .i64([], [3]), .i64([], [0]),
      gives: .f32([3, 2, 2], [2.25, 0, -0.25, 0, 1.5, -1.732051, 0.125, -3.247595, 1.5, 1.732051, 0.125, 3.247595]),
      because: "cut to the length"),
    OperatorCase(
      DFT(), .f32([1, 3, 1], [-0.25, -2, -1]), .i64([], [4]),
      gives: .f32([1, 4, 2], [-3.25, 0, 0.75, 2, 0.75, 0, 0.75, -2]), because: "padded to the length"),
    .refusal(
      DFT(), .f32([1, 4, 3], [-1, 1, -1, 2, -1.25, 2, 0.25, -1, -2, -0.75, 0.5, -1.75]), expected: "one or two parts"),
    .refusal(DFT(), .f32([1, 4, 1], [-1.5, -1.75, 0.75, -1.75]), .i64([], [0]), expected: "transform length"),
    .refusal(
      DFT(), .f32([1, 4, 1], [-2, -0.25, -0.75, 0.25]), .i64([], [4]), .i64([], [2]),
      expected: "an axis other than the last"),
    OperatorCase(
      STFT(), .f32([1, 8, 1], [1.75, 1.5, 0.25, 0.5, 1.25, -0.25, 0.75, -1.25]), .i64([], [2]),
      .f32([4], [0.5, 1, 1, 0.5]),
      gives: .f32(
        [1, 3, 3, 2],
        [2.875, 0, 0.625, -1.25, -0.625, 0, 1.75, 0, -1.125, -0.625, 1, 0, 0.5, 0, -0.125, -0.375, 2.25, 0])),
    OperatorCase(
      STFT(isOneSided: false), .f32([1, 6, 1], [0.5, -1, -1.25, 1, 0.25, -0.5]), .i64([], [3]), nil, .i64([], [3]),
      gives: .f32(
        [1, 2, 3, 2], [-1.75, 0, 1.625, -0.2165063, 1.625, 0.2165063, 0.75, 0, 1.125, -0.649519, 1.125, 0.649519])),
    .refusal(
      STFT(), .f32([1, 4, 1], [-2, -1, 1.25, -0.25]), .i64([], [0]), .f32([2], [1, 1]), expected: "step in 1..."),
    .refusal(
      STFT(), .f32([1, 4, 1], [2, 1.75, 1.5, -2]), .i64([], [1]), nil, .i64([], [5]), expected: "at least as long"),
    OperatorCase(
      DFT(isInverse: true, isOneSided: true), .f32([1, 3, 2], [-1, 0, -1.25, 1.25, -4.5, 0]),
      gives: .f32([1, 4, 1], [-2, 0.25, -0.75, 1.5])),
  ]

  private static let windowFunctions: [OperatorCase] = [
    OperatorCase(Window(.hann), .i64([], [5]), gives: .f32([5], [0, 0.3454915, 0.9045085, 0.9045085, 0.3454914])),
    OperatorCase(
      Window(.hamming, isPeriodic: false), .i64([], [4]),
      gives: .f32([4], [0.08695652, 0.7717391, 0.7717391, 0.08695652])),
    OperatorCase(
      Window(.blackman, element: .float64), .i64([], [3]), gives: .f64([3], [1.490116e-08, 0.63, 0.63]),
      tolerance: 1e-05),
    .refusal(Window(.hann), .i64([], [-1]), expected: "size in 0..."),
    OperatorCase(
      MelWeightMatrix(), .i64([], [3]), .i64([], [16]), .i64([], [8192]), .f32([], [0]), .f32([], [4096]),
      gives: .f32([9, 3], [1, 0, 0, 0, 1, 0, 0, 0.5, 0.5, 0, 0, 1, 0, 0, 0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
    .refusal(
      MelWeightMatrix(), .i64([], [3]), .i64([], [16]), .i64([], [8192]), .f32([], [0]), .f32([], [1e+09]),
      expected: "within the spectrum"),
  ]
}
