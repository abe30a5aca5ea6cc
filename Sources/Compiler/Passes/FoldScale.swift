import MassRuntime

/// `(a·b)·c` with a number `c` becomes the product's own factor; so does a number that multiplies an operand.
public struct FoldScale: Pattern {
  public static let name = "fold-scale"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let op = view.op(i, as: MatMul.self), op.epilogue.isEmpty, view.input(i, 2) == nil,
      view.isFloat32(view.output(i))
    else { return nil }
    if let user = view.soleUser(of: i), let factor = factor(user, view.output(i), view) {
      return patch(op, i, user, view.node(i).inputs, factor, view)
    }
    for side in 0...1 {
      guard let scaling = view.producer(view.input(i, side)), view.soleUser(of: scaling) == i,
        let x = view.input(scaling, 0),
        view.shape(x) == view.shape(view.output(scaling)), let factor = factor(scaling, x, view)
      else { continue }
      var inputs = view.node(i).inputs
      inputs[side] = x
      return patch(op, scaling, i, inputs, factor, view)
    }
    return nil
  }

  /// The number by which node `i` multiplies `x`.
  private func factor(_ i: Int, _ x: ValueID, _ view: GraphView) -> Double? {
    guard view.shape(view.output(i)) == view.shape(x) else { return nil }
    if let (y, c) = view.binaryWithScalar(i, .mul), y == x { return c }
    if let (y, c) = view.binaryWithScalar(i, .div), y == x, c != 0 { return 1 / c }
    return nil
  }

  private func patch(
    _ op: MatMul, _ first: Int, _ last: Int, _ inputs: [ValueID?], _ factor: Double, _ view: GraphView
  ) -> Patch {
    var scaled = op
    scaled.alpha = Float(Double(op.alpha) * factor)
    var patch = Patch(view, matched: [first, last])
    patch.replace(view.output(last), in: view, with: scaled, inputs)
    return patch
  }
}
