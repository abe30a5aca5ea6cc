import MassRuntime

/// `x·sigmoid(x)` becomes one `swish` (SiLU).
public struct FuseSwish: Pattern {
  public static let name = "fuse-swish"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    for (x, gate) in view.orders(i, .mul) {
      guard view.isFloat32(x), let (sigmoid, y) = view.unary(gate, .sigmoid), y == x else { continue }
      guard view.hasSoleUser(gate) else {
        view.miss(i, "the sigmoid has other uses")
        continue
      }
      var patch = Patch(view, matched: [sigmoid, i])
      patch.replace(view.output(i), in: view, with: Unary(.swish(alpha: 1)), [x])
      return patch
    }
    return nil
  }
}

/// `x·hardSigmoid(x; 1/6, 1/2)`, and `x·clip(x+3, 0, 6)/6`, become one `hardSwish`.
public struct FuseHardSwish: Pattern {
  public static let name = "fuse-hard-swish"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    for (x, gate) in view.orders(i, .mul) {
      guard view.isFloat32(x), let (inner, op) = view.producer(gate, as: Unary.self), view.hasSoleUser(gate) else {
        continue
      }
      if case .hardSigmoid(let alpha, let beta) = op.function, view.input(inner, 0) == x,
        view.isClose(Double(alpha), 1.0 / 6, tolerance: 1e-5), beta == 0.5
      {
        var patch = Patch(view, matched: [inner, i])
        patch.replace(view.output(i), in: view, with: Unary(.hardSwish), [x])
        return patch
      }
      if let patch = shifted(i, x, inner, op, view) { return patch }
    }
    return nil
  }

  /// `x · relu6(x + 3)`, followed by a division by six.
  private func shifted(_ i: Int, _ x: ValueID, _ clip: Int, _ op: Unary, _ view: GraphView) -> Patch? {
    guard op.function == .clip(low: 0, high: 6), let add = view.producer(view.input(clip, 0)),
      let (y, three) = view.binaryWithScalar(add, .add), y == x, three == 3, let end = view.soleUser(of: i)
    else { return nil }
    let divided = view.binaryWithScalar(end, .div).map { $0.scalar == 6 } ?? false
    let multiplied = view.isClose(view.binaryWithScalar(end, .mul)?.scalar, 1.0 / 6, tolerance: 1e-5)
    guard divided || multiplied else { return nil }
    var patch = Patch(view, matched: [add, clip, i, end])
    patch.replace(view.output(end), in: view, with: Unary(.hardSwish), [x])
    return patch
  }
}

/// `hardSigmoid` spelled as `clip(x+3, 0, 6)/6`.
public struct FuseHardSigmoid: Pattern {
  public static let name = "fuse-hard-sigmoid"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard view.op(i, as: Unary.self)?.function == .clip(low: 0, high: 6), view.isFloat32(view.output(i)),
      let add = view.producer(view.input(i, 0)), let (x, three) = view.binaryWithScalar(add, .add), three == 3,
      let end = view.soleUser(of: i)
    else { return nil }
    let divided = view.binaryWithScalar(end, .div).map { $0.scalar == 6 } ?? false
    let multiplied = view.isClose(view.binaryWithScalar(end, .mul)?.scalar, 1.0 / 6, tolerance: 1e-5)
    guard divided || multiplied else { return nil }
    var patch = Patch(view, matched: [add, i, end])
    patch.replace(view.output(end), in: view, with: Unary(.hardSigmoid(alpha: 1 / 6, beta: 0.5)), [x])
    return patch
  }
}
