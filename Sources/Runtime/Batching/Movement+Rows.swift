extension ArgExtremum: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    let axis = batch.axis(axis, ofOperand: 0)
    guard let own = batch.axis(0), own != axis else { return nil }
    return batch.all(along: !keepDims && axis < own ? own - 1 : own)
  }
}

extension TopK: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard let own = batch.axis(0), own != batch.axis(axis, ofOperand: 0), batch.isShared(1) else { return nil }
    return batch.all(along: own)
  }
}

extension Concat: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard let own = batch.axis(0), own != batch.axis(axis, ofOperand: 0),
      batch.placements.allSatisfy({ $0 == .along(axis: own) })
    else { return nil }
    return batch.all(along: own)
  }
}

extension Split: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard let own = batch.axis(0), own != batch.axis(axis, ofOperand: 0), batch.isShared(1) else { return nil }
    return batch.all(along: own)
  }
}

extension Slice: RowwiseOperator {
  /// Either the axis of the rows is not sliced, or all of it is taken, in order.
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard let own = batch.axis(0), let starts = batch.operands.dimensions(1), let result = batch.results.first else {
      return nil
    }
    let listed = batch.operands.isPresent(3) ? batch.operands.integers(3) : Array(starts.indices)
    let steps = batch.operands.isPresent(4) ? batch.operands.integers(4) : starts.map { _ in 1 }
    guard let listed, let steps, listed.count == starts.count, steps.count == starts.count else { return nil }
    for (i, axis) in listed.enumerated() where batch.axis(axis, ofOperand: 0) == own {
      guard steps[i] == 1, starts[i].constant == 0, result.shape[own] == batch.shape(0)[own] else { return nil }
    }
    return batch.all(along: own)
  }
}

extension Pad: RowwiseOperator {
  /// Nothing is added to, or cut off, the axis of the rows.
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard let own = batch.axis(0), let pads = batch.operands.dimensions(1), batch.areShared(from: 1) else { return nil }
    let rank = batch.shape(0).count
    guard let axes = batch.operands.isPresent(3) ? batch.operands.integers(3) : Array(0..<rank),
      pads.count == 2 * axes.count
    else { return nil }
    for (i, axis) in axes.enumerated() where batch.axis(axis, ofOperand: 0) == own {
      guard pads[i].constant == 0, pads[axes.count + i].constant == 0 else { return nil }
    }
    return batch.all(along: own)
  }
}

extension Transpose: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard let own = batch.axis(0), let axis = order(rank: batch.shape(0).count).firstIndex(of: own) else { return nil }
    return batch.all(along: axis)
  }
}

extension Reshape: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.afterReshape() }
}

extension Flatten: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.afterReshape() }
}

extension Squeeze: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.afterReshape() }
}

extension Unsqueeze: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.afterReshape() }
}

extension Expand: RowwiseOperator {
  /// Rows of the operand go along; a shared operand is repeated for every row.
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard let result = batch.results.first?.shape else { return nil }
    if let own = batch.axis(0) {
      guard let wanted = batch.operands.dimensions(1) else { return nil }
      let at = own + wanted.count - batch.shape(0).count
      // One row alone would be repeated for another extent.
      guard at < 0 || wanted[at].isOne || wanted[at] == batch.shape(0)[own] else { return nil }
      return batch.all(along: own + result.count - batch.shape(0).count)
    }
    guard let axis = batch.countedAxis(), batch.isAligned(0, with: result, axis: axis) else { return nil }
    return batch.all(along: axis)
  }
}

extension Tile: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard let result = batch.results.first?.shape, result.count == batch.shape(0).count else { return nil }
    if let own = batch.axis(0) { return result[own] == batch.shape(0)[own] ? batch.all(along: own) : nil }
    guard let axis = batch.countedAxis(), batch.isAligned(0, with: result, axis: axis) else { return nil }
    return batch.all(along: axis)
  }
}

extension ConstantOfShape: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.countedAxis().map(batch.all) }
}

extension Gather: RowwiseOperator {
  /// Rows of the indices pick from shared data, or all rows of the data are picked from alike.
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    let axis = batch.axis(axis, ofOperand: 0)
    if batch.isShared(0), let own = batch.axis(1) { return batch.all(along: axis + own) }
    guard batch.isShared(1), let own = batch.axis(0), own != axis else { return nil }
    return batch.all(along: own < axis ? own : own - 1 + batch.shape(1).count)
  }
}

extension GatherElements: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard let own = batch.axis(0), batch.axis(1) == own, own != batch.axis(axis, ofOperand: 0),
      // The indices may have fewer entries than the data: those of its first rows.
      batch.shape(0)[own] == batch.shape(1)[own]
    else { return nil }
    return batch.all(along: own)
  }
}

extension GatherND: RowwiseOperator {
  /// Rows are batches of both operands, coordinates of shared data, or parts of the slices that shared coordinates name.
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    if batch.isShared(1), let own = batch.axis(0), let depth = batch.shape(1).last?.constant {
      let place = own - batchDims - depth
      return place >= 0 ? batch.all(along: batch.shape(1).count - 1 + place) : nil
    }
    guard let own = batch.axis(1), own < batch.shape(1).count - 1 else { return nil }
    let isBatch = batch.axis(0) == own && own < batchDims
    return isBatch || (batch.isShared(0) && own >= batchDims) ? batch.all(along: own) : nil
  }
}

extension OneHot: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard let own = batch.axis(0), batch.areShared(from: 1) else { return nil }
    let added = axis < 0 ? axis + batch.shape(0).count + 1 : axis
    return batch.all(along: own < added ? own : own + 1)
  }
}

extension CumSum: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { cumulativeRows(batch) }
}

extension CumProd: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { cumulativeRows(batch) }
}

private func cumulativeRows(_ batch: RowwiseOperands) -> [RowPlacement]? {
  guard let own = batch.axis(0), let axes = batch.operands.integers(1), axes.count == 1,
    batch.axis(axes[0], ofOperand: 0) != own
  else { return nil }
  return batch.all(along: own)
}

extension Trilu: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard let own = batch.axis(0), own < batch.shape(0).count - 2, batch.isShared(1) else { return nil }
    return batch.all(along: own)
  }
}

extension DepthToSpace: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.axis(0) == 0 ? batch.all(along: 0) : nil }
}

extension SpaceToDepth: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.axis(0) == 0 ? batch.all(along: 0) : nil }
}
