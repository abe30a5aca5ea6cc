import MassRuntime

extension ImportRule {
  /// Reductions. Their axes became an operand in opset 13 (`ReduceSum`) and 18 (the others).
  static let reduction: [ImportRule] = [
    reduce("ReduceSum", .sum, axesAreOperandSince: 13),
    reduce("ReduceMean", .mean),
    reduce("ReduceMax", .max),
    reduce("ReduceMin", .min),
    reduce("ReduceProd", .prod),
    reduce("ReduceSumSquare", .sumSquare),
    reduce("ReduceL1", .l1),
    reduce("ReduceL2", .l2),
    reduce("ReduceLogSum", .logSum),
    reduce("ReduceLogSumExp", .logSumExp),
  ]

  private static func reduce(_ opType: String, _ kind: ReduceKind, axesAreOperandSince opset: Int = 18) -> ImportRule {
    ImportRule(opType) { n throws(ImportError) in
      let keep = try n.bool("keepdims", default: true)
      guard n.opset < opset else {
        let noop = try n.bool("noop_with_empty_axes")
        return try n.finish(Reduce(kind, keepDimensions: keep, noopWithEmptyAxes: noop))
      }
      let axes = try n.ints("axes")
      let operand: ValueID? = if let axes { try n.vector(axes) } else { nil }
      try n.finish(Reduce(kind, keepDimensions: keep), [n.input(0), operand])
    }
  }
}
