import MassRuntime

extension ImportRule {
  /// Functions of single elements and of pairs of them.
  static let elementwise: [ImportRule] = plainUnary + parameterizedUnary + plainBinary + variadic + special

  private static func unary(_ opType: String, _ function: UnaryFunction) -> ImportRule {
    ImportRule(opType) { n throws(ImportError) in try n.finish(Unary(function)) }
  }

  private static func binary(_ opType: String, _ function: BinaryFunction) -> ImportRule {
    ImportRule(opType) { n throws(ImportError) in try n.finish(Binary(function)) }
  }

  private static let plainUnary: [ImportRule] = [
    unary("Abs", .abs), unary("Neg", .neg), unary("Ceil", .ceil), unary("Floor", .floor), unary("Round", .round),
    unary("Sign", .sign), unary("Sqrt", .sqrt), unary("Reciprocal", .reciprocal), unary("Exp", .exp),
    unary("Log", .log),
    unary("Sin", .sin), unary("Cos", .cos), unary("Tan", .tan), unary("Asin", .asin), unary("Acos", .acos),
    unary("Atan", .atan), unary("Sinh", .sinh), unary("Cosh", .cosh), unary("Tanh", .tanh), unary("Asinh", .asinh),
    unary("Acosh", .acosh), unary("Atanh", .atanh), unary("Erf", .erf), unary("Sigmoid", .sigmoid),
    unary("Relu", .relu),
    unary("HardSwish", .hardSwish), unary("Softplus", .softplus), unary("Softsign", .softsign), unary("Mish", .mish),
    unary("Not", .logicalNot), unary("IsNaN", .isNaN), unary("BitwiseNot", .bitwiseNot),
  ]

  private static let parameterizedUnary: [ImportRule] = [
    ImportRule("LeakyRelu") { n throws(ImportError) in
      try n.finish(Unary(.leakyRelu(alpha: try n.float("alpha", default: 0.01))))
    },
    ImportRule("Elu") { n throws(ImportError) in try n.finish(Unary(.elu(alpha: try n.float("alpha", default: 1)))) },
    ImportRule("Celu") { n throws(ImportError) in try n.finish(Unary(.celu(alpha: try n.float("alpha", default: 1)))) },
    ImportRule("Selu") { n throws(ImportError) in
      let alpha = try n.float("alpha", default: 1.673_263_192_176_818_8)
      try n.finish(Unary(.selu(alpha: alpha, gamma: try n.float("gamma", default: 1.050_701_022_148_132_3))))
    },
    ImportRule("HardSigmoid") { n throws(ImportError) in
      let (alpha, beta) = (try n.float("alpha", default: 0.2), try n.float("beta", default: 0.5))
      try n.finish(Unary(.hardSigmoid(alpha: alpha, beta: beta)))
    },
    ImportRule("ThresholdedRelu") { n throws(ImportError) in
      try n.finish(Unary(.thresholdedRelu(alpha: try n.float("alpha", default: 1))))
    },
    ImportRule("Swish") { n throws(ImportError) in
      try n.finish(Unary(.swish(alpha: try n.float("alpha", default: 1))))
    },
    ImportRule("Gelu") { n throws(ImportError) in
      switch try n.string("approximate", default: "none") {
      case "none": try n.finish(Unary(.geluErf))
      case "tanh": try n.finish(Unary(.geluTanh))
      case let other: throw n.invalid(expected: "'approximate' to be none or tanh", got: "'\(other)'")
      }
    },
    ImportRule("Shrink") { n throws(ImportError) in
      let (lambda, bias) = (try n.float("lambd", default: 0.5), try n.float("bias", default: 0))
      try n.finish(Unary(.shrink(lambda: lambda, bias: bias)))
    },
    ImportRule("IsInf") { n throws(ImportError) in
      let negative = try n.bool("detect_negative", default: true)
      try n.finish(Unary(.isInf(negative: negative, positive: try n.bool("detect_positive", default: true))))
    },
  ]

  private static let plainBinary: [ImportRule] = [
    binary("Add", .add), binary("Sub", .sub), binary("Mul", .mul), binary("Div", .div), binary("Pow", .pow),
    binary("PRelu", .prelu), binary("And", .and), binary("Or", .or), binary("Xor", .xor), binary("Equal", .equal),
    binary("Less", .less), binary("LessOrEqual", .lessOrEqual), binary("Greater", .greater),
    binary("GreaterOrEqual", .greaterOrEqual), binary("BitwiseAnd", .bitAnd), binary("BitwiseOr", .bitOr),
    binary("BitwiseXor", .bitXor),
    ImportRule("Mod") { n throws(ImportError) in try n.finish(Binary(try n.bool("fmod") ? .fmod : .mod)) },
    ImportRule("BitShift") { n throws(ImportError) in
      switch try n.requiredString("direction") {
      case "LEFT": try n.finish(Binary(.shiftLeft))
      case "RIGHT": try n.finish(Binary(.shiftRight))
      case let other: throw n.invalid(expected: "'direction' to be LEFT or RIGHT", got: "'\(other)'")
      }
    },
  ]

  private static let variadic: [ImportRule] = [
    ImportRule("Sum") { n throws(ImportError) in try n.finishFolding(.add) },
    ImportRule("Min") { n throws(ImportError) in try n.finishFolding(.min) },
    ImportRule("Max") { n throws(ImportError) in try n.finishFolding(.max) },
    ImportRule("Mean") { n throws(ImportError) in
      let total = try n.folding(.add, n.inputs)
      let count = try n.scalar(try n.requiredElement(0), Double(n.inputCount))
      try n.finish(Binary(.div), [total, count])
    },
  ]

  private static let special: [ImportRule] = [
    ImportRule("Clip") { n throws(ImportError) in try n.finishClip() },
    ImportRule("Where") { n throws(ImportError) in try n.finish(Select()) },
    ImportRule("Cast") { n throws(ImportError) in
      guard let element = try n.elementType("to") else { throw n.invalid(expected: "attribute 'to'", got: "none") }
      try n.finish(try n.cast(to: element))
    },
    ImportRule("CastLike") { n throws(ImportError) in
      try n.finish(try n.cast(to: try n.requiredElement(1)), [n.input(0)])
    },
    ImportRule("BitCast") { n throws(ImportError) in
      guard let element = try n.elementType("to") else { throw n.invalid(expected: "attribute 'to'", got: "none") }
      try n.finish(BitCast(to: element))
    },
    ImportRule("Dropout") { n throws(ImportError) in try n.finishDropout() },
  ]
}

extension NodeTranslation {
  /// `operands` combined from the first to the last.
  fileprivate func folding(_ function: BinaryFunction, _ operands: [ValueID?]) throws(ImportError) -> ValueID {
    guard var result = operands.first.flatMap({ $0 }) else { throw invalid(expected: "an operand", got: "none") }
    for operand in operands.dropFirst() { result = try emitOne(Binary(function), result, operand) }
    return result
  }

  fileprivate func finishFolding(_ function: BinaryFunction) throws(ImportError) {
    if inputCount < 2 { return try finish(Identity()) }
    try finish(Binary(function), [try folding(function, inputs.dropLast()), inputs[inputCount - 1]])
  }

  fileprivate func cast(to element: ElementType) throws(ImportError) -> Cast {
    let rounding = try string("round_mode", default: "up")
    guard let scaleRounding = Cast.ScaleRounding(rawValue: rounding) else {
      throw invalid(expected: "'round_mode' to be up, down or nearest", got: "'\(rounding)'")
    }
    return Cast(to: element, saturate: try bool("saturate", default: true), scaleRounding: scaleRounding)
  }

  /// Bounds that are known numbers become part of the function; integers keep theirs exact as operands.
  fileprivate func finishClip() throws(ImportError) {
    if opset < 11 {
      let low = try float("min", default: -.infinity)
      return try finish(Unary(.clip(low: low, high: try float("max", default: .infinity))), [input(0)])
    }
    if element(0)?.isFloatingPoint ?? false, let low = bound(1, absent: -.infinity),
      let high = bound(2, absent: .infinity)
    {
      return try finish(Unary(.clip(low: low, high: high)), [input(0)])
    }
    switch (input(1), input(2)) {
    case (nil, nil): try finish(Identity(), [input(0)])
    case (let low?, nil): try finish(Binary(.max), [input(0), low])
    case (nil, let high?): try finish(Binary(.min), [input(0), high])
    case (let low?, let high?): try finish(Binary(.min), [try emitOne(Binary(.max), input(0), low), high])
    }
  }

  /// Operand `i` as a constant that `Float` holds exactly.
  private func bound(_ i: Int, absent: Float) -> Float? {
    guard hasInput(i) else { return absent }
    guard let tensor = constant(i), tensor.count == 1, tensor.shape.count <= 1, let value = tensor.doubles().first
    else {
      return nil
    }
    return Float(exactly: value)
  }

  /// Dropout does nothing in inference, and its mask keeps everything.
  fileprivate func finishDropout() throws(ImportError) {
    // Of no consequence here; reading them keeps them out of the warnings.
    _ = (has("ratio"), has("seed"))
    if hasInput(2), constant(2).map({ $0.bools() != [false] }) ?? true {
      let ratio = constant(1)?.doubles().first
      guard ratio == 0 else { throw unsupported("dropout in training mode") }
    }
    guard isOutputUsed(1) else { return try finish(Identity(), [input(0)]) }
    let shape = try emitOne(ShapeOf(), input(0))
    let mask = try emitOne(ConstantOfShape(.bool, bits: 1), shape)
    try finish(values: [try emitOne(Identity(), input(0)), mask])
  }
}
