extension RowwiseOperands {
  /// For operators that treat each entry along the first axis of operand 0 by itself, with the same other operands.
  fileprivate func alongFirstAxis() -> [RowPlacement]? { axis(0) == 0 && areShared(from: 1) ? all(along: 0) : nil }

  /// As `alongFirstAxis`, with operands from `first` on that broadcast to the result.
  fileprivate func alongFirstAxis(epilogueFrom first: Int) -> [RowPlacement]? {
    guard axis(0) == 0, (1..<first).allSatisfy(isShared), let shape = results.first?.shape else { return nil }
    let fits = placements.indices.dropFirst(first).allSatisfy { isAligned($0, with: shape, axis: 0) }
    return fits ? all(along: 0) : nil
  }
}

extension Conv: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    batch.alongFirstAxis(epilogueFrom: Self.firstEpilogueOperand)
  }
}

extension ConvTranspose: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    batch.alongFirstAxis(epilogueFrom: Self.firstEpilogueOperand)
  }
}

extension MatMul: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard let shape = batch.results.first?.shape, let axis = productAxis(batch, shape) else { return nil }
    let fits = batch.placements.indices.dropFirst(2).allSatisfy { batch.isAligned($0, with: shape, axis: axis) }
    return fits ? batch.all(along: axis) : nil
  }

  /// Rows may be matrices of the batch, rows of A or columns of B.
  private func productAxis(_ batch: RowwiseOperands, _ result: Shape) -> Int? {
    let (a, b) = (batch.shape(0), batch.shape(1))
    let matrices = max(a.count, b.count) - 2
    guard a.count > 1, b.count > 1, result.count == matrices + 2 else {
      // A vector: only the rows of A times a vector that is shared.
      guard b.count == 1, batch.isShared(1), let axis = batch.axis(0), axis < a.count - (transposeA ? 0 : 1) else {
        return nil
      }
      return transposeA && axis == a.count - 2 ? nil : min(axis, result.count - 1)
    }
    for (i, shape) in [a, b].enumerated() {
      guard let axis = batch.axis(i), axis < shape.count - 2 else { continue }
      let at = axis + matrices + 2 - shape.count
      let other = 1 - i
      return isMatrixAligned(batch, other, result, at) ? at : nil
    }
    if let axis = batch.axis(0), batch.isShared(1) {
      return axis == a.count - (transposeA ? 1 : 2) ? matrices : nil
    }
    if let axis = batch.axis(1), batch.isShared(0) {
      return axis == b.count - (transposeB ? 2 : 1) ? matrices + 1 : nil
    }
    return nil
  }

  /// Whether the other factor has one matrix for each row, or one for all of them.
  private func isMatrixAligned(_ batch: RowwiseOperands, _ i: Int, _ result: Shape, _ axis: Int) -> Bool {
    let own = batch.shape(i)
    let at = axis - (result.count - own.count)
    switch batch.placement(i) {
    case .shared: return at < 0 || own[at].isOne
    case .along(let mine): return mine == at && own[at] == result[axis]
    case .count, .sweeping, .numbering, nil: return false
    }
  }
}

extension MaxPool: RowwiseOperator {
  /// The places in the second result count from the first row on.
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    batch.results.count == 1 ? batch.alongFirstAxis() : nil
  }
}

extension AveragePool: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.alongFirstAxis() }
}

extension LpPool: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.alongFirstAxis() }
}

extension GlobalPool: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.alongFirstAxis() }
}

extension Resize: RowwiseOperator {
  /// Along an axis that keeps its extent nothing is interpolated, unless only a part of it is read.
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard coordinateMode != .cropAndResize, batch.axis(0) == 0, let result = batch.results.first?.shape,
      result.first == batch.shape(0).first
    else { return nil }
    return batch.all(along: 0)
  }
}

extension GridSample: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    batch.axis(0) == 0 && batch.axis(1) == 0 ? batch.all(along: 0) : nil
  }
}

extension Attention: RowwiseOperator {
  /// Queries, keys, values, what was past and the counts of valid keys have a row each; the mask may have.
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    let hasRows = [0, 1, 2, 4, 5, 6].allSatisfy { batch.placement($0) == nil || batch.axis($0) == 0 }
    guard hasRows, batch.axis(0) == 0, let extents = try? extents(batch.operands) else { return nil }
    let scores = [extents.batch, extents.heads, extents.queries, extents.totalKeys]
    return batch.isAligned(3, with: scores, axis: 0) ? batch.all(along: 0) : nil
  }
}

extension RotaryEmbedding: RowwiseOperator {
  /// Sines and cosines are looked up by position, or have a row each.
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    guard batch.axis(0) == 0 else { return nil }
    let isLookedUp = batch.isShared(1) && batch.isShared(2) && batch.axis(3) == 0
    let isGiven = batch.axis(1) == 0 && batch.axis(2) == 0 && batch.placement(3) == nil
    return isLookedUp || isGiven ? batch.all(along: 0) : nil
  }
}

extension Einsum: RowwiseOperator {
  /// Rows lie along one label, which the result and every operand that has rows has once.
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    let ranks = batch.placements.indices.map { batch.shape($0).count }
    guard let plan = EinsumPlan(equation, ranks: ranks), let result = batch.results.first?.shape,
      let first = batch.placements.indices.first(where: { batch.axis($0) != nil }), let axis = batch.axis(first)
    else { return nil }
    let label = plan.operands[first][axis]
    guard let place = plan.output.firstIndex(of: label) else { return nil }
    let fits = plan.operands.enumerated().allSatisfy { i, labels in
      let (places, shape) = (labels.indices.filter { labels[$0] == label }, batch.shape(i))
      guard let own = batch.axis(i) else { return batch.isShared(i) && places.allSatisfy { shape[$0].isOne } }
      return places == [own] && shape[own] == result[place]
    }
    return fits ? batch.all(along: place) : nil
  }
}

extension RecurrentAttributes {
  /// X, the sequence lengths and the initial states have a row each; weights are shared.
  fileprivate func rows(_ batch: RowwiseOperands, states: ClosedRange<Int>) -> [RowPlacement]? {
    let axis = isBatchFirst ? 0 : 1
    let others = batch.placements.indices.filter { $0 != 0 && $0 != 4 && !states.contains($0) }
    guard batch.axis(0) == axis, others.allSatisfy(batch.isShared),
      batch.placement(4) == nil || batch.axis(4) == 0,
      states.allSatisfy({ batch.placement($0) == nil || batch.axis($0) == axis })
    else { return nil }
    return batch.results.indices.map { batch.placement(along: $0 == 0 && !isBatchFirst ? 2 : axis) }
  }
}

extension LSTM: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { attributes.rows(batch, states: 5...6) }
}

extension GRU: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { attributes.rows(batch, states: 5...5) }
}

extension RNN: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { attributes.rows(batch, states: 5...5) }
}
