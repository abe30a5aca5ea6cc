import MassRuntime

extension ImportRule {
  /// Constants, shapes and what only renames axes.
  static let shape: [ImportRule] = constants + views + generators

  private static let constants: [ImportRule] = [
    ImportRule("Constant") { n throws(ImportError) in
      let tensor = try n.constantAttribute()
      try n.finish(values: [n.constant(tensor)])
    },
    ImportRule("ConstantOfShape") { n throws(ImportError) in
      guard let value = try n.tensor("value") else { return try n.finish(ConstantOfShape()) }
      guard let op = ConstantOfShape(value: value) else {
        throw n.invalid(expected: "'value' of one element of at most 64 bits", got: "\(value.type)")
      }
      try n.finish(op)
    },
  ]

  private static let views: [ImportRule] = [
    ImportRule("Identity") { n throws(ImportError) in try n.finish(Identity()) },
    ImportRule("Reshape") { n throws(ImportError) in try n.finish(Reshape(allowZero: try n.bool("allowzero"))) },
    ImportRule("Flatten") { n throws(ImportError) in try n.finish(Flatten(axis: try n.int("axis", default: 1))) },
    ImportRule("Squeeze") { n throws(ImportError) in
      guard n.opset < 13 else { return try n.finish(Squeeze()) }
      let axes = try n.ints("axes")
      guard let axes else { return try n.finish(Squeeze(), [n.input(0)]) }
      try n.finish(Squeeze(), [n.input(0), try n.vector(axes)])
    },
    ImportRule("Unsqueeze") { n throws(ImportError) in
      guard n.opset < 13 else { return try n.finish(Unsqueeze()) }
      try n.finish(Unsqueeze(), [n.input(0), try n.vector(try n.requiredInts("axes"))])
    },
  ]

  private static let generators: [ImportRule] = [
    ImportRule("Shape") { n throws(ImportError) in
      try n.finish(ShapeOf(start: try n.int("start", default: 0), end: try n.int("end")))
    },
    ImportRule("Size") { n throws(ImportError) in try n.finish(Size()) },
    ImportRule("Range") { n throws(ImportError) in
      // The reference kernel computes in double whatever type the intermediate values are asked to have.
      _ = n.has("stash_type")
      try n.finish(NumericRange())
    },
    ImportRule("EyeLike") { n throws(ImportError) in
      try n.finish(EyeLike(element: try n.elementType("dtype"), k: try n.int("k", default: 0)))
    },
    ImportRule("OneHot") { n throws(ImportError) in try n.finish(OneHot(axis: try n.int("axis", default: -1))) },
    ImportRule("NonZero") { n throws(ImportError) in try n.finish(NonZero()) },
  ]
}

extension NodeTranslation {
  /// The one attribute of `Constant` that is there.
  fileprivate func constantAttribute() throws(ImportError) -> Tensor {
    if let tensor = try tensor("value") { return tensor }
    if let tensor = try tensor("sparse_value") { return tensor }
    if let value = try int("value_int") { return try make([], [value]) }
    if let values = try ints("value_ints") { return try make([values.count], values) }
    if let value = try float("value_float") { return try make([], [value]) }
    if let values = try floats("value_floats") { return try make([values.count], values) }
    if let value = try string("value_string") {
      return try checked { () throws(TensorError) in try Tensor(strings: [value], shape: []) }
    }
    if let values = try strings("value_strings") {
      return try checked { () throws(TensorError) in try Tensor(strings: values, shape: [values.count]) }
    }
    throw invalid(expected: "an attribute that holds the constant", got: "none")
  }

  private func make(_ shape: [Int], _ values: [Int]) throws(ImportError) -> Tensor {
    try checked { () throws(TensorError) in try Tensor.make(.int64, shape, integers: values) }
  }

  private func make(_ shape: [Int], _ values: [Float]) throws(ImportError) -> Tensor {
    try checked { () throws(TensorError) in try Tensor.make(.float32, shape, doubles: values.map { Double($0) }) }
  }
}
