extension Unary: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.axis(0).map(batch.all) }
}

extension Cast: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.axis(0).map(batch.all) }
}

extension BitCast: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.axis(0).map(batch.all) }
}

extension Identity: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.axis(0).map(batch.all) }
}

extension Relayout: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.axis(0).map(batch.all) }
}

extension Binary: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.broadcastAxis(of: [0, 1]).map(batch.all) }
}

extension Select: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? { batch.broadcastAxis(of: [0, 1, 2]).map(batch.all) }
}

extension ElementwiseProgram: RowwiseOperator {
  public func rows(_ batch: RowwiseOperands) -> [RowPlacement]? {
    batch.broadcastAxis(of: Array(batch.placements.indices)).map(batch.all)
  }
}
