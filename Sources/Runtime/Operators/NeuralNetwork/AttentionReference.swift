#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Attention in `Double` on operands brought to [batch, heads, sequence, size].
struct AttentionReference {
  let op: Attention
  let batch: Int
  let heads: Int
  var keyHeads = 1
  var queries = 0
  /// Past keys included.
  var keys = 0
  var headSize = 0
  var valueSize = 0
  var q: [Double] = []
  var k: [Double] = []
  var v: [Double] = []
  private var mask: Tensor?
  private var maskValues: [Double] = []
  private var maskStrides: [Int] = []
  private var valid: [Int]?
  private var past = 0

  init(_ op: Attention, batch: Int, heads: Int) {
    self.op = op
    self.batch = batch
    self.heads = heads
  }

  /// Elements of a tensor of either rank, heads before the sequence.
  func headsFirst(_ x: Tensor, _ layout: Attention.HeadLayout, heads: Int) -> [Double] {
    let values = x.doubles()
    guard x.shape.count == 3 || layout == .sequenceFirst, !values.isEmpty else { return values }
    let sequence = x.shape[1]
    return Self.swapped(values, batch: x.shape[0], sequence, heads)
  }

  /// Our result [batch, heads, sequence, size] with the sequence before the heads.
  func sequenceFirst(_ y: [Double]) -> [Double] { Self.swapped(y, batch: batch, heads, queries) }

  private static func swapped(_ x: [Double], batch: Int, _ outer: Int, _ inner: Int) -> [Double] {
    guard !x.isEmpty else { return x }
    let size = x.count / (batch * outer * inner)
    var result: [Double] = []
    result.reserveCapacity(x.count)
    for b in 0..<batch {
      for i in 0..<inner {
        for o in 0..<outer {
          let base = ((b * outer + o) * inner + i) * size
          result += x[base..<base + size]
        }
      }
    }
    return result
  }

  /// Past keys or values followed by the new ones, per batch entry and head.
  func joined(_ past: Tensor?, _ new: [Double], size: Int) -> [Double] {
    guard let past, past.count > 0 else { return new }
    let old = past.doubles()
    let lines = batch * keyHeads
    let (a, b) = (old.count / lines, new.count / lines)
    var result: [Double] = []
    for line in 0..<lines { result += old[line * a..<(line + 1) * a] + new[line * b..<(line + 1) * b] }
    return result
  }

  mutating func setVisibility(mask: Tensor?, valid: [Int]?, past: Int) {
    let count = keys
    self.valid = valid?.map { min(max($0, 0), count) }
    self.past = past
    self.mask = mask
    guard let mask else { return }
    maskValues = mask.doubles()
    let shape = Array(repeating: 1, count: 4 - mask.shape.count) + mask.shape
    maskStrides = zip(shape, Strides.rowMajor(shape)).map { $0 == 1 ? 0 : $1 }
  }

  /// What is added to the score of a query and key: -∞ hides the key.
  private func bias(_ b: Int, _ h: Int, _ i: Int, _ j: Int) -> Double {
    let offset = valid.map { $0[b] - queries } ?? past
    if let valid, j >= valid[b] { return -.infinity }
    if op.isCausal && j > i + offset { return -.infinity }
    if let left = op.leftWindow, j < i + offset - left { return -.infinity }
    if let right = op.rightWindow, j > i + offset + right { return -.infinity }
    guard let mask else { return 0 }
    let extent = mask.shape.last ?? 1
    if extent != 1 && j >= extent { return -.infinity }
    let at = b * maskStrides[0] + h * maskStrides[1] + i * maskStrides[2] + j * maskStrides[3]
    return mask.element == .bool ? (maskValues[at] == 0 ? -.infinity : 0) : maskValues[at]
  }

  /// The result and the scores at the stage asked for.
  func run(scale: Double, isScaled: Bool) -> (y: [Double], scores: [Double]) {
    var y = [Double](repeating: 0, count: batch * heads * queries * valueSize)
    var kept = [Double](repeating: 0, count: batch * heads * queries * keys)
    let scale = isScaled ? scale : 1 / Double(headSize).squareRoot()
    for line in 0..<batch * heads {
      let (b, h) = (line / heads, line % heads)
      let keyLine = (b * keyHeads + h / (heads / keyHeads)) * keys
      for i in 0..<queries {
        let at = line * queries + i
        var scores = (0..<keys).map { scale * dot(at * headSize, (keyLine + $0) * headSize) }
        let product = scores
        if op.softcap != 0 { for j in 0..<keys { scores[j] = softcapped(scores[j]) } }
        let capped = scores
        for j in 0..<keys { scores[j] += bias(b, h, i, j) }
        let masked = scores
        Self.softmax(&scores)
        let stage = [product, capped, masked, scores][op.scoreStage.rawValue]
        kept.replaceSubrange(at * keys..<(at + 1) * keys, with: stage)
        for j in 0..<keys where scores[j] != 0 {
          let source = (keyLine + j) * valueSize
          for c in 0..<valueSize { y[at * valueSize + c] += scores[j] * v[source + c] }
        }
      }
    }
    return (y, kept)
  }

  private func softcapped(_ x: Double) -> Double { Double(op.softcap) * tanh(x / Double(op.softcap)) }

  private func dot(_ a: Int, _ b: Int) -> Double {
    var sum = 0.0
    for c in 0..<headSize { sum += q[a + c] * k[b + c] }
    return sum
  }

  /// A row that sees no key becomes zero.
  private static func softmax(_ scores: inout [Double]) {
    guard let top = scores.max() else { return }
    guard top > -.infinity else {
      for j in scores.indices { scores[j] = 0 }
      return
    }
    var sum = 0.0
    for j in scores.indices {
      scores[j] = exp(scores[j] - top)
      sum += scores[j]
    }
    for j in scores.indices { scores[j] /= sum }
  }
}
