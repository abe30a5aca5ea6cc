extension RowwiseOperands {
  /// For operators that treat lines along `axis` each by itself.
  fileprivate func apart(from axis: Int) -> [RowPlacement]? {
    guard let own = self.axis(0), own != self.axis(axis, ofOperand: 0), areShared(from: 1) else { return nil }
    return all(along: own)
  }

  /// For operators that treat what lies behind `axis` each by itself, with operands that broadcast to operand 0.
  fileprivate func before(_ axis: Int) -> [RowPlacement]? {
    guard let own = self.axis(0), own < self.axis(axis, ofOperand: 0) else { return nil }
    let fits = placements.indices.dropFirst().allSatisfy { isAligned($0, with: shape(0), axis: own) }
    return fits ? all(along: own) : nil
  }
}

extension Softmax: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.apart(from: axis) }
}

extension LogSoftmax: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.apart(from: axis) }
}

extension Hardmax: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.apart(from: axis) }
}

extension LpNormalization: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.apart(from: axis) }
}

extension LayerNormalization: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.before(axis) }
}

extension RMSNormalization: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.before(axis) }
}

extension FusedLayerNormalization: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.before(axis) }
}

extension BatchNormalization: RowwiseOperator {
  /// The channels are the second axis, where there is one. Training takes the statistics of each of them.
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    let shape = batch.shape(0)
    guard shape.count > 1, batch.axis(0) == 1 else {
      return shape.count > 1 && !isTraining ? batch.apart(from: 1) : nil
    }
    // Each row has channels of its own.
    let fits = (1..<5).allSatisfy { batch.axis($0) == 0 && batch.shape($0) == [shape[1]] }
    return fits ? batch.results.indices.map { batch.placement(along: $0 == 0 ? 1 : 0) } : nil
  }
}

extension InstanceNormalization: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    batch.axis(0) == 0 && batch.areShared(from: 1) ? batch.all(along: 0) : nil
  }
}

extension GroupNormalization: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    batch.axis(0) == 0 && batch.areShared(from: 1) ? batch.all(along: 0) : nil
  }
}

extension MeanVarianceNormalization: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard let own = batch.axis(0), !axes.contains(where: { batch.axis($0, ofOperand: 0) == own }) else { return nil }
    return batch.all(along: own)
  }
}

extension LRN: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.axis(0) == 0 ? batch.all(along: 0) : nil }
}

extension Reduce: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard let own = batch.axis(0), batch.isShared(1),
      let axes = (try? axes(batch.operands, rank: batch.shape(0).count)) ?? nil, !axes.contains(own)
    else { return nil }
    return batch.all(along: keepDimensions ? own : own - axes.count(where: { $0 < own }))
  }
}
