import MassRuntime

/// `Transpose(Transpose(x))` becomes one transpose, and none at all where the two cancel.
public struct MergeTransposes: Pattern {
  public static let name = "merge-transposes"
  public var exactness: Exactness { .exact }

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let outer = view.op(i, as: Transpose.self),
      let (source, inner) = view.producer(view.input(i, 0), as: Transpose.self),
      let x = view.input(source, 0)
    else { return nil }
    guard let rank = view.type(x)?.rank else { return nil }
    let (first, second) = (inner.order(rank: rank), outer.order(rank: rank))
    let combined = second.map { first[$0] }
    var patch = Patch(view, matched: [i])
    if combined == Array(0..<rank), !view.isOutput(view.output(i)) {
      patch.replace(view.output(i), with: x)
      return patch
    }
    patch.replace(view.output(i), in: view, with: Transpose(permutation: combined), [x])
    return patch
  }
}

/// A transpose before a one-operand elementwise operator moves behind it, where it may meet another transpose.
public struct SinkTransposes: Pattern {
  public static let name = "sink-transposes"
  public var exactness: Exactness { .exact }

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let op = view.op(i, as: Transpose.self), let x = view.input(i, 0), let user = view.soleUser(of: i) else {
      return nil
    }
    if let unary = view.op(user, as: Unary.self) { return sink(op, [i, user], unary, [x], user, view) }
    guard let binary = view.op(user, as: Binary.self) else { return nil }
    let isLeft = view.input(user, 0) == view.output(i)
    guard let other = view.input(user, isLeft ? 1 : 0), other != view.output(i) else { return nil }
    // A number broadcasts alike before and after; so does the other operand if it is transposed in the same way.
    if view.scalar(other) != nil, view.shape(other)?.count ?? 9 <= 1 {
      return sink(op, [i, user], binary, isLeft ? [x, other] : [other, x], user, view)
    }
    guard let (j, second) = view.producer(other, as: Transpose.self), let y = view.input(j, 0),
      let rank = view.type(x)?.rank,
      view.type(y)?.rank == rank, second.order(rank: rank) == op.order(rank: rank)
    else { return nil }
    return sink(op, [i, j, user], binary, isLeft ? [x, y] : [y, x], user, view)
  }

  private func sink(
    _ transpose: Transpose, _ matched: [Int], _ op: any Operator, _ inputs: [ValueID], _ user: Int, _ view: GraphView
  ) -> Patch {
    var patch = Patch(view, matched: matched)
    let moved = patch.add(op, inputs, results: [view.graph.name(view.output(user)) + ".untransposed"])
    patch.replace(view.output(user), in: view, with: transpose, moved)
    return patch
  }
}

/// A transpose of the last two axes in front of a matrix product becomes the product's own.
public struct AbsorbTransposes: Pattern {
  public static let name = "absorb-transposes"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let op = view.op(i, as: MatMul.self) else { return nil }
    for side in 0...1 {
      guard let (j, transpose) = view.producer(view.input(i, side), as: Transpose.self), let x = view.input(j, 0),
        let rank = view.type(x)?.rank, swapsLastTwo(transpose.order(rank: rank))
      else { continue }
      var inputs = view.node(i).inputs
      inputs[side] = x
      var product = op
      if side == 0 { product.transposeA.toggle() } else { product.transposeB.toggle() }
      var patch = Patch(view, matched: [i])
      patch.replace(view.output(i), in: view, with: product, inputs)
      return patch
    }
    return nil
  }

  private func swapsLastTwo(_ permutation: [Int]) -> Bool {
    let n = permutation.count
    guard n >= 2 else { return false }
    return permutation == Array(0..<n - 2) + [n - 1, n - 2]
  }
}
