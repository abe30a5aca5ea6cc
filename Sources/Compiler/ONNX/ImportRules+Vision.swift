import MassRuntime

extension ImportRule {
  /// Sampling, detection and other less common tensor algebra.
  static let vision: [ImportRule] = sampling + detection + algebra

  private static let sampling: [ImportRule] = [
    ImportRule("GridSample") { n throws(ImportError) in
      let mode: GridSample.Mode =
        switch try n.string("mode", default: "linear") {
        case "nearest": .nearest
        case "linear", "bilinear": .linear
        case "cubic", "bicubic": .cubic
        case let other: throw n.invalid(expected: "mode nearest, linear or cubic", got: other)
        }
      guard let padding = GridSample.Padding(rawValue: try n.string("padding_mode", default: "zeros")) else {
        throw n.invalid(expected: "padding_mode zeros, border or reflection", got: try n.string("padding_mode") ?? "")
      }
      try n.finish(GridSample(mode: mode, padding: padding, alignCorners: try n.bool("align_corners")))
    },
    ImportRule("AffineGrid") { n throws(ImportError) in
      try n.finish(AffineGrid(alignCorners: try n.bool("align_corners")))
    },
    ImportRule("Col2Im") { n throws(ImportError) in
      let pads = try n.halves("pads")
      try n.finish(
        Col2Im(
          strides: try n.ints("strides", default: []), dilations: try n.ints("dilations", default: []),
          padsBegin: pads.begin, padsEnd: pads.end))
    },
    ImportRule("MaxUnpool") { n throws(ImportError) in
      let pads = try n.halves("pads")
      try n.finish(
        MaxUnpool(
          kernel: try n.requiredInts("kernel_shape"), strides: try n.ints("strides", default: []),
          padsBegin: pads.begin, padsEnd: pads.end))
    },
  ]

  private static let detection: [ImportRule] = [
    ImportRule("RoiAlign") { n throws(ImportError) in
      let mode: RoiAlign.Mode =
        switch try n.string("mode", default: "avg") {
        case "avg": .average
        case "max": .max
        case let other: throw n.invalid(expected: "mode avg or max", got: other)
        }
      let standard = n.opset >= 16 ? "half_pixel" : "output_half_pixel"
      let coordinates = try n.string("coordinate_transformation_mode", default: standard)
      try n.finish(
        RoiAlign(
          mode: mode, outputHeight: try n.int("output_height", default: 1),
          outputWidth: try n.int("output_width", default: 1), samplingRatio: try n.int("sampling_ratio", default: 0),
          spatialScale: try n.float("spatial_scale", default: 1), isHalfPixel: coordinates == "half_pixel"))
    },
    ImportRule("NonMaxSuppression") { n throws(ImportError) in
      try n.finish(NonMaxSuppression(isCentered: try n.bool("center_point_box")))
    },
  ]

  private static let algebra: [ImportRule] = [
    ImportRule("Einsum") { n throws(ImportError) in try n.finish(Einsum(try n.requiredString("equation"))) },
    ImportRule("Det") { n throws(ImportError) in try n.finish(Det()) },
    ImportRule("NegativeLogLikelihoodLoss") { n throws(ImportError) in
      try n.finish(
        NegativeLogLikelihoodLoss(reduction: try n.lossReduction(), ignoreIndex: try n.int("ignore_index")))
    },
    ImportRule("SoftmaxCrossEntropyLoss") { n throws(ImportError) in
      try n.finish(SoftmaxCrossEntropyLoss(reduction: try n.lossReduction(), ignoreIndex: try n.int("ignore_index")))
    },
  ]
}

extension NodeTranslation {
  /// A list of begins followed by ends.
  fileprivate func halves(_ name: String) throws(ImportError) -> (begin: [Int], end: [Int]) {
    let values = try ints(name, default: [])
    guard values.count.isMultiple(of: 2) else {
      throw invalid(expected: "\(name) at the begin and end of each axis", got: "\(values)")
    }
    return (Array(values.prefix(values.count / 2)), Array(values.suffix(values.count / 2)))
  }

  fileprivate func lossReduction() throws(ImportError) -> LossReduction {
    let name = try string("reduction", default: "mean")
    guard let reduction = LossReduction(rawValue: name) else {
      throw invalid(expected: "reduction none, sum or mean", got: name)
    }
    return reduction
  }
}
