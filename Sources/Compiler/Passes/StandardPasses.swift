/// The compiler's passes in the order they run. Deleting a line removes a feature.
public enum StandardPasses {
  public static let all: [any Pass] = cleanup + fusion + products + layout

  /// Simplifications that make the later patterns' shapes recognisable.
  static let cleanup: [any Pass] = [
    WidenHalf(),
    FoldConstants(),
    SimplifyReshape(),
    PatternPass(EliminateNoOps()),
    MergeDuplicates(),
  ]

  /// Several operators become one.
  static let fusion: [any Pass] = [
    PatternPass(FuseErfGelu()),
    PatternPass(FuseTanhGelu()),
    PatternPass(FuseSwish()),
    PatternPass(FuseHardSigmoid()),
    PatternPass(FuseHardSwish()),
    PatternPass(FuseLayerNormalization()),
    PatternPass(FuseRMSNormalization()),
    PatternPass(FusePad()),
    PatternPass(FoldIntoConvolution()),
    PatternPass(LowerBatchNormalization()),
  ]

  /// Matrix products take what stands around them.
  static let products: [any Pass] = [
    PatternPass(RestoreTransposes()),
    PatternPass(MergeTransposes()),
    PatternPass(FoldScale()),
    PatternPass(SinkTransposes()),
    PatternPass(AbsorbTransposes()),
    PatternPass(FoldScale()),
    PatternPass(FuseAttention()),
    PatternPass(FuseMatMulBias()),
    PatternPass(FuseResidual()),
    PatternPass(FuseActivation()),
    FoldConstants(),
    MergeDuplicates(),
    FuseElementwise(),
  ]

  /// Where values lie; last, since fusions think in logical shapes only.
  static let layout: [any Pass] = [AssignLayout()]
}
