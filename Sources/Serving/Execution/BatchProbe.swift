import MassRuntime

/// Compares what a batch gives with what its rows give alone, to the bit.
struct BatchProbe {
  let instance: Instance
  /// With as many rows as the largest batch.
  let inputs: [Value]

  /// The least number of rows whose joint answer differs from their single ones; nil when none does.
  func firstDifference() throws(ServingError) -> Int? {
    do {
      let tensors = inputs.compactMap(\.tensor)
      let rows = inputs.rows
      var single: [[Tensor]] = []
      for row in 0..<rows { single.append(try run(tensors.map { try $0.rows(row..<row + 1) })) }
      for size in 2...max(2, rows) where size <= rows {
        let joint = try run(tensors.map { try $0.rows(0..<size) })
        for (i, output) in joint.enumerated() {
          guard areEqual(output, try Tensor(joining: single[..<size].map { $0[i] })) else { return size }
        }
      }
      return nil
    } catch let error as ServingError {
      throw error
    } catch {
      throw ServingError(.resourceExhausted, "batching: \(error)")
    }
  }

  private func run(_ tensors: [Tensor]) throws(ServingError) -> [Tensor] {
    try instance.rehearse(tensors.map { .tensor($0) }).compactMap(\.tensor)
  }

  private func areEqual(_ a: Tensor, _ b: Tensor) -> Bool {
    guard a.shape == b.shape, a.element == b.element else { return false }
    if a.element == .string { return a.strings == b.strings }
    return unsafe a.withUnsafeBytes { a in unsafe b.withUnsafeBytes { b in unsafe a.elementsEqual(b) } }
  }
}
