import MassRuntime

/// The index space of an elementwise computation: the result's axes in memory order, adjacent ones merged where every
/// operand's strides allow it.
struct IterationSpace {
  var shape: [Int]
  /// For each input, the distance between neighbours along each axis of `shape`; 0 where it is broadcast.
  var strides: [[Int]]

  init(_ output: BoundOperand, _ inputs: [BoundOperand]) {
    let axes = output.axesInMemory
    shape = axes.map { output.shape[$0] }
    strides = inputs.map { input in
      let own = input.strides
      let lead = output.rank - input.rank
      return axes.map { axis in axis < lead || input.shape[axis - lead] == 1 ? 0 : own[axis - lead] }
    }
    merge()
  }

  private mutating func merge() {
    let kept = shape.indices.filter { shape[$0] != 1 }
    shape = kept.map { shape[$0] }
    strides = strides.map { s in kept.map { s[$0] } }
    var i = shape.count - 2
    while i >= 0 {
      if strides.allSatisfy({ $0[i] == $0[i + 1] * shape[i + 1] }) {
        shape[i] *= shape[i + 1]
        shape.remove(at: i + 1)
        for k in strides.indices { strides[k].remove(at: i) }
      }
      i -= 1
    }
  }
}
