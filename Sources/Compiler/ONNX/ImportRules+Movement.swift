import MassRuntime

extension ImportRule {
  /// What moves, picks, counts and accumulates elements.
  static let movement: [ImportRule] = rearranging + indexing + blocks + selecting

  private static let rearranging: [ImportRule] = [
    ImportRule("Transpose") { n throws(ImportError) in
      let order = try n.ints("perm")
      try n.finish(Transpose(permutation: order ?? n.rank(0).map { Array((0..<$0).reversed()) }))
    },
    ImportRule("Concat") { n throws(ImportError) in try n.finish(Concat(axis: try n.requiredInt("axis"))) },
    ImportRule("Split") { n throws(ImportError) in try n.finishSplit() },
    ImportRule("Slice") { n throws(ImportError) in try n.finishSlice() },
    ImportRule("Expand") { n throws(ImportError) in try n.finish(Expand()) },
    ImportRule("Tile") { n throws(ImportError) in try n.finish(Tile()) },
    ImportRule("Pad") { n throws(ImportError) in try n.finishPad() },
    ImportRule("CenterCropPad") { n throws(ImportError) in try n.finish(CenterCropPad(axes: try n.ints("axes"))) },
    ImportRule("Trilu") { n throws(ImportError) in try n.finish(Trilu(isUpper: try n.bool("upper", default: true))) },
    ImportRule("ReverseSequence") { n throws(ImportError) in
      let time = try n.int("time_axis", default: 0)
      try n.finish(ReverseSequence(timeAxis: time, batchAxis: try n.int("batch_axis", default: 1)))
    },
  ]

  private static let indexing: [ImportRule] = [
    ImportRule("Gather") { n throws(ImportError) in try n.finish(Gather(axis: try n.int("axis", default: 0))) },
    ImportRule("GatherElements") { n throws(ImportError) in
      try n.finish(GatherElements(axis: try n.int("axis", default: 0)))
    },
    ImportRule("GatherND") { n throws(ImportError) in
      try n.finish(GatherND(batchDims: try n.int("batch_dims", default: 0)))
    },
    ImportRule("Scatter") { n throws(ImportError) in try n.finishScatterElements() },
    ImportRule("ScatterElements") { n throws(ImportError) in try n.finishScatterElements() },
    ImportRule("ScatterND") { n throws(ImportError) in try n.finish(ScatterND(reduction: try n.scatterReduction())) },
  ]

  private static let blocks: [ImportRule] = [
    ImportRule("DepthToSpace") { n throws(ImportError) in
      try n.finish(DepthToSpace(blockSize: try n.requiredInt("blocksize"), order: try n.channelOrder()))
    },
    ImportRule("SpaceToDepth") { n throws(ImportError) in
      try n.finish(SpaceToDepth(blockSize: try n.requiredInt("blocksize"), order: try n.channelOrder()))
    },
    ImportRule("CumSum") { n throws(ImportError) in
      try n.finish(CumSum(exclusive: try n.bool("exclusive"), reverse: try n.bool("reverse")))
    },
    ImportRule("CumProd") { n throws(ImportError) in
      try n.finish(CumProd(exclusive: try n.bool("exclusive"), reverse: try n.bool("reverse")))
    },
  ]

  private static let selecting: [ImportRule] = [
    ImportRule("TopK") { n throws(ImportError) in try n.finishTopK() },
    ImportRule("ArgMax") { n throws(ImportError) in try n.finishArgExtremum(isMaximum: true) },
    ImportRule("ArgMin") { n throws(ImportError) in try n.finishArgExtremum(isMaximum: false) },
    ImportRule("Compress") { n throws(ImportError) in try n.finish(Compress(axis: try n.int("axis"))) },
    ImportRule("Unique") { n throws(ImportError) in
      try n.finish(Unique(axis: try n.int("axis"), isSorted: try n.bool("sorted", default: true)))
    },
  ]
}

extension NodeTranslation {
  /// Sizes were an attribute before opset 13.
  fileprivate func finishSplit() throws(ImportError) {
    let axis = try int("axis", default: 0)
    if opset < 13, let sizes = try ints("split") {
      return try finish(Split(axis: axis, parts: sizes.count), [input(0), try vector(sizes)])
    }
    let parts = try int("num_outputs") ?? shape(1)?.first?.constant ?? outputCount
    guard parts >= outputCount else { throw invalid(expected: "at most \(parts) results", got: "\(outputCount)") }
    try finish(Split(axis: axis, parts: parts))
  }

  /// Bounds were attributes before opset 10.
  fileprivate func finishSlice() throws(ImportError) {
    guard opset < 10 else { return try finish(Slice()) }
    let (starts, ends) = (try vector(try requiredInts("starts")), try vector(try requiredInts("ends")))
    let axes = try ints("axes")
    guard let axes else { return try finish(Slice(), [input(0), starts, ends]) }
    try finish(Slice(), [input(0), starts, ends, try vector(axes)])
  }

  /// Counts and value were attributes before opset 11.
  fileprivate func finishPad() throws(ImportError) {
    let text = try string("mode", default: "constant")
    guard let mode = PadMode(rawValue: text) else {
      throw invalid(expected: "'mode' to be constant, reflect, edge or wrap", got: "'\(text)'")
    }
    guard opset < 11 else { return try finish(Pad(mode: mode)) }
    let pads = try vector(try requiredInts("pads"))
    let value = try float("value", default: 0)
    if value == 0 || mode != .constant { return try finish(Pad(mode: mode), [input(0), pads]) }
    try finish(Pad(mode: mode), [input(0), pads, try scalar(try requiredElement(0), Double(value))])
  }

  fileprivate func channelOrder() throws(ImportError) -> DepthToSpace.Order {
    let text = try string("mode", default: "DCR")
    guard let order = DepthToSpace.Order(rawValue: text) else {
      throw invalid(expected: "'mode' to be DCR or CRD", got: "'\(text)'")
    }
    return order
  }

  fileprivate func finishScatterElements() throws(ImportError) {
    try finish(ScatterElements(axis: try int("axis", default: 0), reduction: try scatterReduction()))
  }

  fileprivate func scatterReduction() throws(ImportError) -> ScatterReduction {
    let text = try string("reduction", default: "none")
    guard let reduction = ScatterReduction(rawValue: text) else {
      throw invalid(expected: "'reduction' to be none, add, mul, max or min", got: "'\(text)'")
    }
    return reduction
  }

  /// The count was an attribute before opset 10.
  fileprivate func finishTopK() throws(ImportError) {
    let op = TopK(
      axis: try int("axis", default: -1), isLargest: try bool("largest", default: true),
      isSorted: try bool("sorted", default: true))
    guard opset < 10 else { return try finish(op) }
    try finish(op, [input(0), try vector([try requiredInt("k")])])
  }

  fileprivate func finishArgExtremum(isMaximum: Bool) throws(ImportError) {
    try finish(
      ArgExtremum(
        isMaximum: isMaximum, axis: try int("axis", default: 0), keepDims: try bool("keepdims", default: true),
        selectLast: try bool("select_last_index")))
  }
}
