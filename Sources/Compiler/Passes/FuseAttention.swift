import MassRuntime

/// `softmax(α·Q·Kᵀ + mask)·V` on operands of rank 4 becomes one operator, with the transposes around it.
///
/// Vaswani et al., "Attention Is All You Need", 2017, equation 1. Kᵀ may be a transpose of [batch, sequence, heads, size] in
/// one step or of the last two axes (one made through tensors of rank 3 was restored by `restore-transposes`); the factor may
/// stand on the scores, or its root on both operands (gathered by `fold-scale`). Weights that are NaN may be replaced by zero:
/// that is how exporters spell a query that sees no key, which `Attention` makes zero by itself.
public struct FuseAttention: Pattern {
  public static let name = "fuse-attention"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let softmax = view.op(i, as: Softmax.self), view.isFloat32(view.output(i)),
      let scores = view.type(view.output(i)),
      softmax.axis == -1 || softmax.axis == scores.rank - 1, case let weights = weights(i, view),
      let end = view.soleUser(of: weights.last), let weighted = view.op(end, as: MatMul.self),
      view.input(end, 0) == view.output(weights.last)
    else { return nil }
    guard scores.rank == 4 else {
      view.miss(i, "the scores have rank \(scores.rank), not 4")
      return nil
    }
    guard isPlain(weighted, end, view), !weighted.transposeA, !weighted.transposeB, weighted.alpha == 1 else {
      view.miss(i, "the product with the values is scaled, transposed or has an epilogue")
      return nil
    }
    guard let (product, mask, nodes) = scoreProduct(i, scores, view), let op = view.op(product, as: MatMul.self),
      let q = view.input(product, 0), let v = view.input(end, 1), let key = key(product, op, view)
    else { return nil }
    guard view.type(q)?.rank == 4, view.type(v)?.rank == 4, !op.transposeA else {
      view.miss(i, "queries or values have not rank 4")
      return nil
    }
    let query = headLayout(q, view)
    let value = headLayout(v, view)
    var attention = Attention(
      scale: op.alpha, queryLayout: query.layout, keyLayout: key.layout, valueLayout: value.layout)
    var last = end
    if let user = view.soleUser(of: end), let transpose = view.op(user, as: Transpose.self),
      transpose.order(rank: 4) == [0, 2, 1, 3]
    {
      attention.outputLayout = .sequenceFirst
      last = user
    }
    var patch = Patch(view, matched: nodes + weights.nodes + [end] + (last == end ? [] : [last]))
    patch.replace(
      view.output(last), in: view, with: attention, [query.id, key.id, value.id] + (mask.map { [$0] } ?? []))
    return patch
  }

  /// The softmax, and `Where(IsNaN(weights), 0, weights)` behind it if that is there.
  private func weights(_ softmax: Int, _ view: GraphView) -> (nodes: [Int], last: Int) {
    let value = view.output(softmax)
    let users = view.users(value)
    guard users.count == 2, !view.isOutput(value),
      let test = users.first(where: { view.op($0, as: Unary.self)?.function == .isNaN }),
      let choice = view.soleUser(of: test), users.contains(choice), view.op(choice, as: Select.self) != nil,
      view.input(choice, 0) == view.output(test), view.scalar(view.input(choice, 1)) == 0,
      view.shape(view.output(choice)) == view.shape(value)
    else { return ([softmax], softmax) }
    return ([softmax, test, choice], choice)
  }

  private func isPlain(_ op: MatMul, _ i: Int, _ view: GraphView) -> Bool {
    op.epilogue.isEmpty && view.input(i, 2) == nil
  }

  /// The product the softmax is taken of, the mask added to it, and the nodes in between.
  private func scoreProduct(_ i: Int, _ scores: TensorType, _ view: GraphView) -> (Int, ValueID?, [Int])? {
    guard let s = view.input(i, 0), view.hasSoleUser(s), let inner = view.producer(s) else { return nil }
    if let op = view.op(inner, as: MatMul.self), isPlain(op, inner, view) { return (inner, nil, [inner]) }
    for (a, mask) in view.orders(inner, .add) {
      guard let (product, op) = view.producer(a, as: MatMul.self), isPlain(op, product, view), view.hasSoleUser(a)
      else { continue }
      guard let type = view.type(mask), type.element == .float32, (1...4).contains(type.rank),
        view.shape(a) == scores.shape
      else {
        view.miss(i, "the mask is not an f32 tensor that broadcasts to the scores")
        return nil
      }
      return (product, mask, [inner, product])
    }
    view.miss(i, "the scores are not a product, with or without an added mask")
    return nil
  }

  /// The keys before they were transposed for the product.
  private func key(_ product: Int, _ op: MatMul, _ view: GraphView) -> (id: ValueID, layout: Attention.HeadLayout)? {
    guard let k = view.input(product, 1), view.type(k)?.rank == 4 else { return nil }
    if op.transposeB { return headLayout(k, view) }
    guard let (i, transpose) = view.producer(k, as: Transpose.self), let x = view.input(i, 0) else {
      view.miss(product, "the keys are not a transpose")
      return nil
    }
    switch transpose.order(rank: 4) {
    case [0, 2, 3, 1]: return (x, .sequenceFirst)
    case [0, 1, 3, 2]: return headLayout(x, view)
    default: return nil
    }
  }

  /// Looks through a transpose from [batch, sequence, heads, size].
  private func headLayout(_ id: ValueID, _ view: GraphView) -> (id: ValueID, layout: Attention.HeadLayout) {
    guard let (i, transpose) = view.producer(id, as: Transpose.self), transpose.order(rank: 4) == [0, 2, 1, 3],
      let x = view.input(i, 0)
    else { return (id, .headsFirst) }
    return (x, .sequenceFirst)
  }
}
