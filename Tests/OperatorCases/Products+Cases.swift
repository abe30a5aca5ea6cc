import MassRuntime

extension OperatorCase {
  /// Matrix products.
  static let products = matMul

  private static let matMul: [OperatorCase] = [
    OperatorCase(
      MatMul(transposeB: true, alpha: 2), .f64([2, 2], [1, 2, 3, 4]), .f64([2, 2], [5, 6, 7, 8]),
      gives: .f64([2, 2], [34, 46, 78, 106]), because: "double precision is BLAS's"),
    OperatorCase(
      MatMul(), .f32([2, 3], [-0.5, 0.5, -1, 0.5, 1.25, -1.75]), .f32([3, 2], [-0.25, 0.75, -2, 0.5, 1.75, 1.5]),
      gives: .f32([2, 2], [-2.625, -1.625, -5.6875, -1.625])),
    OperatorCase(
      MatMul(), .f32([3], [0.75, 1.25, -0.5]), .f32([3, 2], [-0.75, -1.75, 1, -0.75, 1.5, -0.25]),
      gives: .f32([2], [-0.0625, -2.125]), because: "a vector on the left"),
    OperatorCase(
      MatMul(), .f32([2, 3], [1.75, -1.5, -1.5, -0.75, -2, 0]), .f32([3], [0.75, 0.75, -1.25]),
      gives: .f32([2], [2.0625, -2.0625]), because: "a vector on the right"),
    OperatorCase(
      MatMul(), .f32([3], [-1.5, 0.25, 0.5]), .f32([3], [2, 1.75, -0.5]), gives: .f32([], [-2.8125]),
      because: "two vectors"),
    OperatorCase(
      MatMul(), .f32([2, 1, 2, 3], [-1.5, -1, 1.5, -0.25, 2, 0.75, 0.5, -1.75, 0.5, -0.5, 1.5, -1.5]),
      .f32([2, 3, 1], [-1.25, 0.75, 0.75, 1.5, 0, -0.5]),
      gives: .f32([2, 2, 2, 1], [2.25, 2.375, -3, -0.75, -1.5625, 0.625, 0.5, 0]), because: "batches broadcast"),
    OperatorCase(
      MatMul(),
      .f32([5, 3], [-0.75, -0.5, 0.75, 0.25, -0.75, -1.25, 1, -1, -1.25, -0.75, 1.5, -0.25, 0.5, -1.75, -0.75]),
      .f32([3, 3], [1, 1.25, 0.25, 1.5, -0.75, -1.5, -1.75, -1.25, 1]),
      gives: .f32(
        [5, 3],
        [
          -2.8125, -1.5, 1.3125, 1.3125, 2.4375, -0.0625, 1.6875, 3.5625, 0.5, 1.9375, -1.75, -2.6875, -0.8125, 2.875,
          2,
        ]), because: "five rows are no multiple of four"),
    OperatorCase(
      MatMul(), .i64([2, 2], [1, 2, 3, 4]), .i64([2, 2], [5, 6, 7, 8]), gives: .i64([2, 2], [19, 22, 43, 50])),
    OperatorCase(
      MatMul(), .f32([2, 0], []), .f32([0, 2], []), gives: .f32([2, 2], [0, 0, 0, 0]),
      because: "a sum over nothing is zero"),
    OperatorCase(
      MatMul(transposeA: true, transposeB: true, alpha: 0.5), .f32([3, 2], [1.75, -1.5, 0, -1.5, 1.5, -1.5]),
      .f32([2, 3], [0.5, -1.75, 1, 1.75, 1, -1]), .f32([2], [1.5, -0.75]),
      gives: .f32([2, 2], [2.6875, 0.03125, 1.6875, -2.0625])),
    OperatorCase(
      MatMul(epilogue: Epilogue([.unary(.relu), .binary(.mul, operand: 3)])), .f32([1, 1, 2], [1, 2]),
      .f32([1, 2, 2], [1, -1, 1, -1]), .f32([2], [1, 1]), .f32([1], [2]), gives: .f32([1, 1, 2], [8, 0])),
    .refusal(
      MatMul(), .f32([2, 3], [1, 1.5, 0, 0.5, 1.5, -1.25]), .f32([2, 3], [-2, -0.25, -1.25, 1.75, 1.5, -0.5]),
      expected: "as many columns"),
    .refusal(
      MatMul(), .f32([2, 2, 3], [-0.75, 1, -0.25, -1.75, 0.75, 1, -1.75, 1.25, 0.25, 1.5, 1.5, 0.75]),
      .f32([3, 3, 2], [-0.75, -0.5, 1, -1.75, -1.25, 0, 2, 1, 1.25, -1.25, -1, -1, 1, 0.25, -1.25, 1, 0.5, 1.75]),
      expected: "shapes that broadcast"),
    .refusal(
      MatMul(transposeA: true), .f32([3], [0.25, -1.5, 1.75]), .f32([3, 2], [-1.25, -2, 1.25, -0.25, 0.5, -1.5]),
      expected: "matrices or vectors"),
    .refusal(
      MatMul(), .f32([2, 3], [1, -0.5, 2, 0.5, 1.75, 1.25]), .f32([3, 2], [1.5, -1.75, 1.25, 0.5, -0.5, -0.75]),
      .f32([3], [0.5, -1.25, -1.25]), expected: ""),
    .refusal(MatMul(), .f32([], [1]), .f32([3, 2], [1.5, 1, 0.5, 1, -0.75, 1]), expected: "matrices or vectors"),
  ]
}
