/// Row-major index arithmetic that reference kernels share.
public enum Strides {
  /// Elements between neighbours along each axis of a dense row-major tensor.
  public static func rowMajor(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for i in stride(from: shape.count - 2, through: 0, by: -1) { strides[i] = strides[i + 1] &* max(shape[i + 1], 1) }
    return strides
  }

  /// Strides that read a tensor of `shape` as if broadcast to `target` (numpy's rule): zero along repeated axes.
  public static func broadcasting(_ shape: [Int], to target: [Int]) -> [Int] {
    let own = rowMajor(shape)
    let lead = target.count - shape.count
    return target.indices.map { i in i < lead || shape[i - lead] == 1 ? 0 : own[i - lead] }
  }

  /// The linear offsets that `strides` give while walking `shape` in row-major order.
  public static func offsets(_ shape: [Int], _ strides: [Int]) -> [Int] {
    var result = [0]
    for (extent, step) in zip(shape, strides) {
      var next: [Int] = []
      next.reserveCapacity(result.count * extent)
      for base in result { for i in 0..<extent { next.append(base + i * step) } }
      result = next
    }
    return result
  }
}
