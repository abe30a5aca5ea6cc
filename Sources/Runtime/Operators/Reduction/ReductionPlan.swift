/// Where a reduction reads: each result sums over `kept[i] + reduced[j]` for all j.
struct ReductionPlan {
  let kept: [Int]
  let reduced: [Int]

  init(_ shape: [Int], axes: Set<Int>) {
    let strides = Strides.rowMajor(shape)
    func offsets(_ chosen: [Int]) -> [Int] {
      Strides.offsets(chosen.map { shape[$0] }, chosen.map { strides[$0] })
    }
    kept = offsets(shape.indices.filter { !axes.contains($0) })
    reduced = kept.isEmpty ? [] : offsets(shape.indices.filter { axes.contains($0) })
  }
}
