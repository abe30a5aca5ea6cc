import MassRuntime

/// `Reshape(Transpose(Reshape(x)))` that only swaps the last two axes of `x` becomes that transpose.
///
/// PyTorch's exporter through onnxscript swaps the last two axes of a tensor of any rank with a static permutation: it folds the
/// leading axes into one, transposes by (0, 2, 1) and unfolds them. Extents are compared as symbols, so the batch may vary.
public struct RestoreTransposes: Pattern {
  public static let name = "restore-transposes"
  public var exactness: Exactness { .exact }

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard view.op(i, as: Reshape.self) != nil,
      let (middle, transpose) = view.producer(view.input(i, 0), as: Transpose.self),
      transpose.order(rank: 3) == [0, 2, 1],
      let (fold, _) = view.producer(view.input(middle, 0), as: Reshape.self), let x = view.input(fold, 0),
      let source = view.shape(x), let folded = view.shape(view.output(fold)), let result = view.shape(view.output(i))
    else { return nil }
    guard source.count > 2, source.count == result.count, folded.count == 3 else { return nil }
    let (n, leading) = (source.count, source.count - 2)
    guard Array(source.suffix(2)) == Array(folded.suffix(2)),
      Array(source.prefix(leading)) == Array(result.prefix(leading)),
      result[n - 2] == source[n - 1], result[n - 1] == source[n - 2]
    else {
      view.miss(i, "the reshapes around the transpose move more than its last two axes")
      return nil
    }
    var patch = Patch(view, matched: [i])
    patch.replace(
      view.output(i), in: view, with: Transpose(permutation: Array(0..<leading) + [n - 1, n - 2]), [x])
    return patch
  }
}
