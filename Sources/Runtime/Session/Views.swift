/// An operator whose result may lie in its operand's memory, so that for some shapes and layouts nothing need run.
protocol ViewOperator: Operator {
  /// How the results lie in the operands for these bound types, or nil when a kernel must run.
  func view(inputs: [BoundOperand?], outputs: [BoundOperand]) -> [ViewKind]?
}

/// Operators that only rename axes: the bytes stay where they are when both sides are row-major.
private func reshapeView(_ inputs: [BoundOperand?], _ outputs: [BoundOperand]) -> [ViewKind]? {
  guard let x = inputs.first.flatMap({ $0 }), let y = outputs.first, x.element == y.element else { return nil }
  guard x.isPlain, y.isPlain else { return nil }
  return [.view(input: 0, byteOffset: 0)]
}

extension Reshape: ViewOperator {
  func view(inputs: [BoundOperand?], outputs: [BoundOperand]) -> [ViewKind]? { reshapeView(inputs, outputs) }
}

extension Flatten: ViewOperator {
  func view(inputs: [BoundOperand?], outputs: [BoundOperand]) -> [ViewKind]? { reshapeView(inputs, outputs) }
}

extension Squeeze: ViewOperator {
  func view(inputs: [BoundOperand?], outputs: [BoundOperand]) -> [ViewKind]? { reshapeView(inputs, outputs) }
}

extension Unsqueeze: ViewOperator {
  func view(inputs: [BoundOperand?], outputs: [BoundOperand]) -> [ViewKind]? { reshapeView(inputs, outputs) }
}

extension Identity: ViewOperator {
  func view(inputs: [BoundOperand?], outputs: [BoundOperand]) -> [ViewKind]? { relayoutView(inputs, outputs) }
}

extension Relayout: ViewOperator {
  func view(inputs: [BoundOperand?], outputs: [BoundOperand]) -> [ViewKind]? { relayoutView(inputs, outputs) }
}

/// The same logical tensor on both sides: a view when its non-trivial axes lie in the same order.
private func relayoutView(_ inputs: [BoundOperand?], _ outputs: [BoundOperand]) -> [ViewKind]? {
  guard let x = inputs.first.flatMap({ $0 }), let y = outputs.first, x.memoryOrder == y.memoryOrder else { return nil }
  return [.view(input: 0, byteOffset: 0)]
}

extension Transpose: ViewOperator {
  /// A view when walking the result in memory order walks the operand in memory order.
  func view(inputs: [BoundOperand?], outputs: [BoundOperand]) -> [ViewKind]? {
    guard let x = inputs.first.flatMap({ $0 }), let y = outputs.first else { return nil }
    let source = y.memoryOrder.map { order(rank: x.rank)[$0] }
    return source == x.memoryOrder ? [.view(input: 0, byteOffset: 0)] : nil
  }
}

extension Concat: ViewOperator {
  /// Operands can be computed in place when the axis is the slowest non-trivial one in memory.
  func view(inputs: [BoundOperand?], outputs: [BoundOperand]) -> [ViewKind]? {
    guard let y = outputs.first, let axis = resolvedAxis(rank: y.rank), isOutermost(axis, y) else { return nil }
    guard y.element.byteWidth != nil,
      inputs.allSatisfy({ $0.map { $0.layout == y.layout || $0.isPlain == y.isPlain } ?? false })
    else { return nil }
    return [.gatherOfOperands]
  }

  private func resolvedAxis(rank: Int) -> Int? {
    let resolved = axis < 0 ? axis + rank : axis
    return (0..<rank).contains(resolved) ? resolved : nil
  }
}

/// True when every axis slower in memory than `axis` has extent one.
private func isOutermost(_ axis: Int, _ operand: BoundOperand) -> Bool {
  for other in operand.axesInMemory {
    if other == axis { return true }
    if operand.shape[other] != 1 { return false }
  }
  return false
}

extension Split: ViewOperator {
  func view(inputs: [BoundOperand?], outputs: [BoundOperand]) -> [ViewKind]? {
    guard let x = inputs.first.flatMap({ $0 }), let width = x.element.byteWidth else { return nil }
    let axis = self.axis < 0 ? self.axis + x.rank : self.axis
    guard (0..<x.rank).contains(axis), isOutermost(axis, x), outputs.allSatisfy({ $0.layout == x.layout }) else {
      return nil
    }
    var offset = 0
    return outputs.map { part in
      defer { offset += part.count * width }
      return .view(input: 0, byteOffset: offset)
    }
  }
}

extension Slice: ViewOperator {
  /// A view when one axis, the slowest non-trivial one, is cut with step one.
  func view(inputs: [BoundOperand?], outputs: [BoundOperand]) -> [ViewKind]? {
    guard let x = inputs.first.flatMap({ $0 }), let y = outputs.first, let width = x.element.byteWidth,
      x.layout == y.layout, y.count > 0,
      let starts = inputs.count > 1 ? inputs[1]?.constant?.integers() : nil
    else { return nil }
    let changed = x.shape.indices.filter { x.shape[$0] != y.shape[$0] }
    let axes = inputs.count > 3 ? inputs[3]?.constant?.integers() ?? Array(starts.indices) : Array(starts.indices)
    let steps = inputs.count > 4 ? inputs[4]?.constant?.integers() ?? [] : []
    guard changed.count <= 1, steps.allSatisfy({ $0 == 1 }), axes.count == starts.count else { return nil }
    guard let axis = changed.first else { return [.view(input: 0, byteOffset: 0)] }
    guard isOutermost(axis, x), let at = axes.firstIndex(where: { ($0 < 0 ? $0 + x.rank : $0) == axis }) else {
      return nil
    }
    let extent = x.shape[axis]
    let start = min(max(starts[at] < 0 ? starts[at] + extent : starts[at], 0), extent)
    return [.view(input: 0, byteOffset: start * x.strides[axis] * width)]
  }
}
