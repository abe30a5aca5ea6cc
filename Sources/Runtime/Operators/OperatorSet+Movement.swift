extension OperatorSet {
  /// Operators that move, choose or count elements, and those that only change shapes.
  static let movement: [any Operator.Type] = [
    ArgExtremum.self, BitCast.self, Cast.self, CenterCropPad.self, Compress.self, Concat.self, ConstantOfShape.self,
    CumProd.self, CumSum.self, DepthToSpace.self, ElementwiseProgram.self, Expand.self, EyeLike.self, Flatten.self,
    Gather.self, GatherElements.self, GatherND.self, Identity.self, NonZero.self, NumericRange.self, OneHot.self,
    Pad.self, Relayout.self, Reshape.self, ReverseSequence.self, ScatterElements.self, ScatterND.self, Select.self,
    ShapeOf.self, Size.self, Slice.self, SpaceToDepth.self, Split.self, Squeeze.self, Tile.self, TopK.self,
    Transpose.self, Trilu.self, Unique.self, Unsqueeze.self,
  ]
}
