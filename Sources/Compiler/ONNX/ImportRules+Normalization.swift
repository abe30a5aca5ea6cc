import MassRuntime

extension ImportRule {
  /// Softmax and its kin, and normalizations.
  static let normalization: [ImportRule] = exponential + channelwise + rowwise

  private static let exponential: [ImportRule] = [
    ImportRule("Softmax") { n throws(ImportError) in try n.finishAlongAxis { Softmax(axis: $0) } },
    ImportRule("LogSoftmax") { n throws(ImportError) in try n.finishAlongAxis { LogSoftmax(axis: $0) } },
    ImportRule("Hardmax") { n throws(ImportError) in try n.finishAlongAxis { Hardmax(axis: $0) } },
  ]

  private static let channelwise: [ImportRule] = [
    ImportRule("BatchNormalization") { n throws(ImportError) in try n.finishBatchNormalization() },
    ImportRule("InstanceNormalization") { n throws(ImportError) in
      try n.finish(InstanceNormalization(epsilon: try n.float("epsilon", default: 1e-5)))
    },
    ImportRule("GroupNormalization") { n throws(ImportError) in try n.finishGroupNormalization() },
    ImportRule("LRN") { n throws(ImportError) in
      try n.finish(
        LRN(
          size: try n.requiredInt("size"), alpha: try n.float("alpha", default: 1e-4),
          beta: try n.float("beta", default: 0.75), bias: try n.float("bias", default: 1)))
    },
    ImportRule("MeanVarianceNormalization") { n throws(ImportError) in
      try n.finish(MeanVarianceNormalization(axes: try n.ints("axes", default: [0, 2, 3])))
    },
  ]

  private static let rowwise: [ImportRule] = [
    ImportRule("LayerNormalization") { n throws(ImportError) in
      let stash = try n.elementType("stash_type") ?? .float32
      try n.finish(
        LayerNormalization(
          axis: try n.int("axis", default: -1), epsilon: try n.float("epsilon", default: 1e-5), stashType: stash))
    },
    ImportRule("RMSNormalization") { n throws(ImportError) in
      // Statistics are taken in the widest precision whatever type they would be stashed in.
      _ = try n.elementType("stash_type")
      try n.finish(
        RMSNormalization(axis: try n.int("axis", default: -1), epsilon: try n.float("epsilon", default: 1e-5)))
    },
    ImportRule("LpNormalization") { n throws(ImportError) in
      try n.finish(LpNormalization(axis: try n.int("axis", default: -1), p: try n.int("p", default: 2)))
    },
  ]
}

extension NodeTranslation {
  /// Before opset 13 all axes from `axis` (default 1) on count as one.
  fileprivate func finishAlongAxis(_ make: (Int) -> any Operator) throws(ImportError) {
    guard opset < 13 else { return try finish(make(try int("axis", default: -1))) }
    let rank = try requiredRank(0)
    let stated = try int("axis", default: 1)
    let axis = stated < 0 ? stated + rank : stated
    guard (0...rank).contains(axis) else { throw invalid(expected: "axis in \(-rank)...\(rank)", got: "\(stated)") }
    let following = (shape(0) ?? []).dropFirst(axis + 1)
    if axis < rank, following.allSatisfy(\.isOne) { return try finish(make(axis)) }
    let flat = try emitOne(Flatten(axis: axis), input(0))
    let result = try emitOne(make(1), flat)
    try finish(Reshape(allowZero: true), [result, try emitOne(ShapeOf(), input(0))])
  }

  fileprivate func finishBatchNormalization() throws(ImportError) {
    let isTraining = try bool("training_mode") && opset >= 14
    guard isTraining || !(1..<5).contains(where: { isOutputUsed($0) }) else {
      throw unsupported("batch normalization that gives the moments of its batch")
    }
    guard try bool("spatial", default: true) else { throw unsupported("batch normalization per activation") }
    let op = BatchNormalization(
      epsilon: try float("epsilon", default: 1e-5), momentum: try float("momentum", default: 0.9),
      isTraining: isTraining)
    // Trailing outputs of older opsets that nobody names are dropped.
    if isTraining { try finish(op) } else { try finish(values: try emit(op, inputs)) }
  }

  /// In opset 18 scale and bias are per group; since 21 they are per channel.
  fileprivate func finishGroupNormalization() throws(ImportError) {
    let groups = try requiredInt("num_groups")
    _ = try elementType("stash_type")
    let op = GroupNormalization(groups: groups, epsilon: try float("epsilon", default: 1e-5))
    guard opset < 21 else { return try finish(op) }
    guard let extent = shape(0)?.dropFirst().first, let channels = extent.constant else {
      throw unsupported("group normalization of opset 18 over a number of channels that is not known")
    }
    guard groups > 0, channels.isMultiple(of: groups) else {
      throw invalid(expected: "channels divisible by \(groups) groups", got: "\(channels)")
    }
    try finish(
      op,
      [
        input(0), try repeatedPerGroup(1, groups, channels / groups),
        try repeatedPerGroup(2, groups, channels / groups),
      ])
  }

  private func repeatedPerGroup(_ i: Int, _ groups: Int, _ count: Int) throws(ImportError) -> ValueID {
    let column = try emitOne(Reshape(), input(i), try vector([groups, 1]))
    let matrix = try emitOne(Expand(), column, try vector([groups, count]))
    return try emitOne(Reshape(), matrix, try vector([groups * count]))
  }
}
