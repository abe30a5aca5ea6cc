import MassRuntime
import VectorShim

/// Kernels written for this runtime: elementwise programs, movement, normalization, reduction, resampling, attention.
public struct VectorPlugin: RuntimePlugin {
  public let name = "vector"

  public init() {}

  public var lowerings: [Lowering] { elementwise + movement + indexing + normalization }

  private var elementwise: [Lowering] {
    [
      Lowering(Unary.self, "vector.elementwise") { op, node in op.vectorOffers(node) },
      Lowering(Binary.self, "vector.elementwise") { op, node in op.vectorOffers(node) },
      Lowering(Select.self, "vector.elementwise") { op, node in op.vectorOffers(node) },
      Lowering(Cast.self, "vector.elementwise") { op, node in op.vectorOffers(node) },
      Lowering(ElementwiseProgram.self, "vector.elementwise") { op, node in op.vectorOffers(node) },
    ]
  }

  private var movement: [Lowering] {
    [
      Lowering(Transpose.self, "vector.transpose") { op, node in op.vectorOffers(node) },
      Lowering(Relayout.self, "vector.copy") { _, node in relayoutOffers(node) },
      Lowering(Identity.self, "vector.copy") { _, node in relayoutOffers(node) },
      Lowering(Reshape.self, "vector.copy") { _, node in reshapeOffers(node) },
      Lowering(Flatten.self, "vector.copy") { _, node in reshapeOffers(node) },
      Lowering(Squeeze.self, "vector.copy") { _, node in reshapeOffers(node) },
      Lowering(Unsqueeze.self, "vector.copy") { _, node in reshapeOffers(node) },
      Lowering(BitCast.self, "vector.copy") { _, node in relayoutOffers(node) },
      Lowering(Expand.self, "vector.copy") { op, node in op.vectorOffers(node) },
      Lowering(Tile.self, "vector.copy") { op, node in op.vectorOffers(node) },
      Lowering(Slice.self, "vector.copy") { op, node in op.vectorOffers(node) },
      Lowering(Split.self, "vector.copy") { op, node in op.vectorOffers(node) },
      Lowering(Concat.self, "vector.copy") { op, node in op.vectorOffers(node) },
      Lowering(DepthToSpace.self, "vector.copy") { op, node in op.vectorOffers(node) },
      Lowering(SpaceToDepth.self, "vector.copy") { op, node in op.vectorOffers(node) },
      Lowering(Pad.self, "vector.pad") { op, node in op.vectorOffers(node) },
      Lowering(CenterCropPad.self, "vector.pad") { op, node in op.vectorOffers(node) },
      Lowering(ConstantOfShape.self, "vector.fill") { op, node in op.vectorOffers(node) },
    ]
  }

  private var indexing: [Lowering] {
    [
      Lowering(Gather.self, "vector.gather") { op, node in op.vectorOffers(node) },
      Lowering(GatherElements.self, "vector.gather") { op, node in op.vectorOffers(node) },
      Lowering(GatherND.self, "vector.gather") { op, node in op.vectorOffers(node) },
      Lowering(ScatterElements.self, "vector.scatter") { op, node in op.vectorOffers(node) },
      Lowering(ScatterND.self, "vector.scatter") { op, node in op.vectorOffers(node) },
      Lowering(OneHot.self, "vector.one-hot") { op, node in op.vectorOffers(node) },
      Lowering(TopK.self, "vector.top-k") { op, node in op.vectorOffers(node) },
      Lowering(Trilu.self, "vector.triangle") { op, node in op.vectorOffers(node) },
      Lowering(CumSum.self, "vector.cumulative-sum") { op, node in op.vectorOffers(node) },
      Lowering(ArgExtremum.self, "vector.arg-extreme") { op, node in op.vectorOffers(node) },
    ]
  }

  private var normalization: [Lowering] {
    [
      Lowering(Softmax.self, "vector.softmax") { op, node in op.vectorOffers(node) },
      Lowering(LogSoftmax.self, "vector.softmax") { op, node in op.vectorOffers(node) },
      Lowering(LayerNormalization.self, "vector.layer-norm") { op, node in op.vectorOffers(node) },
      Lowering(FusedLayerNormalization.self, "vector.layer-norm") { op, node in op.vectorOffers(node) },
      Lowering(RMSNormalization.self, "vector.layer-norm") { op, node in op.vectorOffers(node) },
      Lowering(LpNormalization.self, "vector.lp-norm") { op, node in op.vectorOffers(node) },
      Lowering(GroupNormalization.self, "vector.group-norm") { op, node in op.vectorOffers(node) },
      Lowering(InstanceNormalization.self, "vector.group-norm") { op, node in op.vectorOffers(node) },
      Lowering(BatchNormalization.self, "vector.batch-norm") { op, node in op.vectorOffers(node) },
      Lowering(Reduce.self, "vector.reduce") { op, node in op.vectorOffers(node) },
      Lowering(GlobalPool.self, "vector.reduce") { op, node in op.vectorOffers(node) },
      Lowering(Attention.self, "vector.attention") { op, node in op.vectorOffers(node) },
      Lowering(Resize.self, "vector.resize") { op, node in op.vectorOffers(node) },
    ]
  }
}
