import MassRuntime

/// `√(mean(d²) + ε)` over the last axes, `d` being `x` or `x − mean(x)`.
struct RowStatistics {
  let x: ValueID
  /// `mean(x)` when the rows are centred.
  let mean: ValueID?
  /// Values that are `x − mean(x)`, or `x` itself.
  let deviations: [ValueID]
  let epsilon: Float
  /// The extents of a row: those of the axes from `axis` on.
  let extents: [Int]
  let nodes: [Int]

  var isCentered: Bool { mean != nil }

  /// The first axis of a row, counted from the end.
  var axis: Int { -extents.count }

  var ones: Tensor? {
    try? Tensor.make(.float32, extents, doubles: Array(repeating: 1, count: extents.reduce(1, *)))
  }

  /// What node `i` combines with `value` by the function, if that has a row's shape.
  func parameter(_ i: Int, _ function: BinaryFunction, _ value: ValueID, _ view: GraphView) -> RowParameter? {
    for (a, b) in view.orders(i, function) where a == value {
      if let found = parameter(b, view) { return found }
    }
    return nil
  }

  func parameter(_ id: ValueID, _ view: GraphView) -> RowParameter? {
    guard let type = view.type(id), type.element == .float32 else { return nil }
    if let tensor = view.constant(id) {
      guard Array(tensor.shape.drop { $0 == 1 }) == Array(extents.drop { $0 == 1 }) else { return nil }
      return (try? tensor.reshaped(extents)).map { .constant($0) }
    }
    return type.shape == extents.map { Dimension($0) } ? .computed(id) : nil
  }

  init?(root i: Int, _ view: GraphView) {
    guard view.op(i, as: Unary.self)?.function == .sqrt, view.isFloat32(view.output(i)),
      let add = view.producer(view.input(i, 0)), let (variance, epsilon) = view.binaryWithScalar(add, .add),
      let (reduce, extents) = Self.rowMean(variance, view), let square = view.producer(view.input(reduce, 0)),
      let d = Self.squared(square, view)
    else { return nil }
    self.epsilon = Float(epsilon)
    self.extents = extents
    let inner = [square, reduce, add, i]
    if let difference = view.producer(d), let (x, m) = view.binary(difference, .sub),
      let (meanNode, others) = Self.rowMean(m, view), others == extents, view.input(meanNode, 0) == x
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

  /// The reduction that computes `id` as a mean over the last axes, extents kept, and those axes' extents.
  private static func rowMean(_ id: ValueID, _ view: GraphView) -> (node: Int, extents: [Int])? {
    guard let (i, op) = view.producer(id, as: Reduce.self), op.kind == .mean, op.keepDimensions,
      let shape = view.shape(view.input(i, 0)), let axes = view.integers(view.input(i, 1)), !axes.isEmpty,
      axes.count <= shape.count
    else { return nil }
    let first = shape.count - axes.count
    let extents = shape[first...].compactMap(\.constant)
    guard axes.map({ $0 < 0 ? $0 + shape.count : $0 }).sorted() == Array(first..<shape.count) else { return nil }
    guard extents.count == axes.count else {
      view.miss(i, "a mean over axes of unknown extent")
      return nil
    }
    return (i, extents)
  }

  private static func squared(_ i: Int, _ view: GraphView) -> ValueID? {
    if let (d, exponent) = view.binaryWithScalar(i, .pow), exponent == 2 { return d }
    if let (a, b) = view.binary(i, .mul), a == b { return a }
    return nil
  }
}

/// A factor or addend that is the same for every row.
enum RowParameter {
  case constant(Tensor)
  case computed(ValueID)

  /// The operand to give to the new operator.
  func value(in patch: inout Patch, name: String) -> ValueID {
    switch self {
    case .constant(let tensor): patch.constant(tensor, name: name)
    case .computed(let id): id
    }
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
