import MassRuntime
import OperatorCases

extension OneDNNCase {
  static var all: [OneDNNCase] {
    convolutions + epilogues + broadcasts + transposed + products + productEpilogues + pools + recurrences
  }

  /// A padded convolution of `from` to `to` channels with constant weights and bias.
  private static func conv(
    _ from: Int, _ to: Int, _ extents: [Int], kernel: Int = 3, stride: Int = 1, dilation: Int = 1, groups: Int = 1,
    batch: Int = 1, _ steps: [Epilogue.Step] = []
  ) -> OneDNNCase {
    func axes(_ n: Int) -> [Int] { extents.map { _ in n } }
    let pads = axes(dilation * (kernel - 1) / 2)
    let op = Conv(
      strides: axes(stride), dilations: axes(dilation), padsBegin: pads, padsEnd: pads, groups: groups,
      epilogue: Epilogue(steps))
    return OneDNNCase(
      op, .random([batch, from] + extents, seed: 1), .random([to, from / groups] + axes(kernel), seed: 2),
      .random([to], seed: 3), constants: [1, 2], isSpatial: true)
  }

  private func adding(_ operands: Tensor..., constant: Bool = false) -> OneDNNCase {
    let first = inputs.count
    let added: Set<Int> = constant ? Set(first..<first + operands.count) : []
    return OneDNNCase(op, constants.union(added), isSpatial: isSpatial, operands: inputs + operands)
  }

  private static var convolutions: [OneDNNCase] {
    [
      conv(3, 16, [33, 31], kernel: 7, stride: 2), conv(1, 16, [28, 28], kernel: 5), conv(64, 48, [14, 14]),
      conv(16, 96, [14, 14], kernel: 1), conv(40, 24, [9, 7], kernel: 1, stride: 2), conv(16, 24, [6, 5], dilation: 2),
      conv(32, 32, [9, 7], groups: 32), conv(32, 32, [9, 7], stride: 2, groups: 32),
      conv(24, 24, [9, 9], dilation: 2, groups: 24), conv(16, 32, [9, 7], groups: 16),
      conv(24, 36, [9, 9], groups: 12),
      conv(32, 64, [9, 7], groups: 4), conv(6, 10, [19], batch: 2), conv(6, 16, [5, 6, 7]),
      OneDNNCase(
        Conv(padsBegin: [1, 0], padsEnd: [2, 1]), .random([1, 16, 6, 5], seed: 1), .random([24, 16, 3, 2], seed: 2),
        isSpatial: true),
      OneDNNCase(
        Conv(strides: [2, 2], autoPad: .sameLower), .random([2, 5, 8, 9], seed: 1), .random([7, 5, 3, 3], seed: 2),
        constants: [1], isSpatial: true),
    ]
  }

  private static let functions: [UnaryFunction] = [
    .relu, .leakyRelu(alpha: 0.1), .elu(alpha: 0.7), .selu(alpha: 1.67, gamma: 1.05), .tanh, .sigmoid, .abs, .neg,
    .clip(low: -0.5, high: 0.5), .hardSwish, .hardSigmoid(alpha: 0.2, beta: 0.5), .swish(alpha: 1.702), .softplus,
    .geluErf, .geluTanh, .mish, .affine(scale: 2, shift: -1), .exp,
  ]

  private static var epilogues: [OneDNNCase] {
    let residual = Epilogue.Step.binary(.add, operand: 3)
    let other = Tensor.random([1, 64, 14, 15], seed: 9)
    return functions.flatMap { [conv(8, 24, [6, 5], [.unary($0)]), conv(24, 24, [6, 5], groups: 24, [.unary($0)])] } + [
      conv(64, 64, [14, 15], [residual, .unary(.relu)]).adding(other),
      conv(48, 80, [15, 17], batch: 2, [residual, .unary(.clip(low: 0, high: 6))]).adding(
        .random([2, 80, 15, 17], seed: 9)),
      conv(32, 64, [14, 15], kernel: 1, [.unary(.swish(alpha: 1)), residual]).adding(other),
      conv(64, 64, [14, 15], groups: 64, [residual]).adding(other),
      conv(16, 64, [14, 15], [residual, .binary(.add, operand: 4), .unary(.relu)]).adding(
        other, .random([1, 64, 14, 15], seed: 8)),
    ]
  }

  /// Operands of the epilogue of the result's shape, by channel, by pixel and of one element.
  private static var broadcasts: [OneDNNCase] {
    func operand(_ shape: [Int]) -> Tensor {
      .f32(shape, Tensor.random(shape, seed: 21).doubles().map { $0 + 2 })
    }
    let binaries: [BinaryFunction] = [.add, .sub, .mul, .div, .min, .max]
    return binaries.flatMap { function in
      let steps: [Epilogue.Step] = [.unary(.relu), .binary(function, operand: 3)]
      return [
        conv(8, 24, [6, 5], steps).adding(operand([1, 24, 6, 5])),
        conv(8, 24, [6, 5], steps).adding(operand([1, 24, 6, 5]), constant: true),
        conv(8, 24, [6, 5], steps).adding(operand([24, 1, 1]), constant: true),
        conv(24, 24, [6, 5], groups: 24, steps).adding(operand([6, 5])),
        conv(8, 24, [6, 5], steps).adding(operand([]), constant: true),
      ]
    }
  }

  private static var transposed: [OneDNNCase] {
    func row(_ op: ConvTranspose, _ x: [Int], _ w: [Int], _ others: Tensor?...) -> OneDNNCase {
      OneDNNCase(op, [1, 2], isSpatial: true, operands: [.random(x, seed: 1), .random(w, seed: 2)] + others)
    }
    let steps: [Epilogue.Step] = [.binary(.add, operand: 3), .unary(.swish(alpha: 1))]
    return [
      row(
        ConvTranspose(
          strides: [2, 2], padsBegin: [1, 1], padsEnd: [1, 1], outputPadding: [1, 1],
          epilogue: Epilogue([.unary(.relu)])),
        [1, 16, 5, 6], [16, 24, 3, 3], .random([24], seed: 3)),
      row(
        ConvTranspose(strides: [2, 2], groups: 4, epilogue: Epilogue(steps)), [1, 16, 5, 6], [16, 6, 2, 2], nil,
        .random([1, 24, 10, 12], seed: 4)),
      row(
        ConvTranspose(strides: [2, 1], dilations: [1, 2], padsBegin: [0, 1], padsEnd: [2, 0]), [2, 7, 5, 6],
        [7, 9, 3, 2], .random([9], seed: 3)),
      row(ConvTranspose(strides: [2, 2], groups: 16), [1, 16, 5, 6], [16, 1, 4, 4]),
    ]
  }
}
