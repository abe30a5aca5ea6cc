/// Numbers of rows, as exporters write `x[arange(N), …]`: indices into all rows of which each row picks from itself.
extension RowWalk {
  /// Where the result holds numbers of rows, or is picked by them row by row; nil where that is not so.
  ///
  /// With `x` of N·k slices along its first axis, an index `n·k + s` with `s < k` picks from row `n`.
  func numbering(_ node: Node, _ operands: [RowPlacement?]) -> RowPlacement? {
    guard node.outputs.count == 1, let result = state.types[node.outputs[0].index].tensor else { return nil }
    let found: RowPlacement?
    switch node.op {
    case is NumericRange: found = rowNumbers(node)
    case let op as Binary: found = arithmetic(op, node, operands)
    case let op as Gather: found = picked(op, node, operands)
    case is Reshape, is Squeeze, is Unsqueeze, is Flatten, is Identity, is Transpose: found = moved(node, operands)
    default: found = nil
    }
    guard let found, let axis = found.axis ?? found.numbers?.axis,
      RowwiseOperands.isFitting(.along(axis: axis), result.shape, rows, known: known)
    else { return nil }
    return found
  }

  /// `0, 1, … N − 1`.
  private func rowNumbers(_ node: Node) -> RowPlacement? {
    extent(node, 0) == 0 && extent(node, 1) == rows && extent(node, 2) == 1
      ? .numbering(axis: 0, stride: 1, below: 1) : nil
  }

  /// `(n·t + s) · v` for one number `v`, and `n·t + s + r` for `r` of the same row.
  private func arithmetic(_ op: Binary, _ node: Node, _ operands: [RowPlacement?]) -> RowPlacement? {
    guard let i = operands.firstIndex(where: { $0?.numbers != nil }), let numbers = operands[i]?.numbers else {
      return nil
    }
    let other = 1 - i
    var placements = operands
    placements[i] = .along(axis: numbers.axis)
    guard case .along(let axis) = op.rows(self.operands(node, placements))?.first else { return nil }
    switch op.function {
    case .mul:
      guard placements[other] == .shared, let factor = extent(node, other), isPositive(factor) else { return nil }
      return .numbering(
        axis: axis, stride: numbers.stride * factor, below: (numbers.below - 1) * factor + 1)
    case .add:
      guard let bound = node.inputs[other].flatMap({ bounds[$0] }) else { return nil }
      return .numbering(axis: axis, stride: numbers.stride, below: numbers.below + bound - 1)
    default: return nil
    }
  }

  private func picked(_ op: Gather, _ node: Node, _ operands: [RowPlacement?]) -> RowPlacement? {
    guard operands[0] == .along(axis: 0), let numbers = operands[1]?.numbers,
      let shape = node.inputs[0].flatMap({ state.types[$0.index].tensor?.shape }),
      op.axis == 0 || op.axis == -shape.count, let slices = shape[0].exactQuotient(by: rows),
      numbers.stride == slices, let room = (slices - numbers.below).constant, room >= 0
    else { return nil }
    return .along(axis: numbers.axis)
  }

  /// The same numbers under another shape.
  private func moved(_ node: Node, _ operands: [RowPlacement?]) -> RowPlacement? {
    guard let numbers = operands.first??.numbers, let op = node.op as? any RowwiseOperator else { return nil }
    var placements = operands
    placements[0] = .along(axis: numbers.axis)
    guard case .along(let axis) = op.rows(self.operands(node, placements))?.first else { return nil }
    return .numbering(axis: axis, stride: numbers.stride, below: numbers.below)
  }

  private func operands(_ node: Node, _ placements: [RowPlacement?]) -> RowwiseOperands {
    RowwiseOperands(
      operands: graph.operands(of: node, state), placements: placements,
      results: node.outputs.compactMap { state.types[$0.index].tensor }, rows: rows)
  }

  /// The only element of an operand.
  private func extent(_ node: Node, _ i: Int) -> Dimension? {
    guard i < node.inputs.count, let value = node.inputs[i].flatMap({ state.values[$0.index] }),
      value.elements.count == 1
    else { return nil }
    return value.elements[0]
  }

  /// Whether it is an extent of an input, or a product of such, which is not zero where there is anything to pick from.
  private func isPositive(_ extent: Dimension) -> Bool {
    if let constant = extent.constant { return constant > 0 }
    return extent.constantPart == 0 && extent.terms.count == 1 && extent.terms[0].coefficient > 0
      && extent.symbols.isSubset(of: known) && extent.symbolName != nil
  }

  // MARK: Bounds

  /// Notes what the results are less than, where they are integers that are not negative.
  mutating func noteBounds(of node: Node) {
    guard let id = node.outputs.first else { return }
    switch node.op {
    case is NumericRange:
      guard extent(node, 0) == 0, extent(node, 2) == 1, let limit = extent(node, 1),
        limit.symbols.isSubset(of: known), limit.symbols.isDisjoint(with: rows.symbols)
      else { return }
      bounds[id] = limit
    case let op as ArgExtremum:
      guard let shape = node.inputs[0].flatMap({ state.types[$0.index].tensor?.shape }) else { return }
      bounds[id] = shape[op.axis < 0 ? op.axis + shape.count : op.axis]
    case is Reshape, is Squeeze, is Unsqueeze, is Flatten, is Identity, is Transpose, is Expand:
      bounds[id] = node.inputs[0].flatMap { bounds[$0] }
    default: break
    }
  }
}

extension RowPlacement {
  /// Of `numbering`.
  fileprivate var numbers: (axis: Int, stride: Dimension, below: Dimension)? {
    if case .numbering(let axis, let stride, let below) = self { (axis, stride, below) } else { nil }
  }
}
