import MassRuntime

/// Zero padding in front of a convolution, or of an average pooling that counts padding, becomes its own padding.
public struct FusePad: Pattern {
  public static let name = "fuse-pad"
  public var exactness: Exactness { .exact }

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let pad = view.op(i, as: Pad.self), let user = view.soleUser(of: i), view.input(user, 0) == view.output(i),
      let x = view.input(i, 0), let rank = view.type(x)?.rank, rank >= 3
    else { return nil }
    guard isWindow(view.node(user).op) else { return nil }
    guard pad.mode == .constant, view.scalar(view.input(i, 2)) ?? (view.input(i, 2) == nil ? 0 : 1) == 0 else {
      view.miss(i, "it does not pad with zeros")
      return nil
    }
    guard let (begin, end) = spatialPads(i, rank, view) else {
      view.miss(i, "pads are not constant, negative, or not only spatial")
      return nil
    }
    guard let op = padded(view.node(user).op, begin, end) else {
      view.miss(i, "the window chooses its padding itself")
      return nil
    }
    var inputs = view.node(user).inputs
    inputs[0] = x
    var patch = Patch(view, matched: [i, user])
    patch.replace(view.output(user), in: view, with: op, inputs)
    return patch
  }

  private func isWindow(_ op: any Operator) -> Bool {
    op is Conv || (op as? AveragePool).map { $0.countIncludePad && !$0.ceilMode } ?? false
  }

  private func spatialPads(_ i: Int, _ rank: Int, _ view: GraphView) -> ([Int], [Int])? {
    guard let pads = view.integers(view.input(i, 1)) else { return nil }
    var axes = Array(0..<rank)
    if let id = view.input(i, 3) {
      guard let given = view.integers(id) else { return nil }
      axes = given.map { $0 < 0 ? $0 + rank : $0 }
    }
    guard pads.count == axes.count * 2, pads.allSatisfy({ (0...1 << 20).contains($0) }) else { return nil }
    var (begin, end) = (Array(repeating: 0, count: rank), Array(repeating: 0, count: rank))
    for (k, axis) in axes.enumerated() {
      guard begin.indices.contains(axis) else { return nil }
      (begin[axis], end[axis]) = (pads[k], pads[k + axes.count])
    }
    guard begin[0] == 0, begin[1] == 0, end[0] == 0, end[1] == 0 else { return nil }
    return (Array(begin.dropFirst(2)), Array(end.dropFirst(2)))
  }

  private func padded(_ op: any Operator, _ begin: [Int], _ end: [Int]) -> (any Operator)? {
    func sum(_ pads: [Int], _ more: [Int]) -> [Int] { pads.isEmpty ? more : zip(pads, more).map { $0 + $1 } }
    if var conv = op as? Conv, conv.autoPad == .explicit || conv.autoPad == .valid {
      if conv.autoPad == .valid { (conv.padsBegin, conv.padsEnd, conv.autoPad) = ([], [], .explicit) }
      (conv.padsBegin, conv.padsEnd) = (sum(conv.padsBegin, begin), sum(conv.padsEnd, end))
      return conv
    }
    if var pool = op as? AveragePool, pool.autoPad == .explicit {
      (pool.padsBegin, pool.padsEnd) = (sum(pool.padsBegin, begin), sum(pool.padsEnd, end))
      return pool
    }
    return nil
  }
}
