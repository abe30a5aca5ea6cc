/// Batched matrix products in `Double` or wrapping `Int`.
struct MatrixProductReference {
  let a: MatMul.Matrix<Int>
  let b: MatMul.Matrix<Int>
  var transposeA = false
  var transposeB = false

  init(a: MatMul.Matrix<Int>, b: MatMul.Matrix<Int>) {
    self.a = a
    self.b = b
  }

  func product(_ x: [Double], _ y: [Double]) -> [Double] {
    let x = transposeA ? Self.transposed(x, rows: a.rows, columns: a.columns) : x
    let y = transposeB ? Self.transposed(y, rows: b.rows, columns: b.columns) : y
    let pairs = pairs()
    var result = [Double](repeating: 0, count: pairs.count * a.rows * b.columns)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe y.withUnsafeBufferPointer { y in
        unsafe result.withUnsafeMutableBufferPointer { result in
          guard let x = x.baseAddress, let y = y.baseAddress, let result = result.baseAddress else { return }
          for (i, pair) in pairs.enumerated() {
            unsafe multiply(x + pair.a, y + pair.b, result + i * a.rows * b.columns)
          }
        }
      }
    }
    return result
  }

  func product(_ x: [Int], _ y: [Int]) -> [Int] {
    let x = transposeA ? Self.transposed(x, rows: a.rows, columns: a.columns) : x
    let y = transposeB ? Self.transposed(y, rows: b.rows, columns: b.columns) : y
    let pairs = pairs()
    var result = [Int](repeating: 0, count: pairs.count * a.rows * b.columns)
    for (i, pair) in pairs.enumerated() {
      for row in 0..<a.rows {
        let target = (i * a.rows + row) * b.columns
        for k in 0..<a.columns {
          let factor = x[pair.a + row * a.columns + k]
          let source = pair.b + k * b.columns
          for column in 0..<b.columns { result[target + column] &+= factor &* y[source + column] }
        }
      }
    }
    return result
  }

  /// Four rows at a time, so that each row of B is read once for four rows of the result.
  private func multiply(
    _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>
  ) {
    let (inner, columns) = (a.columns, b.columns)
    for row in stride(from: 0, to: a.rows, by: 4) {
      let block = min(4, a.rows - row)
      let left = unsafe x + row * inner
      let target = unsafe result + row * columns
      for k in 0..<inner {
        let source = unsafe y + k * columns
        if block == 4 {
          let (p, q) = unsafe (left[k], left[inner + k])
          let (r, s) = unsafe (left[2 * inner + k], left[3 * inner + k])
          let (t1, t2, t3) = unsafe (target + columns, target + 2 * columns, target + 3 * columns)
          for j in 0..<columns {
            let v = unsafe source[j]
            unsafe target[j] += p * v
            unsafe t1[j] += q * v
            unsafe t2[j] += r * v
            unsafe t3[j] += s * v
          }
        } else {
          for i in 0..<block {
            let factor = unsafe left[i * inner + k]
            let to = unsafe target + i * columns
            for j in 0..<columns { unsafe to[j] += factor * source[j] }
          }
        }
      }
    }
  }

  /// Where each product of the batch finds its matrices.
  private func pairs() -> [(a: Int, b: Int)] {
    guard let batch = Binary.broadcastShape(a.batch, b.batch) else { return [] }
    let left = Strides.offsets(batch, Strides.broadcasting(a.batch, to: batch))
    let right = Strides.offsets(batch, Strides.broadcasting(b.batch, to: batch))
    return zip(left, right).map { ($0 * a.rows * a.columns, $1 * b.rows * b.columns) }
  }

  /// Matrices stored as `columns` × `rows` brought to `rows` × `columns`.
  private static func transposed<Element>(_ x: [Element], rows: Int, columns: Int) -> [Element] {
    let size = rows * columns
    guard size > 0 else { return x }
    var result = x
    for base in stride(from: 0, to: x.count, by: size) {
      for row in 0..<rows {
        for column in 0..<columns { result[base + row * columns + column] = x[base + column * rows + row] }
      }
    }
    return result
  }
}
