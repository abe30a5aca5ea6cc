import MassRuntime

/// `(x − mean(x)) / √(mean((x − mean(x))²) + ε) · γ + β` over the last axes, as exporters spell it, becomes one operator.
///
/// Ba, Kiros and Hinton, "Layer Normalization", 2016. The squares may be a power or a product, the root a division or a
/// reciprocal; γ and β are constants or computed tensors of the rows' shape. TensorFlow's spelling `x·r + (β − mean·r)` with `r = γ/√…` is matched, too.
public struct FuseLayerNormalization: Pattern {
  public static let name = "fuse-layer-normalization"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let core = RowStatistics(root: i, view), core.isCentered, let mean = core.mean else { return nil }
    if let match = direct(core, i, view) ?? factored(core, mean, i, view) {
      return replace(match, core, view)
    }
    view.miss(i, "the deviation is not divided by it")
    return nil
  }

  private struct Match {
    var nodes: [Int]
    var gamma: RowParameter
    var beta: RowParameter?
    var last: Int
  }

  /// `d / root` or `d · (1/root)`, then `· γ`, then `+ β`.
  private func direct(_ core: RowStatistics, _ i: Int, _ view: GraphView) -> Match? {
    guard let divide = RowScaling(core, root: i, view) else { return nil }
    var (nodes, last) = (divide.nodes, divide.last)
    var gamma: RowParameter?
    if let user = view.soleUser(of: last), let found = core.parameter(user, .mul, view.output(last), view) {
      (gamma, last) = (found, user)
      nodes.append(user)
    }
    var beta: RowParameter?
    if let user = view.soleUser(of: last), let found = core.parameter(user, .add, view.output(last), view) {
      (beta, last) = (found, user)
      nodes.append(user)
    }
    guard let scale = gamma ?? core.ones.map(RowParameter.constant) else { return nil }
    return Match(nodes: nodes, gamma: scale, beta: beta, last: last)
  }

  /// `x·r + (β − mean·r)` with `r = (1/root)·γ`.
  private func factored(_ core: RowStatistics, _ mean: ValueID, _ i: Int, _ view: GraphView) -> Match? {
    guard let inverse = view.soleUser(of: i), view.op(inverse, as: Unary.self)?.function == .reciprocal else {
      return nil
    }
    let value = view.output(inverse)
    for scaling in view.users(value) {
      guard let gamma = core.parameter(scaling, .mul, value, view) else { continue }
      let r = view.output(scaling)
      guard view.users(r).count == 2 else { continue }
      for product in view.users(r) {
        guard view.orders(product, .mul).contains(where: { $0.0 == core.x && $0.1 == r }),
          let sum = view.soleUser(of: product),
          let rest = view.orders(sum, .add).first(where: { $0.0 == view.output(product) })?.1,
          let subtract = view.producer(rest), let (b, shift) = view.binary(subtract, .sub),
          let beta = core.parameter(b, view), let meanProduct = view.producer(shift),
          view.orders(meanProduct, .mul).contains(where: { $0.0 == mean && $0.1 == r })
        else { continue }
        return Match(
          nodes: [inverse, scaling, product, meanProduct, subtract, sum], gamma: gamma, beta: beta, last: sum)
      }
    }
    return nil
  }

  private func replace(_ match: Match, _ core: RowStatistics, _ view: GraphView) -> Patch {
    var patch = Patch(view, matched: core.nodes + match.nodes)
    let name = view.node(match.last).name
    var inputs: [ValueID?] = [core.x, match.gamma.value(in: &patch, name: name + ".scale")]
    if let beta = match.beta { inputs.append(beta.value(in: &patch, name: name + ".bias")) }
    let op = LayerNormalization(axis: core.axis, epsilon: core.epsilon)
    patch.replace(view.output(match.last), in: view, with: op, inputs)
    return patch
  }
}

/// `x / √(mean(x²) + ε) · γ` over the last axes becomes one operator.
///
/// Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.
public struct FuseRMSNormalization: Pattern {
  public static let name = "fuse-rms-normalization"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let core = RowStatistics(root: i, view), !core.isCentered, let divide = RowScaling(core, root: i, view),
      let user = view.soleUser(of: divide.last)
    else { return nil }
    guard let gamma = core.parameter(user, .mul, view.output(divide.last), view) else {
      view.miss(i, "the quotient is not scaled by a tensor of the rows' shape \(core.extents)")
      return nil
    }
    var patch = Patch(view, matched: core.nodes + divide.nodes + [user])
    let scale = gamma.value(in: &patch, name: view.node(user).name + ".scale")
    let op = RMSNormalization(axis: core.axis, epsilon: core.epsilon)
    patch.replace(view.output(user), in: view, with: op, [core.x, scale])
    return patch
  }
}
