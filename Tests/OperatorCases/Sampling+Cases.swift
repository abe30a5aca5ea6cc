import MassRuntime

extension OperatorCase {
  /// Sampling at places a grid names, unpooling and tensor algebra.
  static let sampling = algebra + unpooling + gridSample

  private static let algebra: [OperatorCase] = [
    OperatorCase(
      Einsum("ij,jk->ik"), .f32([2, 3], [2, 0.5, 0.75, 1.75, 0.25, 1.25]),
      .f32([3, 2], [1.5, -1.25, -2, -0.75, -1, 1.5]), gives: .f32([2, 2], [1.25, -1.75, 0.875, -0.5])),
    OperatorCase(
      Einsum("ij->ji"), .f32([2, 3], [1.75, -2, 0, 1.25, -1.5, 1.25]),
      gives: .f32([3, 2], [1.75, 1.25, -2, -1.5, 0, 1.25])),
    OperatorCase(
      Einsum("ii->i"), .f32([3, 3], [-1.5, -0.25, 1.25, -0.75, -0.75, -1, 1, -1, 2]),
      gives: .f32([3], [-1.5, -0.75, 2]), because: "a repeated label is the diagonal"),
    OperatorCase(
      Einsum("...ij, ...jk"), .f32([2, 2, 2], [-0.25, 0, 0, 0.25, 0.25, 0, 2, 1.25]),
      .f32([1, 2, 2], [1.25, 0.75, 0.5, -0.75]),
      gives: .f32([2, 2, 2], [-0.3125, -0.1875, 0.125, -0.1875, 0.3125, 0.1875, 3.125, 0.5625]),
      because: "the ellipsis broadcasts and the result is implied"),
    OperatorCase(Einsum("i,i->"), .f32([3], [2, -0.25, -1.25]), .f32([3], [1.5, -1.5, 1.5]), gives: .f32([], [1.5])),
    .refusal(
      Einsum("ij,jk->ik"), .f32([2, 3], [0.5, -1.75, -2, -0.25, -2, -1.5]), .f32([2, 2], [0, 2, -0.25, 1.25]),
      expected: "shapes that broadcast"),
    .refusal(Einsum("ij->k"), .f32([2, 3], [1.75, 1.25, 0.5, -0.25, 0, -1]), expected: "an equation for operands"),
    .refusal(Einsum("i->i->i"), .f32([2], [0, -0.5]), expected: "an equation for operands"),
    .refusal(Einsum("i....j"), .f32([2, 2], [-1, 2, -2, -1.75]), expected: "an equation for operands"),
    .refusal(Einsum("a,b,c,d,e,f"), .f32([2], [-1.25, 2]), expected: "an equation for operands"),
    OperatorCase(
      Det(), .f32([2, 2, 2], [1, 2, 3, 4, 0, 2, 3, 1]), gives: .f32([2], [-2, -6]),
      because: "rows are exchanged for a pivot"),
    OperatorCase(Det(), .f32([3, 3], [0.75, 1.5, -1.25, 1, -0.5, 0, -2, 0.5, 1.5]), gives: .f32([], [-2.1875])),
    OperatorCase(Det(), .f32([2, 2], [1, 2, 2, 4]), gives: .f32([], [-0]), because: "singular"),
    .refusal(Det(), .f32([2, 3], [0.75, -1.5, 0.25, -1, 2, 1.5]), expected: "square matrices"),
  ]

  private static let unpooling: [OperatorCase] = [
    OperatorCase(
      MaxUnpool(kernel: [2, 2], strides: [2, 2]), .f32([1, 1, 2, 2], [1, 2, 3, 4]),
      .i64([1, 1, 2, 2], [5, 7, 13, 15]), gives: .f32([1, 1, 4, 4], [0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4])),
    OperatorCase(
      MaxUnpool(kernel: [2, 2], strides: [2, 2]), .f32([1, 1, 2, 2], [5, 6, 7, 8]),
      .i64([1, 1, 2, 2], [5, 7, 13, 15]), .i64([4], [1, 1, 5, 5]),
      gives: .f32([1, 1, 5, 5], [0, 0, 0, 0, 0, 0, 5, 0, 6, 0, 0, 0, 0, 0, 0, 0, 7, 0, 8, 0, 0, 0, 0, 0, 0]),
      because: "indices count the shape without the larger one"),
    .refusal(
      MaxUnpool(kernel: [2]), .f32([1, 1, 2], [-1.25, 0]), .i64([1, 1, 2], [0, 9]), expected: "indices in 0..<3"),
    .refusal(
      MaxUnpool(kernel: [0]), .f32([1, 1, 2], [1.75, 1.5]), .i64([1, 1, 2], [0, 1]), expected: "kernel extents"),
    OperatorCase(
      Col2Im(strides: [1, 1]), .f32([1, 4, 4], [1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 16, 17, 18, 19]),
      .i64([2], [3, 3]), .i64([2], [2, 2]), gives: .f32([1, 1, 3, 3], [1, 8, 7, 14, 40, 26, 13, 32, 19])),
    OperatorCase(
      Col2Im(strides: [2], dilations: [2], padsBegin: [1], padsEnd: [1]),
      .f32(
        [2, 4, 3],
        [
          1, 0.5, -2, 1, 0, -1.75, -1, 0.25, 1, 0, 0.5, 1.5, 0.75, -0.5, 0.5, 0.5, -1.75, -1.75, 0.75, -0.5, 0.5, -0.75,
          -1.25, -1.5,
        ]), .i64([1], [6]), .i64([1], [2]),
      gives: .f32(
        [2, 2, 6],
        [0, 1.5, 0, -2, 0, -1.75, 0, 0.25, 0, 1.5, 0, 1.5, 0, 0, 0, -1.25, 0, -1.75, 0, -1.25, 0, -0.75, 0, -1.5])),
    .refusal(
      Col2Im(),
      .f32(
        [1, 4, 5],
        [
          -0.5, 1.25, -0.5, -0.5, 0.25, 2, -0.5, 0.5, -0.25, 0.5, -0.25, 0.5, 0.25, 0.75, 2, -1.5, 0.25, -0.25, -0.5,
          -1,
        ]), .i64([2], [3, 3]), .i64([2], [2, 2]), expected: "a column per place"),
    .refusal(
      Col2Im(), .f32([1, 3, 4], [-2, -0.5, 1.5, -1.75, -0.5, 2, 2, -1.25, -2, 0.75, -2, -0.75]), .i64([2], [3, 3]),
      .i64([2], [2, 2]), expected: "divisible by the block"),
  ]

  private static let gridSample: [OperatorCase] = [
    OperatorCase(
      GridSample(mode: .linear, padding: .zeros, alignCorners: false),
      .f32([1, 1, 3, 4], [2, 0.25, -1, -1.5, 0.25, -1.25, 1, 1.75, -1, 0.25, -2, -1.25]),
      .f32([1, 2, 3, 2], [0, 1.25, -1.25, 0.5, 0, -1.25, 1, 1, 0, 1.5, 0.25, 1.25]),
      gives: .f32([1, 1, 2, 3], [-0.109375, 0, -0.046875, -0.3125, 0, -0.25])),
    OperatorCase(
      GridSample(mode: .linear, padding: .border, alignCorners: true),
      .f32([1, 1, 3, 4], [2, 0.25, -1, -1.5, 0.25, -1.25, 1, 1.75, -1, 0.25, -2, -1.25]),
      .f32([1, 2, 3, 2], [0, 1.25, -1.25, 0.5, 0, -1.25, 1, 1, 0, 1.5, 0.25, 1.25]),
      gives: .f32([1, 1, 2, 3], [-0.875, -0.375, -0.375, -1.25, -0.875, -1.71875])),
    OperatorCase(
      GridSample(mode: .linear, padding: .reflection, alignCorners: false),
      .f32([1, 1, 3, 4], [2, 0.25, -1, -1.5, 0.25, -1.25, 1, 1.75, -1, 0.25, -2, -1.25]),
      .f32([1, 2, 3, 2], [0, 1.25, -1.25, 0.5, 0, -1.25, 1, 1, 0, 1.5, 0.25, 1.25]),
      gives: .f32([1, 1, 2, 3], [-0.875, -0.6875, -0.375, -1.25, -0.6875, -2])),
    OperatorCase(
      GridSample(mode: .nearest, padding: .zeros, alignCorners: false),
      .f32([1, 1, 3, 4], [2, 0.25, -1, -1.5, 0.25, -1.25, 1, 1.75, -1, 0.25, -2, -1.25]),
      .f32([1, 2, 3, 2], [0, 1.25, -1.25, 0.5, 0, -1.25, 1, 1, 0, 1.5, 0.25, 1.25]),
      gives: .f32([1, 1, 2, 3], [0, 0, 0, 0, 0, 0])),
    OperatorCase(
      GridSample(mode: .nearest, padding: .border, alignCorners: true),
      .f32([1, 1, 3, 4], [2, 0.25, -1, -1.5, 0.25, -1.25, 1, 1.75, -1, 0.25, -2, -1.25]),
      .f32([1, 2, 3, 2], [0, 1.25, -1.25, 0.5, 0, -1.25, 1, 1, 0, 1.5, 0.25, 1.25]),
      gives: .f32([1, 1, 2, 3], [-2, -1, -1, -1.25, -2, -2])),
    OperatorCase(
      GridSample(mode: .nearest, padding: .reflection, alignCorners: false),
      .f32([1, 1, 3, 4], [2, 0.25, -1, -1.5, 0.25, -1.25, 1, 1.75, -1, 0.25, -2, -1.25]),
      .f32([1, 2, 3, 2], [0, 1.25, -1.25, 0.5, 0, -1.25, 1, 1, 0, 1.5, 0.25, 1.25]),
      gives: .f32([1, 1, 2, 3], [-2, -1, -1, -1.25, -2, -2])),
    OperatorCase(
      GridSample(mode: .cubic, padding: .zeros, alignCorners: false),
      .f32([1, 1, 3, 4], [2, 0.25, -1, -1.5, 0.25, -1.25, 1, 1.75, -1, 0.25, -2, -1.25]),
      .f32([1, 2, 3, 2], [0, 1.25, -1.25, 0.5, 0, -1.25, 1, 1, 0, 1.5, 0.25, 1.25]),
      gives: .f32([1, 1, 2, 3], [-0.09157944, 0, -0.05303192, -0.4179688, 0.08734131, -0.2397461])),
    OperatorCase(
      GridSample(mode: .cubic, padding: .border, alignCorners: true),
      .f32([1, 1, 3, 4], [2, 0.25, -1, -1.5, 0.25, -1.25, 1, 1.75, -1, 0.25, -2, -1.25]),
      .f32([1, 2, 3, 2], [0, 1.25, -1.25, 0.5, 0, -1.25, 1, 1, 0, 1.5, 0.25, 1.25]),
      gives: .f32([1, 1, 2, 3], [-0.8800354, -0.5279045, -0.508667, -1.25, -0.8742676, -2.069747])),
    OperatorCase(
      GridSample(mode: .cubic, padding: .reflection, alignCorners: false),
      .f32([1, 1, 3, 4], [2, 0.25, -1, -1.5, 0.25, -1.25, 1, 1.75, -1, 0.25, -2, -1.25]),
      .f32([1, 2, 3, 2], [0, 1.25, -1.25, 0.5, 0, -1.25, 1, 1, 0, 1.5, 0.25, 1.25]),
      gives: .f32([1, 1, 2, 3], [-0.8684998, -0.7783203, -0.5050049, -1.671875, -0.7111206, -2.246094])),
    OperatorCase(
      GridSample(), .f32([1, 1, 2, 2, 2], [-0.5, 1.75, 2, 0.5, 0.25, 0.25, -1.75, -0.5]),
      .f32([1, 1, 1, 2, 3], [1, -0.25, -0.75, -0.5, 0.5, -1]), gives: .f32([1, 1, 1, 1, 2], [0.5390625, 1])),
    .refusal(
      GridSample(), .f32([1, 1, 2, 2], [2, 1.5, 0.25, -0.25]),
      .f32([1, 2, 2, 3], [1, 0.25, 0, -0.75, -0.25, 1, -2, -2, 1, -0.5, 1.25, -2]),
      expected: "a coordinate per spatial axis"),
    OperatorCase(
      AffineGrid(), .f32([1, 2, 3], [1.75, -1.5, -0.25, 2, -1.75, 0.75]), .i64([4], [1, 1, 2, 3]),
      gives: .f32(
        [1, 2, 3, 2],
        [-0.6666667, 0.2916667, 0.5, 1.625, 1.666667, 2.958333, -2.166667, -1.458333, -1, -0.125, 0.1666667, 1.208333])),
    OperatorCase(
      AffineGrid(alignCorners: true),
      .f32([1, 3, 4], [1, -0.25, -1.75, 0, -0.25, 1.5, 0.75, -0.75, -2, 0.5, -1, 0.75]), .i64([5], [1, 1, 2, 2, 2]),
      gives: .f32(
        [1, 2, 2, 2, 3],
        [
          1, -2.75, 3.25, 3, -3.25, -0.75, 0.5, 0.25, 4.25, 2.5, -0.25, 0.25, -2.5, -1.25, 1.25, -0.5, -1.75, -2.75, -3,
          1.75, 2.25, -1, 1.25, -1.75,
        ])),
    .refusal(
      AffineGrid(), .f32([1, 2, 3], [1.5, -0.5, 1.75, 0, 0.25, 1.25]), .i64([3], [1, 1, 2]),
      expected: "a size of 4 extents"),
    .refusal(
      AffineGrid(), .f32([1, 2, 4], [1.25, 1.75, 2, -1.5, -0.25, 1.75, -0.75, -2]), .i64([4], [1, 1, 2, 2]),
      expected: "theta of shape"),
  ]
}
