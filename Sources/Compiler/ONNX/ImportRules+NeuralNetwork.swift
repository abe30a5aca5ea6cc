import MassRuntime

extension ImportRule {
  /// Convolutions, matrix products and pooling.
  static let neuralNetwork: [ImportRule] = convolutions + products + pools + globalPools

  private static let convolutions: [ImportRule] = [
    ImportRule("Conv") { n throws(ImportError) in
      let window = try n.window()
      try n.checkKernelShape(window)
      try n.finish(
        Conv(
          strides: window.strides, dilations: window.dilations, padsBegin: window.padsBegin, padsEnd: window.padsEnd,
          autoPad: window.autoPad, groups: try n.int("group", default: 1)))
    },
    ImportRule("ConvTranspose") { n throws(ImportError) in
      let window = try n.window()
      try n.checkKernelShape(window)
      let rank = n.rank(1).map { $0 - 2 }
      // Some exporters state the whole shape, batch and channels included.
      let shape = try n.ints("output_shape").map { Array($0.suffix(rank ?? $0.count)) }
      try n.finish(
        ConvTranspose(
          strides: window.strides, dilations: window.dilations, padsBegin: window.padsBegin, padsEnd: window.padsEnd,
          autoPad: window.autoPad, outputPadding: try n.ints("output_padding", default: []), outputShape: shape,
          groups: try n.int("group", default: 1)))
    },
  ]

  private static let products: [ImportRule] = [
    ImportRule("MatMul") { n throws(ImportError) in try n.finish(MatMul()) },
    ImportRule("Gemm") { n throws(ImportError) in
      for i in 0..<2 {
        if let rank = n.rank(i), rank != 2 { throw n.invalid(expected: "matrices", got: "\(n.type(i))") }
      }
      let product = MatMul(
        transposeA: try n.bool("transA"), transposeB: try n.bool("transB"), alpha: try n.float("alpha", default: 1))
      try n.finish(product, [n.input(0), n.input(1), try n.scaledBias(by: try n.float("beta", default: 1))])
    },
  ]

  private static let pools: [ImportRule] = [
    ImportRule("MaxPool") { n throws(ImportError) in
      let window = try n.window()
      try n.finish(
        MaxPool(
          kernel: try n.requiredInts("kernel_shape"), strides: window.strides, dilations: window.dilations,
          padsBegin: window.padsBegin, padsEnd: window.padsEnd, autoPad: window.autoPad,
          ceilMode: try n.bool("ceil_mode"), columnMajorIndices: try n.bool("storage_order")))
    },
    ImportRule("AveragePool") { n throws(ImportError) in
      let window = try n.window()
      try n.finish(
        AveragePool(
          kernel: try n.requiredInts("kernel_shape"), strides: window.strides, dilations: window.dilations,
          padsBegin: window.padsBegin, padsEnd: window.padsEnd, autoPad: window.autoPad,
          ceilMode: try n.bool("ceil_mode"), countIncludePad: try n.bool("count_include_pad")))
    },
    ImportRule("LpPool") { n throws(ImportError) in
      let window = try n.window()
      try n.finish(
        LpPool(
          p: try n.int("p", default: 2), kernel: try n.requiredInts("kernel_shape"), strides: window.strides,
          dilations: window.dilations, padsBegin: window.padsBegin, padsEnd: window.padsEnd,
          autoPad: window.autoPad, ceilMode: try n.bool("ceil_mode")))
    },
  ]

  private static let globalPools: [ImportRule] = [
    ImportRule("GlobalAveragePool") { n throws(ImportError) in try n.finish(GlobalPool(.average)) },
    ImportRule("GlobalMaxPool") { n throws(ImportError) in try n.finish(GlobalPool(.max)) },
    ImportRule("GlobalLpPool") { n throws(ImportError) in
      try n.finish(GlobalPool(.lp(p: try n.int("p", default: 2))))
    },
  ]
}

/// The window attributes of a convolution or pooling node.
private struct WindowAttributes {
  var strides: [Int]
  var dilations: [Int]
  var padsBegin: [Int]
  var padsEnd: [Int]
  var autoPad: AutoPadding
  var kernel: [Int]?
}

extension NodeTranslation {
  fileprivate func window() throws(ImportError) -> WindowAttributes {
    let pads = try ints("pads", default: [])
    guard pads.count.isMultiple(of: 2) else {
      throw invalid(expected: "pads at the begin and end of each axis", got: "\(pads)")
    }
    let autoPad: AutoPadding =
      switch try string("auto_pad", default: "NOTSET") {
      case "NOTSET", "": .explicit
      case "SAME_UPPER": .sameUpper
      case "SAME_LOWER": .sameLower
      case "VALID": .valid
      case let other: throw invalid(expected: "auto_pad NOTSET, SAME_UPPER, SAME_LOWER or VALID", got: other)
      }
    return WindowAttributes(
      strides: try ints("strides", default: []), dilations: try ints("dilations", default: []),
      padsBegin: Array(pads.prefix(pads.count / 2)), padsEnd: Array(pads.suffix(pads.count / 2)), autoPad: autoPad,
      kernel: try ints("kernel_shape"))
  }

  /// The stated kernel must be that of the weights.
  fileprivate func checkKernelShape(_ window: WindowAttributes) throws(ImportError) {
    guard let kernel = window.kernel, let shape = shape(1), shape.count >= 2 else { return }
    let actual = Array(shape.dropFirst(2))
    let agrees = kernel.count == actual.count && zip(kernel, actual).allSatisfy { $1.constant ?? $0 == $0 }
    guard agrees else { throw invalid(expected: "weights of kernel shape \(kernel)", got: "\(type(1))") }
  }

  /// Gemm's third operand times `beta`, or nil where it adds nothing.
  fileprivate func scaledBias(by beta: Float) throws(ImportError) -> ValueID? {
    guard let bias = input(2), beta != 0 else { return nil }
    if beta == 1 { return bias }
    let element = try requiredElement(2)
    if let tensor = constant(2), element.isFloatingPoint {
      return constant(
        try checked { () throws(TensorError) in
          try Tensor.make(element, tensor.shape, doubles: tensor.doubles().map { $0 * Double(beta) })
        })
    }
    return try emitOne(Binary(.mul), bias, try scalar(element, Double(beta)))
  }
}
