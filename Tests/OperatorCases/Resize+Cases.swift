import MassRuntime

extension OperatorCase {
  /// Resampling.
  static let resizes = nearest + linear + cubic + resizeRefusals

  private static let nearest: [OperatorCase] = [
    OperatorCase(
      Resize(mode: .nearest), .f32([1, 1, 2, 2], [-1.5, 1.25, -1.5, -0.25]), nil, .f32([4], [1, 1, 2, 3]),
      gives: .f32(
        [1, 1, 4, 6],
        [
          -1.5, -1.5, -1.5, 1.25, 1.25, 1.25, -1.5, -1.5, -1.5, 1.25, 1.25, 1.25, -1.5, -1.5, -1.5, -0.25, -0.25, -0.25,
          -1.5, -1.5, -1.5, -0.25, -0.25, -0.25,
        ])),
    OperatorCase(
      Resize(coordinateMode: .asymmetric, nearestMode: .floor), .f32([5], [1.25, -0.75, -0.75, -1, 1]), nil,
      .f32([1], [0.6]), gives: .f32([3], [1.25, -0.75, -1])),
    OperatorCase(
      Resize(coordinateMode: .halfPixel, nearestMode: .ceil), .f32([4], [-1, 2, -0.25, 0]), nil, nil, .i64([1], [7]),
      gives: .f32([7], [-1, 2, 2, -0.25, 0, 0, 0])),
    OperatorCase(
      Resize(coordinateMode: .alignCorners, nearestMode: .roundPreferCeil), .f32([4], [0, 0.25, 0.25, 0]), nil, nil,
      .i64([1], [7]), gives: .f32([7], [0, 0.25, 0.25, 0.25, 0.25, 0, 0])),
    OperatorCase(
      Resize(keepAspect: .notLarger, axes: [2, 3]),
      .f32([1, 1, 4, 4], [2, 0.5, 0.75, 1.75, 0.25, 1.25, 1.5, -1.25, -2, -0.75, -1, 1.5, 1.75, -2, 0, 1.25]), nil, nil,
      .i64([2], [3, 2]), gives: .f32([1, 1, 2, 2], [2, 0.75, -2, -1])),
    OperatorCase(
      Resize(keepAspect: .notSmaller, axes: [2, 3]), .f32([1, 1, 2, 4], [2, 1.25, 1.25, 0.75, 0.5, -0.75, 2, -0.25]),
      nil, nil, .i64([2], [3, 3]),
      gives: .f32(
        [1, 1, 3, 6], [2, 2, 1.25, 1.25, 1.25, 0.75, 2, 2, 1.25, 1.25, 1.25, 0.75, 0.5, 0.5, -0.75, 2, 2, -0.25])),
    OperatorCase(Resize(), .u8([3], [0, 1, 2]), nil, nil, .i64([1], [5]), gives: .u8([5], [0, 0, 1, 2, 2])),
  ]

  private static let linear: [OperatorCase] = [
    OperatorCase(
      Resize(mode: .linear), .f32([1, 1, 2, 2], [-1.5, 1.25, -1.5, -0.25]), nil, .f32([4], [1, 1, 2, 2]),
      gives: .f32(
        [1, 1, 4, 4],
        [
          -1.5, -0.8125, 0.5625, 1.25, -1.5, -0.90625, 0.28125, 0.875, -1.5, -1.09375, -0.28125, 0.125, -1.5, -1.1875,
          -0.5625, -0.25,
        ])),
    OperatorCase(
      Resize(mode: .linear, coordinateMode: .alignCorners), .f32([1, 1, 2, 2], [-1.5, 1.25, -1.5, -0.25]), nil,
      .f32([4], [1, 1, 2, 2]),
      gives: .f32(
        [1, 1, 4, 4],
        [
          -1.5, -0.5833333, 0.3333334, 1.25, -1.5, -0.7499999, 2.235174e-08, 0.7499999, -1.5, -0.9166666, -0.3333333,
          0.2499999, -1.5, -1.083333, -0.6666666, -0.25,
        ])),
    OperatorCase(
      Resize(mode: .linear, coordinateMode: .asymmetric), .f32([3], [-1.25, 1.5, -1.5]), nil, nil, .i64([1], [5]),
      gives: .f32([5], [-1.25, 0.4, 0.9, -0.9, -1.5])),
    OperatorCase(
      Resize(mode: .linear, coordinateMode: .pytorchHalfPixel),
      .f32([1, 1, 4, 4], [2, 0.5, 0.75, 1.75, 0.25, 1.25, 1.5, -1.25, -2, -0.75, -1, 1.5, 1.75, -2, 0, 1.25]), nil, nil,
      .i64([4], [1, 1, 3, 1]), gives: .f32([1, 1, 3, 1], [1.708333, -0.875, 1.125])),
    OperatorCase(
      Resize(mode: .linear, coordinateMode: .halfPixelSymmetric), .f32([4], [1.5, 0.5, -1.75, -2]), nil,
      .f32([1], [0.6]), gives: .f32([2], [0.8333333, -1.833333])),
    OperatorCase(
      Resize(mode: .linear, antialias: true),
      .f32([1, 1, 4, 4], [2, 0.5, 0.75, 1.75, 0.25, 1.25, 1.5, -1.25, -2, -0.75, -1, 1.5, 1.75, -2, 0, 1.25]), nil,
      .f32([4], [1, 1, 0.6, 0.6]), gives: .f32([1, 1, 2, 2], [1.132812, 0.8854167, -0.6354167, -0.06790125])),
    OperatorCase(
      Resize(mode: .linear, coordinateMode: .cropAndResize, extrapolationValue: 10),
      .f32([1, 1, 4, 4], [2, 0.5, 0.75, 1.75, 0.25, 1.25, 1.5, -1.25, -2, -0.75, -1, 1.5, 1.75, -2, 0, 1.25]),
      .f32([8], [0, 0, 0.4, 0.6, 1, 1, 1.2, 1.7]), nil, .i64([4], [1, 1, 3, 3]),
      gives: .f32([1, 1, 3, 3], [0.9699999, 10, 10, -0.7299998, 10, 10, 10, 10, 10])),
  ]

  private static let cubic: [OperatorCase] = [
    OperatorCase(
      Resize(mode: .cubic), .f32([4], [-0.25, -2, -1.5, 0]), nil, .f32([1], [2]),
      gives: .f32([8], [-0.06542969, -0.6640625, -1.65625, -2.124023, -1.833008, -1.107422, -0.3222656, 0.1582031])),
    OperatorCase(
      Resize(mode: .cubic, cubicA: -0.5, excludeOutside: true), .f32([4], [2, -0.25, 1.25, 1.75]), nil,
      .f32([1], [0.8]), gives: .f32([3], [1.809879, 0.08178711, 1.650364])),
    OperatorCase(
      Resize(mode: .cubic, antialias: true), .f32([5], [1.25, 0.5, -0.25, 0, -1]), nil, .f32([1], [0.6]),
      gives: .f32([3], [0.9789158, -0.02976324, -0.6313249])),
  ]

  private static let resizeRefusals: [OperatorCase] = [
    .refusal(Resize(), .f32([2], [0, -0.5]), expected: "either scales or sizes"),
    .refusal(Resize(), .f32([2], [-1, 2]), nil, .f32([1], [2]), .i64([1], [4]), expected: "either scales or sizes"),
    .refusal(Resize(), .f32([2], [-2, -1.75]), nil, .f32([1], [0]), expected: "scales above 0"),
    .refusal(Resize(), .f32([2], [-1.25, 2]), nil, .f32([1], [1e+30]), expected: "a size in"),
    .refusal(Resize(), .f32([2], [0.75, 1.5]), nil, .f32([2], [1, 1]), expected: "1 entries in operand 2"),
    .refusal(Resize(), .f32([2], [-1.25, 1]), nil, nil, .i64([1], [-1]), expected: "sizes in 0..."),
    .refusal(Resize(axes: [0, 0]), .f32([2], [-0.5, 0]), nil, .f32([2], [1, 1]), expected: "each axis once"),
    .refusal(Resize(), .f32([0], []), nil, nil, .i64([1], [3]), expected: "extents above 0"),
  ]
}
