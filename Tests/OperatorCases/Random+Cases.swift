import MassRuntime

extension OperatorCase {
  /// Random numbers, in the cases that leave nothing to chance.
  static let random: [OperatorCase] = [
    OperatorCase(
      Random(.uniform(low: 2, high: 2), shape: [2], element: .float32), gives: .f32([2], [2, 2])),
    OperatorCase(Random(.normal(mean: -1, deviation: 0)), .f64([1, 2], [5, 6]), gives: .f64([1, 2], [-1, -1])),
    OperatorCase(Bernoulli(element: .int32), .f32([3], [0, 1, 0]), gives: .i32([3], [0, 1, 0])),
    OperatorCase(Multinomial(sampleCount: 3), .f32([1, 2], [0, -.infinity]), gives: .i32([1, 3], [0, 0, 0])),
    .refusal(Random(.uniform(low: 0, high: 1), shape: [-1], element: .float32), expected: "extents in 0..."),
    .refusal(Random(.uniform(low: 0, high: 1), shape: [1 << 31, 1 << 31], element: .float32), expected: "at most"),
    .refusal(Random(.uniform(low: 0, high: 1), shape: [2]), expected: "a floating-point element type"),
    .refusal(Bernoulli(), .i64([1], [1]), expected: "floating-point"),
    .refusal(Multinomial(sampleCount: -1), .f32([1, 1], [0]), expected: "samples in 0..."),
  ]
}
