import MassRuntime

/// `0.5·x·(1 + erf(x/√2))`, in the groupings exporters use, becomes one `geluErf`.
///
/// Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.
public struct FuseErfGelu: Pattern {
  public static let name = "fuse-gelu-erf"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let (one, x) = erfTerm(i, view) else { return nil }
    guard let root = Half.root(of: x, times: one.last ?? i, view) else {
      view.miss(i, "1 + erf(x/√2) is not multiplied by x/2")
      return nil
    }
    var patch = Patch(view, matched: one + root.nodes)
    patch.replace(view.output(root.last), in: view, with: Unary(.geluErf), [x])
    return patch
  }

  /// Matches `1 + erf(x·√½)` starting at the erf; returns its nodes, the addition last, and `x`.
  private func erfTerm(_ i: Int, _ view: GraphView) -> ([Int], ValueID)? {
    guard view.op(i, as: Unary.self)?.function == .erf, view.isFloat32(view.output(i)),
      let inner = view.producer(view.input(i, 0))
    else { return nil }
    let scaled = scaledByRootHalf(inner, view)
    guard let x = scaled, let add = view.soleUser(of: i), let (_, one) = view.binaryWithScalar(add, .add),
      view.isClose(one, 1)
    else { return nil }
    return ([inner, i, add], x)
  }

  private func scaledByRootHalf(_ i: Int, _ view: GraphView) -> ValueID? {
    if let (x, c) = view.binaryWithScalar(i, .mul), view.isClose(c, 0.5.squareRoot()) { return x }
    if let (x, c) = view.binaryWithScalar(i, .div), view.isClose(c, 2.0.squareRoot()) { return x }
    return nil
  }
}

/// `0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))` becomes one `geluTanh`.
public struct FuseTanhGelu: Pattern {
  public static let name = "fuse-gelu-tanh"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard view.op(i, as: Unary.self)?.function == .tanh, view.isFloat32(view.output(i)),
      let add = view.soleUser(of: i), let (_, one) = view.binaryWithScalar(add, .add), view.isClose(one, 1),
      let (x, inner) = polynomial(view.producer(view.input(i, 0)), view)
    else { return nil }
    guard let root = Half.root(of: x, times: add, view) else {
      view.miss(i, "1 + tanh(…) is not multiplied by x/2")
      return nil
    }
    var patch = Patch(view, matched: inner + [i, add] + root.nodes)
    patch.replace(view.output(root.last), in: view, with: Unary(.geluTanh), [x])
    return patch
  }

  /// `√(2/π)·(x + 0.044715·x³)`, or `√(2/π)·x·(1 + 0.044715·x²)`: its `x` and its nodes.
  private func polynomial(_ i: Int?, _ view: GraphView) -> (ValueID, [Int])? {
    guard let i else { return nil }
    let root = (2 / Double.pi).squareRoot()
    if let (sum, c) = view.binaryWithScalar(i, .mul), view.isClose(c, root) {
      if let (x, nodes) = cubicSum(view.producer(sum), view) { return (x, nodes + [i]) }
      if let (x, nodes) = factored(view.producer(sum), view) { return (x, nodes + [i]) }
    }
    // (√(2/π)·x)·(1 + 0.044715·x·x)
    for (left, right) in view.orders(i, .mul) {
      guard let scale = view.producer(left), let (x, c) = view.binaryWithScalar(scale, .mul), view.isClose(c, root),
        let nodes = onePlusSquare(view.producer(right), x, view)
      else { continue }
      return (x, nodes + [scale, i])
    }
    return nil
  }

  private func cubicSum(_ i: Int?, _ view: GraphView) -> (ValueID, [Int])? {
    guard let i else { return nil }
    for (x, cubic) in view.orders(i, .add) {
      guard let scale = view.producer(cubic), let (cube, c) = view.binaryWithScalar(scale, .mul),
        view.isClose(c, 0.044715), let nodes = power(cube, of: x, 3, view)
      else { continue }
      return (x, nodes + [scale, i])
    }
    return nil
  }

  private func factored(_ i: Int?, _ view: GraphView) -> (ValueID, [Int])? {
    guard let i else { return nil }
    for (x, rest) in view.orders(i, .mul) {
      if let nodes = onePlusSquare(view.producer(rest), x, view) { return (x, nodes + [i]) }
    }
    return nil
  }

  /// `1 + 0.044715·x²`, also as `1 + (0.044715·x)·x`.
  private func onePlusSquare(_ i: Int?, _ x: ValueID, _ view: GraphView) -> [Int]? {
    guard let i, let (term, one) = view.binaryWithScalar(i, .add), view.isClose(one, 1), let scale = view.producer(term)
    else { return nil }
    if let (square, c) = view.binaryWithScalar(scale, .mul), view.isClose(c, 0.044715),
      let nodes = power(square, of: x, 2, view)
    {
      return nodes + [scale, i]
    }
    for (left, right) in view.orders(scale, .mul) where right == x {
      if let inner = view.producer(left), let (y, c) = view.binaryWithScalar(inner, .mul), y == x,
        view.isClose(c, 0.044715)
      {
        return [inner, scale, i]
      }
    }
    return nil
  }

  /// The nodes that compute `x^exponent` as a power or as products.
  private func power(_ id: ValueID, of x: ValueID, _ exponent: Int, _ view: GraphView) -> [Int]? {
    if exponent == 1 { return id == x ? [] : nil }
    guard let i = view.producer(id) else { return nil }
    if let (base, c) = view.binaryWithScalar(i, .pow), base == x, c == Double(exponent) { return [i] }
    for (a, b) in view.orders(i, .mul) where b == x {
      if let nodes = power(a, of: x, exponent - 1, view) { return nodes + [i] }
    }
    return nil
  }
}

/// Where `x`, one half and a term are multiplied, in whatever order.
enum Half {
  /// Follows the products from node `term` up until `x` and 0.5 have both been multiplied in.
  static func root(of x: ValueID, times term: Int, _ view: GraphView) -> (nodes: [Int], last: Int)? {
    var (hasX, hasHalf) = (false, false)
    var (current, nodes) = (term, [Int]())
    while !(hasX && hasHalf) {
      guard nodes.count < 2, let next = view.soleUser(of: current) else { return nil }
      let value = view.output(current)
      if let (other, c) = view.binaryWithScalar(next, .mul), other == value, view.isClose(c, 0.5), !hasHalf {
        hasHalf = true
      } else if let (other, c) = view.binaryWithScalar(next, .div), other == value, view.isClose(c, 2), !hasHalf {
        hasHalf = true
      } else if let other = view.orders(next, .mul).first(where: { $0.0 == value })?.1, !hasX {
        if other == x {
          hasX = true
        } else if !hasHalf, let half = view.producer(other), isHalf(of: x, half, view) {
          nodes.append(half)
          (hasX, hasHalf) = (true, true)
        } else {
          return nil
        }
      } else {
        return nil
      }
      nodes.append(next)
      current = next
    }
    return (nodes, current)
  }

  private static func isHalf(of x: ValueID, _ i: Int, _ view: GraphView) -> Bool {
    if let (y, c) = view.binaryWithScalar(i, .mul), y == x, view.isClose(c, 0.5) { return true }
    if let (y, c) = view.binaryWithScalar(i, .div), y == x, view.isClose(c, 2) { return true }
    return false
  }
}
