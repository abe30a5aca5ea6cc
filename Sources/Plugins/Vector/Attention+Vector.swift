import MassRuntime
import VectorShim

extension Attention {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    let floats = [0, 1, 2, 4, 5].compactMap { node.input($0) } + node.outputs
    guard node.isRowMajor, floats.allSatisfy({ $0.element == .float32 }), node.outputs.count <= 3,
      leftWindow == nil, rightWindow == nil, node.input(6).map({ $0.element == .int64 }) ?? true,
      let call = AttentionCall(self, node)
    else { return [] }
    return KernelOffer.single { AttentionKernel(call, node) }
  }

  /// Extents and strides of an operand or result along batch, heads, sequence and the elements of a head.
  fileprivate func heads(_ x: BoundOperand, _ layout: HeadLayout, count: Int?) -> (shape: [Int], strides: [Int])? {
    if x.rank == 3 {
      guard let count, count > 0 else { return nil }
      let size = x.shape[2] / count
      return ([x.shape[0], count, x.shape[1], size], [x.shape[1] * x.shape[2], size, x.shape[2], 1])
    }
    let (order, strides) = (layout == .headsFirst ? [0, 1, 2, 3] : [0, 2, 1, 3], x.strides)
    return (order.map { x.shape[$0] }, order.map { strides[$0] })
  }
}

/// One attention in the shim's numbers, and what must be copied together before it runs.
private struct AttentionCall {
  var shape = mass_attention()
  /// The new keys and values.
  let key: (shape: [Int], strides: [Int])
  let value: (shape: [Int], strides: [Int])
  let past: Int
  /// Keys and values are first joined with the past ones, or only brought into the form of the results.
  let isJoined: Bool
  let mask: MaskCopy?
  /// The causal offset differs from one batch entry to the next.
  let isCausalByCount: Bool

  init?(_ op: Attention, _ node: BoundNode) {
    guard let q = node.input(0), let k = node.input(1), let v = node.input(2),
      let query = op.heads(q, op.queryLayout, count: op.queryHeads),
      let key = op.heads(k, op.keyLayout, count: op.keyHeads),
      let value = op.heads(v, op.valueLayout, count: op.keyHeads),
      let result = op.heads(node.outputs[0], op.outputLayout, count: op.queryHeads)
    else { return nil }
    (self.key, self.value) = (key, value)
    past = node.input(4)?.shape[2] ?? 0
    isJoined = node.input(4) != nil || node.outputs.count > 1
    let total = key.shape[2] + past
    let joined = { (size: Int) in [key.shape[1] * total * size, total * size, size] }
    isCausalByCount = op.isCausal && node.input(6) != nil
    mask = node.input(3).map { MaskCopy($0, keys: total) }
    shape.batch = Int64(query.shape[0])
    shape.heads = Int64(query.shape[1])
    shape.kv_heads = Int64(key.shape[1])
    shape.queries = Int64(query.shape[2])
    shape.keys = Int64(total)
    shape.head_size = Int64(query.shape[3])
    shape.value_size = Int64(value.shape[3])
    shape.query_strides = triple(query.strides)
    shape.key_strides = triple(isJoined ? joined(key.shape[3]) : key.strides)
    shape.value_strides = triple(isJoined ? joined(value.shape[3]) : value.strides)
    shape.out_strides = triple(result.strides)
    if let mask {
      let strides = mask.strides.map(Int64.init)
      shape.mask_strides = (strides[0], strides[1], strides[2], strides[3])
    }
    shape.scale = op.scale ?? Float(1 / Double(query.shape[3]).squareRoot())
    shape.softcap = op.softcap
    shape.causal = op.isCausal ? 1 : 0
    shape.causal_offset = Int64(past)
  }

  var joinedKeyCount: Int { key.shape[0] * key.shape[1] * Int(shape.keys) * key.shape[3] }
  var joinedValueCount: Int { value.shape[0] * value.shape[1] * Int(shape.keys) * value.shape[3] }
}

private func triple(_ strides: [Int]) -> (Int64, Int64, Int64) {
  (Int64(strides[0]), Int64(strides[1]), Int64(strides[2]))
}

/// A mask as the shim reads it: numbers to add, for every key. Others are rewritten so.
private struct MaskCopy {
  let isBoolean: Bool
  let isRewritten: Bool
  let rows: Int
  let columns: Int
  let keys: Int
  /// Over batch, heads, queries and keys; 0 where the mask is repeated.
  let strides: [Int]

  init(_ mask: BoundOperand, keys: Int) {
    let shape = Array(repeating: 1, count: 4 - mask.rank) + mask.shape
    isBoolean = mask.element == .bool
    columns = shape[3]
    rows = shape[0] * shape[1] * shape[2]
    // A mask of fewer keys hides the rest; one of a single key is repeated.
    isRewritten = isBoolean || (columns != 1 && columns != keys)
    self.keys = columns == 1 ? 1 : keys
    let stored = shape[..<3] + [self.keys]
    strides = zip(stored, Strides.rowMajor(Array(stored))).map { $0 == 1 ? 0 : $1 }
  }

  var byteCount: Int { isRewritten ? (rows * keys * 4 + 63) / 64 * 64 : 0 }

  func rewrite(_ source: UnsafeRawPointer, to target: UnsafeMutablePointer<Float>) {
    for row in 0..<rows {
      let line = unsafe target + row * keys
      for j in 0..<columns {
        let at = row * columns + j
        unsafe line[j] =
          isBoolean
          ? (source.load(fromByteOffset: at, as: UInt8.self) == 0 ? -.infinity : 0)
          : source.load(fromByteOffset: at * 4, as: Float.self)
      }
      for j in columns..<max(keys, columns) { unsafe line[j] = -.infinity }
    }
  }
}

/// Joins what is to be joined, then attends tile by tile.
@safe private final class AttentionKernel: Kernel {
  let scratchBytes: Int
  private var call: AttentionCall
  private var copies: [(input: Int, copy: StridedCopy, isKey: Bool)] = []
  private let threads: Int32
  private let inputs: Int
  private let outputs: Int
  private let keysAt: Int
  private let valuesAt: Int
  private let maskAt: Int

  init?(_ call: AttentionCall, _ node: BoundNode) {
    self.call = call
    threads = node.team
    inputs = node.inputs.count
    outputs = node.outputs.count
    var shape = call.shape
    let own = Int(unsafe mass_attention_scratch_bytes(threads, &shape))
    guard own >= 0 else { return nil }
    // The scratch: the shim's own, then joined keys and values that are no results, then the mask.
    keysAt = (own + 63) / 64 * 64
    valuesAt = keysAt + (call.isJoined && outputs < 2 ? (call.joinedKeyCount * 4 + 63) / 64 * 64 : 0)
    maskAt = valuesAt + (call.isJoined && outputs < 3 ? (call.joinedValueCount * 4 + 63) / 64 * 64 : 0)
    scratchBytes = maskAt + (call.mask?.byteCount ?? 0)
    guard call.isJoined else { return }
    guard append(1, call.key, past: call.past, isKey: true), append(2, call.value, past: call.past, isKey: false),
      call.past == 0
        || append(4, past(call.key), past: 0, isKey: true) && append(5, past(call.value), past: 0, isKey: false)
    else { return nil }
  }

  /// The past part of joined keys or values, which lies densely.
  private func past(_ part: (shape: [Int], strides: [Int])) -> (shape: [Int], strides: [Int]) {
    var shape = part.shape
    shape[2] = call.past
    return (shape, Strides.rowMajor(shape))
  }

  private func append(_ input: Int, _ part: (shape: [Int], strides: [Int]), past: Int, isKey: Bool) -> Bool {
    var joined = part.shape
    joined[2] = Int(call.shape.keys)
    let copy = StridedCopy(
      part.shape, from: part.strides, to: Strides.rowMajor(joined), at: past * part.shape[3], width: 4)
    guard let copy else { return false }
    copies.append((input, copy, isKey))
    return true
  }

  func run(_ operands: Operands.Pointers, scratch: UnsafeMutableRawPointer?) {
    guard let scratch = unsafe scratch else { return }
    let keys = unsafe outputs > 1 ? operands[inputs + 1] : scratch + keysAt
    let values = unsafe outputs > 2 ? operands[inputs + 2] : scratch + valuesAt
    for i in copies.indices {
      guard let source = unsafe operands[copies[i].input], let target = unsafe copies[i].isKey ? keys : values else {
        continue
      }
      unsafe copies[i].copy.run(threads, source, target)
    }
    var mask: UnsafePointer<Float>?
    if let copy = call.mask, let source = unsafe operands[3] {
      let target = unsafe (scratch + maskAt).assumingMemoryBound(to: Float.self)
      if copy.isRewritten { unsafe copy.rewrite(source, to: target) }
      unsafe mask = UnsafePointer(copy.isRewritten ? target : source.assumingMemoryBound(to: Float.self))
    }
    let key = unsafe call.isJoined ? keys?.assumingMemoryBound(to: Float.self) : operands.floats(1)
    let value = unsafe call.isJoined ? values?.assumingMemoryBound(to: Float.self) : operands.floats(2)
    let counts = unsafe inputs > 6 ? operands.integers(6) : nil
    if call.isCausalByCount, let counts = unsafe counts {
      unsafe attendByBatch(operands, key, value, mask, counts, scratch)
    } else {
      unsafe mass_attention_f32(
        threads, &call.shape, operands.floats(0), key, value, mask, counts, operands.floats(inputs), scratch)
    }
  }

  /// The last query stands at the last valid key, which is another one in each batch entry.
  private func attendByBatch(
    _ operands: Operands.Pointers, _ key: UnsafePointer<Float>?, _ value: UnsafePointer<Float>?,
    _ mask: UnsafePointer<Float>?, _ counts: UnsafePointer<Int64>, _ scratch: UnsafeMutableRawPointer
  ) {
    guard let query = unsafe operands.floats(0), let out = unsafe operands.floats(inputs), let key = unsafe key,
      let value = unsafe value
    else { return }
    var shape = call.shape
    shape.batch = 1
    for b in 0..<Int(call.shape.batch) {
      shape.causal_offset = min(max(unsafe counts[b], 0), shape.keys) - shape.queries
      unsafe mass_attention_f32(
        threads, &shape, query + b * Int(shape.query_strides.0), key + b * Int(shape.key_strides.0),
        value + b * Int(shape.value_strides.0), mask.map { unsafe $0 + b * Int(shape.mask_strides.0) }, counts + b,
        out + b * Int(shape.out_strides.0), scratch)
    }
  }
}
