import MassRuntime

/// `(x − mean(x)) / √(mean((x − mean(x))²) + ε) · γ + β` over the last axis, as exporters spell it, becomes one operator.
///
/// Ba, Kiros and Hinton, "Layer Normalization", 2016. The squares may be a power or a product, the root a division or a
/// reciprocal; γ and β are constants. TensorFlow's spelling `x·r + (β − mean·r)` with `r = γ/√…` is matched, too.
public struct FuseLayerNormalization: Pattern {
  public static let name = "fuse-layer-normalization"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let core = RowStatistics(root: i, view), core.isCentered, let mean = core.mean else { return nil }
    if let match = direct(core, i, view) ?? factored(core, mean, i, view) {
      return replace(match, core, view)
    }
    view.miss(i, "the deviation is not divided by it and scaled by constants along the last axis")
    return nil
  }

  private struct Match {
    var nodes: [Int]
    var gamma: Tensor
    var beta: Tensor?
    var last: Int
  }

  /// `d / root` or `d · (1/root)`, then `· γ`, then `+ β`.
  private func direct(_ core: RowStatistics, _ i: Int, _ view: GraphView) -> Match? {
    guard let divide = RowScaling(core, root: i, view) else { return nil }
    var (nodes, last) = (divide.nodes, divide.last)
    var gamma: Tensor?
    if let user = view.soleUser(of: last), let constant = vectorOperand(user, .mul, view.output(last), core, view) {
      (gamma, last) = (constant, user)
      nodes.append(user)
    }
    var beta: Tensor?
    if let user = view.soleUser(of: last), let constant = vectorOperand(user, .add, view.output(last), core, view) {
      (beta, last) = (constant, user)
      nodes.append(user)
    }
    guard let scale = gamma ?? core.ones else { return nil }
    return Match(nodes: nodes, gamma: scale, beta: beta, last: last)
  }

  /// `x·r + (β − mean·r)` with `r = (1/root)·γ`.
  private func factored(_ core: RowStatistics, _ mean: ValueID, _ i: Int, _ view: GraphView) -> Match? {
    guard let inverse = view.soleUser(of: i), view.op(inverse, as: Unary.self)?.function == .reciprocal else {
      return nil
    }
    let value = view.output(inverse)
    for scaling in view.users(value) {
      guard let gamma = vectorOperand(scaling, .mul, value, core, view) else { continue }
      let r = view.output(scaling)
      guard view.users(r).count == 2 else { continue }
      for product in view.users(r) {
        guard view.orders(product, .mul).contains(where: { $0.0 == core.x && $0.1 == r }),
          let sum = view.soleUser(of: product),
          let rest = view.orders(sum, .add).first(where: { $0.0 == view.output(product) })?.1,
          let subtract = view.producer(rest), let (b, shift) = view.binary(subtract, .sub),
          let beta = vector(b, core, view), let meanProduct = view.producer(shift),
          view.orders(meanProduct, .mul).contains(where: { $0.0 == mean && $0.1 == r })
        else { continue }
        return Match(
          nodes: [inverse, scaling, product, meanProduct, subtract, sum], gamma: gamma, beta: beta, last: sum)
      }
    }
    return nil
  }

  /// The constant vector that node `i` combines with `value`.
  private func vectorOperand(
    _ i: Int, _ function: BinaryFunction, _ value: ValueID, _ core: RowStatistics, _ view: GraphView
  ) -> Tensor? {
    for (a, b) in view.orders(i, function) where a == value {
      if let found = vector(b, core, view) { return found }
    }
    return nil
  }

  private func vector(_ id: ValueID, _ core: RowStatistics, _ view: GraphView) -> Tensor? {
    guard let tensor = view.constant(id), tensor.element == .float32, tensor.count == core.width,
      tensor.shape.last == core.width
    else { return nil }
    return try? tensor.reshaped([core.width])
  }

  private func replace(_ match: Match, _ core: RowStatistics, _ view: GraphView) -> Patch {
    var patch = Patch(view, matched: core.nodes + match.nodes)
    let name = view.node(match.last).name
    var inputs: [ValueID?] = [core.x, patch.constant(match.gamma, name: name + ".scale")]
    if let beta = match.beta { inputs.append(patch.constant(beta, name: name + ".bias")) }
    patch.replace(view.output(match.last), in: view, with: LayerNormalization(axis: -1, epsilon: core.epsilon), inputs)
    return patch
  }
}

/// `x / √(mean(x²) + ε) · γ` over the last axis becomes one operator.
///
/// Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.
public struct FuseRMSNormalization: Pattern {
  public static let name = "fuse-rms-normalization"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let core = RowStatistics(root: i, view), !core.isCentered, let divide = RowScaling(core, root: i, view),
      let user = view.soleUser(of: divide.last)
    else { return nil }
    for (a, b) in view.orders(user, .mul) where a == view.output(divide.last) {
      guard let gamma = view.constant(b), gamma.count == core.width, gamma.shape.last == core.width,
        let vector = try? gamma.reshaped([core.width])
      else { continue }
      var patch = Patch(view, matched: core.nodes + divide.nodes + [user])
      let scale = patch.constant(vector, name: view.node(user).name + ".scale")
      patch.replace(
        view.output(user), in: view, with: RMSNormalization(axis: -1, epsilon: core.epsilon), [core.x, scale])
      return patch
    }
    view.miss(i, "the quotient is not scaled by a constant along the last axis")
    return nil
  }
}

/// `√(mean(d²) + ε)` over the last axis, `d` being `x` or `x − mean(x)`.
struct RowStatistics {
  let x: ValueID
  /// `mean(x)` when the rows are centred.
  let mean: ValueID?
  /// Values that are `x − mean(x)`, or `x` itself.
  let deviations: [ValueID]
  let epsilon: Float
  let width: Int
  let nodes: [Int]

  var isCentered: Bool { mean != nil }

  var ones: Tensor? { try? Tensor.make(.float32, [width], doubles: Array(repeating: 1, count: width)) }

  init?(root i: Int, _ view: GraphView) {
    guard view.op(i, as: Unary.self)?.function == .sqrt, view.isFloat32(view.output(i)),
      let add = view.producer(view.input(i, 0)), let (variance, epsilon) = view.binaryWithScalar(add, .add),
      let reduce = Self.rowMean(variance, view), let square = view.producer(view.input(reduce, 0)),
      let d = Self.squared(square, view), let width = view.shape(d)?.last?.constant
    else { return nil }
    self.epsilon = Float(epsilon)
    self.width = width
    let inner = [square, reduce, add, i]
    if let difference = view.producer(d), let (x, m) = view.binary(difference, .sub),
      let meanNode = Self.rowMean(m, view),
      view.input(meanNode, 0) == x
    {
      self.x = x
      mean = m
      let users = view.users(m).filter { view.binary($0, .sub).map { $0.a == x && $0.b == m } ?? false }
      deviations = users.map { view.output($0) }
      nodes = [meanNode] + users + inner
    } else {
      x = d
      mean = nil
      deviations = [d]
      nodes = inner
    }
  }

  /// The reduction that computes `id` as a mean over the last axis, extents kept.
  private static func rowMean(_ id: ValueID, _ view: GraphView) -> Int? {
    guard let (i, op) = view.producer(id, as: Reduce.self), op.kind == .mean, op.keepDimensions,
      let rank = view.type(view.input(i, 0))?.rank, let axes = view.integers(view.input(i, 1)),
      axes == [-1] || axes == [rank - 1]
    else { return nil }
    return i
  }

  private static func squared(_ i: Int, _ view: GraphView) -> ValueID? {
    if let (d, exponent) = view.binaryWithScalar(i, .pow), exponent == 2 { return d }
    if let (a, b) = view.binary(i, .mul), a == b { return a }
    return nil
  }
}

/// A deviation divided by the root: `d / root`, or `d · (1/root)`.
struct RowScaling {
  let nodes: [Int]
  let last: Int

  init?(_ core: RowStatistics, root i: Int, _ view: GraphView) {
    guard let user = view.soleUser(of: i) else { return nil }
    if let (d, root) = view.binary(user, .div), core.deviations.contains(d), root == view.output(i) {
      (nodes, last) = ([user], user)
      return
    }
    let isInverse = view.op(user, as: Unary.self)?.function == .reciprocal || Self.isOneOver(user, view.output(i), view)
    guard isInverse, let product = view.soleUser(of: user),
      view.orders(product, .mul).contains(where: { core.deviations.contains($0.0) && $0.1 == view.output(user) })
    else { return nil }
    (nodes, last) = ([user, product], product)
  }

  private static func isOneOver(_ i: Int, _ root: ValueID, _ view: GraphView) -> Bool {
    guard let (one, divisor) = view.binary(i, .div) else { return false }
    return view.scalar(one) == 1 && divisor == root
  }
}
