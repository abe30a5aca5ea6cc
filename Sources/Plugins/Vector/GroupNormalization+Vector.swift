import MassRuntime
import VectorShim

extension GroupNormalization {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] { groupOffers(node, groups: groups, epsilon: epsilon) }
}

extension InstanceNormalization {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    groupOffers(node, groups: node.input(0)?.shape[1] ?? 1, epsilon: epsilon)
  }
}

/// A tensor [N, C, D…] in numbers the shim reads.
private struct ChannelView {
  let batch: Int64
  let channels: Int64
  let spatial: Int64
  let isChannelsLast: Int32

  init?(_ node: BoundNode) {
    guard node.isAll(.float32), let x = node.input(0), x.rank >= 2, x.layout == node.outputs[0].layout else {
      return nil
    }
    batch = Int64(x.shape[0])
    channels = Int64(x.shape[1])
    spatial = Int64(x.shape[2...].reduce(1, *))
    isChannelsLast = x.layout == .channelsLast ? 1 : 0
  }
}

private func groupOffers(_ node: BoundNode, groups: Int, epsilon: Float) -> [KernelOffer] {
  guard let view = ChannelView(node), groups > 0, view.channels % Int64(groups) == 0 else { return [] }
  let threads = node.team
  let scratchBytes = Int(mass_group_norm_scratch_bytes(view.batch, view.channels))
  return KernelOffer.single {
    unsafe ShimKernel(scratchBytes: scratchBytes, inPlace: [0]) { operands, scratch in
      unsafe mass_group_norm_f32(
        threads, view.batch, view.channels, view.spatial, Int64(groups), view.isChannelsLast, epsilon,
        operands.floats(0), operands.floats(1), operands.floats(2), operands.floats(3), scratch)
    }
  }
}

extension BatchNormalization {
  /// At inference only: with one result, the statistics are operands.
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    guard !isTraining, node.outputs.count == 1, let view = ChannelView(node) else { return [] }
    let (threads, channels, epsilon) = (node.team, Int(view.channels), epsilon)
    return KernelOffer.single {
      unsafe ShimKernel(scratchBytes: channels * 8, inPlace: [0]) { operands, scratch in
        guard let factor = unsafe scratch?.assumingMemoryBound(to: Float.self) else { return }
        let offset = unsafe factor + channels
        unsafe mass_batch_norm_fold_f32(
          view.channels, epsilon, operands.floats(1), operands.floats(2), operands.floats(3), operands.floats(4),
          factor,
          offset)
        unsafe mass_channel_affine_f32(
          threads, view.batch, view.channels, view.spatial, view.isChannelsLast, operands.floats(0), factor, offset,
          operands.floats(5))
      }
    }
  }
}
