import MassRuntime

/// Nodes whose result is their operand disappear: identity, casts and reshapes to what is there already, `x+0`, `x·1`…
public struct EliminateNoOps: Pattern {
  public static let name = "eliminate-no-ops"
  public var exactness: Exactness { .exact }

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let x = unchanged(i, view), view.graph.type(x) == view.graph.type(view.output(i)), view.type(x) != nil else {
      return nil
    }
    // An output that is an input, a constant or another output needs the identity to carry its name.
    if view.isOutput(view.output(i)), view.producer(x) == nil || view.isOutput(x) { return nil }
    var patch = Patch(view, matched: [i])
    patch.replace(view.output(i), with: x)
    return patch
  }

  /// The operand the node's result equals.
  private func unchanged(_ i: Int, _ view: GraphView) -> ValueID? {
    guard let x = view.input(i, 0) else { return nil }
    switch view.node(i).op {
    case is Identity, is Cast, is Reshape, is Flatten, is Squeeze, is Unsqueeze, is Expand, is Tile:
      // Reached only where the types agree: these keep elements in order and, with equal extents, in place.
      return x
    case let op as Transpose:
      let rank = view.type(x)?.rank ?? 0
      return op.order(rank: rank) == Array(0..<rank) ? x : nil
    case is Concat:
      return view.node(i).inputs.count == 1 ? x : nil
    case is Pad:
      return view.integers(view.input(i, 1))?.allSatisfy { $0 == 0 } == true ? x : nil
    case is Slice:
      return isWhole(i, view) ? x : nil
    case is Binary:
      return neutral(i, view)
    default:
      return nil
    }
  }

  /// A slice with positive steps of one and the operand's own extents cuts nothing off.
  private func isWhole(_ i: Int, _ view: GraphView) -> Bool {
    guard let steps = view.input(i, 4) else { return true }
    return view.integers(steps)?.allSatisfy { $0 == 1 } == true
  }

  private func neutral(_ i: Int, _ view: GraphView) -> ValueID? {
    if let (x, c) = view.binaryWithScalar(i, .add), c == 0 { return x }
    if let (x, c) = view.binaryWithScalar(i, .sub), c == 0 { return x }
    if let (x, c) = view.binaryWithScalar(i, .mul), c == 1 { return x }
    if let (x, c) = view.binaryWithScalar(i, .div), c == 1 { return x }
    if let (x, c) = view.binaryWithScalar(i, .pow), c == 1 { return x }
    return nil
  }
}
