import MassRuntime
import OperatorCases

extension VectorCase {
  static var all: [VectorCase] {
    elementwise + movement + indexing + reduction + normalization + resampling + attention + large
  }

  private static let picture = Tensor.random([2, 3, 5, 7], seed: 1)

  static var elementwise: [VectorCase] {
    let (a, b) = (Tensor.random([2, 3, 4, 5], seed: 2), Tensor.random([2, 3, 4, 5], seed: 3))
    var rows = [
      VectorCase(Binary(.add), a, b, layouts: .kept),
      VectorCase(Binary(.mul), a, .random([3, 1, 1], seed: 4), constants: [1], layouts: .kept),
      VectorCase(Binary(.sub), .random([4, 1], seed: 5), .random([2, 3, 1, 5], seed: 6)),
      VectorCase(Binary(.less), a, b, layouts: .kept),
      VectorCase(Binary(.add), .i64([3], [1, -2, 3]), .i64([], [5])),
      VectorCase(Binary(.div), .i32([4], [7, -7, 3, Int(Int32.min)]), .i32([4], [2, 2, 0, -1])),
      VectorCase(Binary(.mul), .u8([3], [200, 3, 16]), .u8([3], [2, 5, 16])),
      VectorCase(Select(), .bool([2, 1], [true, false]), .f32([3], [1, 2, 3]), .f32([2, 3], [4, 5, 6, 7, 8, 9])),
      VectorCase(Cast(to: .int64), .f32([5], [1.7, -1.7, 0, 1e9, -3])),
      VectorCase(Cast(to: .uint8), .f32([4], [300, -1.5, 255, 0.9]), layouts: .plain),
      VectorCase(Cast(to: .int32), .f32([3], [3e9, -3e9, 5.5])),
      VectorCase(Cast(to: .bool), .f32([3], [0, 0.5, .nan])),
      VectorCase(Cast(to: .float32), .bool([3], [true, false, true])),
      VectorCase(Cast(to: .float16), .f32([4], [1.0009765625, 65520, 1e-8, -2])),
      VectorCase(Cast(to: .int8), .i64([3], [300, -129, 5])),
      VectorCase(
        ElementwiseProgram(
          instructions: [
            .binary(.add, 0, 1), .cast(.float32, 2), .unary(.sqrt, 3), .constant(.float32, 2), .binary(.mul, 4, 5),
          ],
          results: [6, 2]),
        .u8([3], [250, 4, 9]), .u8([3], [10, 5, 0]), results: 2),
      VectorCase(
        ElementwiseProgram(instructions: [.binary(.mul, 0, 1), .cast(.int32, 2), .unary(.relu, 3)], results: [4]),
        .random([1], seed: 3, element: .float32), .f32([1], [100])),
      VectorCase(
        ElementwiseProgram(
          instructions: [
            .binary(.add, 0, 1), .unary(.sigmoid, 2), .binary(.mul, 2, 3), .binary(.less, 2, 1), .select(5, 0, 4),
          ],
          results: [6, 5]),
        a, .random([3, 1, 1], seed: 8), results: 2, layouts: .kept),
      VectorCase(
        ElementwiseProgram(instructions: [.binary(.add, 0, 1)], results: [0, 2]), a, b, results: 2, layouts: .kept),
      VectorCase(
        ElementwiseProgram(
          instructions: [.binary(.mul, 0, 0), .binary(.shiftRight, 2, 1), .binary(.add, 3, 2)], results: [4]),
        .i16([3], [400, 3, -32768]), .i16([3], [1, 1, 3])),
    ]
    let functions: [UnaryFunction] = [
      .abs, .neg, .ceil, .floor, .round, .sign, .exp, .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .tanh,
      .asinh, .atanh, .erf, .sigmoid, .relu, .leakyRelu(alpha: 0.1), .elu(alpha: 0.5), .celu(alpha: 2),
      .selu(alpha: 1.67, gamma: 1.05), .hardSigmoid(alpha: 0.2, beta: 0.5), .hardSwish, .softplus, .softsign, .mish,
      .thresholdedRelu(alpha: 0.2), .swish(alpha: 1), .geluErf, .geluTanh, .clip(low: -0.5, high: 0.5),
      .affine(scale: 2, shift: -1), .isNaN, .isInf(negative: true, positive: false), .shrink(lambda: 0.3, bias: 0.1),
    ]
    rows += functions.map { VectorCase(Unary($0), .random([3, 3, 7], seed: 9), layouts: .kept) }
    rows += [UnaryFunction.abs, .neg, .sign, .relu, .clip(low: -2, high: .greatestFiniteMagnitude), .bitwiseNot].flatMap
    { f in
      [VectorCase(Unary(f), .i64([3], [-5, 0, 7])), VectorCase(Unary(f), .i8([3], [-128, 0, 7]))]
    }
    return rows
  }

  static var movement: [VectorCase] {
    [
      VectorCase(Transpose(), picture, layouts: .read),
      VectorCase(Transpose(permutation: [0, 2, 3, 1]), picture, layouts: .read),
      VectorCase(Transpose(permutation: [2, 0, 1]), .random([33, 70, 20], seed: 4), layouts: .read),
      VectorCase(Transpose(permutation: [1, 0]), .random([70, 133], seed: 4, element: .float64)),
      VectorCase(Transpose(permutation: [0, 2, 1]), .u8([1, 2, 3], [1, 2, 3, 4, 5, 6]), layouts: .read),
      VectorCase(Identity(), picture, layouts: .kept),
      VectorCase(Reshape(), picture, .i64([2], [6, -1]), constants: [1], layouts: .read),
      VectorCase(Flatten(axis: 2), picture, layouts: .read),
      VectorCase(Expand(), .random([3, 1, 5], seed: 5), .i64([4], [2, 1, 4, 1]), constants: [1]),
      VectorCase(Expand(), .random([1, 3, 1, 5], seed: 5), .i64([4], [2, 1, 4, 1]), constants: [1], layouts: .kept),
      VectorCase(Tile(), .random([2, 1, 3], seed: 5), .i64([3], [2, 3, 1]), constants: [1], layouts: .kept),
      VectorCase(
        Slice(), picture, .i64([3], [1, -1, 5]), .i64([3], [3, -100, 2]), .i64([3], [1, 2, -1]),
        .i64([3], [1, -2, -1]),
        constants: [1, 2, 3, 4], layouts: .kept),
      VectorCase(
        Slice(), .u8([2, 4], [1, 2, 3, 4, 5, 6, 7, 8]), .i64([1], [-3]), .i64([1], [Int.max]), .i64([1], [1]),
        .i64([1], [Int.max]), constants: [1, 2, 3, 4]),
      VectorCase(Split(axis: 1, parts: 2), .random([2, 5, 3, 3], seed: 7), results: 2, layouts: .kept),
      VectorCase(Split(axis: -1, parts: 3), picture, .i64([3], [2, 0, 5]), constants: [1], results: 3, layouts: .kept),
      VectorCase(Concat(axis: 1), picture, .random([2, 1, 5, 7], seed: 2), layouts: .kept),
      VectorCase(Concat(axis: 3), picture, .random([2, 3, 5, 1], seed: 2), picture, constants: [2], layouts: .kept),
      VectorCase(Concat(axis: 0), .random([1, 16, 4, 4], seed: 1), .random([2, 16, 4, 4], seed: 2), layouts: .kept),
      VectorCase(Concat(axis: 1), .random([1, 16, 4], seed: 1), .random([1, 32, 4], seed: 2), layouts: .kept),
      VectorCase(DepthToSpace(blockSize: 2), .random([2, 12, 3, 5], seed: 6), layouts: .kept),
      VectorCase(DepthToSpace(blockSize: 2, order: .columnRowDepth), .random([2, 12, 3, 5], seed: 6), layouts: .kept),
      VectorCase(SpaceToDepth(blockSize: 3), .random([2, 4, 3, 6], seed: 6), layouts: .kept),
      VectorCase(Pad(), picture, .i64([8], [0, 1, 2, 0, 0, 0, -1, 3]), .f32([], [9]), constants: [1], layouts: .kept),
      VectorCase(
        Pad(mode: .reflect), picture, .i64([4], [2, 6, 1, 0]), nil, .i64([2], [2, -1]), constants: [1, 3],
        layouts: .kept),
      VectorCase(
        Pad(mode: .edge), picture, .i64([4], [2, -1, 1, 3]), nil, .i64([2], [1, 3]), constants: [1, 3], layouts: .kept),
      VectorCase(Pad(mode: .wrap), .i8([1, 3], [1, 2, 3]), .i64([4], [1, 2, 0, 4]), constants: [1]),
      VectorCase(CenterCropPad(), .random([5, 4], seed: 3), .i64([2], [2, 7]), constants: [1]),
      VectorCase(Trilu(isUpper: false), .random([2, 4, 5], seed: 3), .i64([], [-1])),
      VectorCase(Trilu(), .random([3, 3], seed: 3, element: .float64)),
    ]
  }
}
