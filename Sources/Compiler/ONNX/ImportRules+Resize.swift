import MassRuntime

extension ImportRule {
  /// Resampling. `Upsample`, and `Resize` before opset 11, scale coordinates without any shift.
  static let resizing: [ImportRule] = [
    ImportRule("Resize") { n throws(ImportError) in
      guard n.opset >= 11 else { return try n.finishScaling(scales: n.input(1)) }
      var op = Resize(mode: try n.resizeMode())
      op.coordinateMode = try n.coordinateMode()
      op.nearestMode = try n.nearestMode()
      op.cubicA = try n.float("cubic_coeff_a", default: -0.75)
      op.excludeOutside = try n.bool("exclude_outside")
      op.extrapolationValue = try n.float("extrapolation_value", default: 0)
      op.antialias = try n.bool("antialias") && op.mode != .nearest
      op.keepAspect = try n.aspectPolicy()
      op.axes = try n.ints("axes")
      let region = op.coordinateMode == .cropAndResize ? n.input(1) : nil
      try n.finish(op, [n.input(0), region, n.input(2), n.input(3)])
    },
    ImportRule("Upsample") { n throws(ImportError) in
      guard n.opset < 9 else { return try n.finishScaling(scales: n.input(1)) }
      let scales = try n.floats("scales") ?? []
      let tensor = try n.checked { () throws(TensorError) in
        try Tensor.make(.float32, [scales.count], doubles: scales.map(Double.init))
      }
      try n.finishScaling(scales: n.constant(tensor))
    },
  ]
}

extension NodeTranslation {
  fileprivate func finishScaling(scales: ValueID?) throws(ImportError) {
    let op = Resize(mode: try resizeMode(), coordinateMode: .asymmetric, nearestMode: .floor)
    try finish(op, [input(0), nil, scales])
  }

  fileprivate func resizeMode() throws(ImportError) -> Resize.Mode {
    switch try string("mode", default: "nearest") {
    case "nearest": .nearest
    case "linear", "bilinear": .linear
    case "cubic": .cubic
    case let other: throw invalid(expected: "mode nearest, linear or cubic", got: other)
    }
  }

  fileprivate func coordinateMode() throws(ImportError) -> Resize.CoordinateMode {
    switch try string("coordinate_transformation_mode", default: "half_pixel") {
    case "half_pixel": .halfPixel
    case "half_pixel_symmetric": .halfPixelSymmetric
    case "pytorch_half_pixel": .pytorchHalfPixel
    case "align_corners": .alignCorners
    case "asymmetric": .asymmetric
    case "tf_crop_and_resize": .cropAndResize
    case "tf_half_pixel_for_nn": .halfPixelForNearest
    case let other: throw invalid(expected: "a known coordinate_transformation_mode", got: other)
    }
  }

  fileprivate func nearestMode() throws(ImportError) -> Resize.NearestMode {
    switch try string("nearest_mode", default: "round_prefer_floor") {
    case "round_prefer_floor", "": .roundPreferFloor
    case "round_prefer_ceil": .roundPreferCeil
    case "floor": .floor
    case "ceil": .ceil
    case let other: throw invalid(expected: "a known nearest_mode", got: other)
    }
  }

  fileprivate func aspectPolicy() throws(ImportError) -> Resize.AspectPolicy {
    switch try string("keep_aspect_ratio_policy", default: "stretch") {
    case "stretch": .stretch
    case "not_larger": .notLarger
    case "not_smaller": .notSmaller
    case let other: throw invalid(expected: "keep_aspect_ratio_policy stretch, not_larger or not_smaller", got: other)
    }
  }
}
