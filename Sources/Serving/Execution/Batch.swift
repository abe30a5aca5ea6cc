import MassRuntime

/// Requests that run as one, their inputs joined along the first axis.
struct Batch: Sendable {
  private(set) var jobs: [InferenceJob]
  private(set) var rows: Int
  /// nil for a job that runs alone.
  private let rules: BatchRules?

  init(_ first: InferenceJob, _ rules: BatchRules?) {
    jobs = [first]
    rows = first.inputs.rows
    self.rules = first.inputs.areJoinable ? rules : nil
  }

  var isFull: Bool { rules.map { rows >= $0.largest } ?? true }

  /// Whether a job asks for the same shapes, but for the number of rows, and there is room for it.
  func accepts(_ job: InferenceJob) -> Bool {
    guard let rules, let first = jobs.first, job.inputs.areJoinable, job.inputs.rows <= rules.largest - rows else {
      return false
    }
    return zip(first.inputs, job.inputs).allSatisfy { a, b in
      guard let a = a.tensor, let b = b.tensor else { return false }
      return a.element == b.element && a.shape.dropFirst() == b.shape.dropFirst()
    }
  }

  mutating func append(_ job: InferenceJob) {
    jobs.append(job)
    rows += job.inputs.rows
  }

  /// The inputs of all jobs, joined.
  static func joined(_ jobs: [InferenceJob]) throws(TensorError) -> [Value] {
    guard let first = jobs.first else { return [] }
    var inputs: [Value] = []
    for i in first.inputs.indices {
      inputs.append(.tensor(try Tensor(joining: jobs.compactMap { $0.inputs[i].tensor })))
    }
    return inputs
  }

  /// The part of each job in outputs of all of them; nil if they do not have a row for each.
  static func parts(of outputs: [Value], for jobs: [InferenceJob]) throws(TensorError) -> [[Value]]? {
    let rows = jobs.reduce(0) { $0 + $1.inputs.rows }
    var parts: [[Value]] = []
    var next = 0
    for job in jobs {
      let range = next..<next + job.inputs.rows
      next = range.upperBound
      var values: [Value] = []
      for output in outputs {
        guard let tensor = output.tensor, tensor.shape.first == rows else { return nil }
        values.append(.tensor(try tensor.rows(range)))
      }
      parts.append(values)
    }
    return parts
  }
}

extension [Value] {
  /// The rows a request asks about.
  var rows: Int { Tensor.rows(of: lazy.compactMap(\.tensor)) }

  /// Whether all are tensors of the same number of rows, one at least.
  fileprivate var areJoinable: Bool {
    rows > 0 && allSatisfy { value in value.tensor.map { $0.shape.first == rows } ?? false }
  }
}

extension Tensor {
  /// Extent of the first axis of the first tensor that has elements: there are no more rows than elements that were sent.
  /// Zero if none has any, one if there are no tensors.
  static func rows(of tensors: some Sequence<Tensor>) -> Int {
    var rows = 1
    for tensor in tensors {
      if tensor.count > 0 { return tensor.shape.first ?? 1 }
      rows = 0
    }
    return rows
  }

  /// Tensors of one type, one after the other along their first axis.
  init(joining tensors: [Tensor]) throws(TensorError) {
    let first = tensors[0]
    let shape = [tensors.reduce(0) { $0 + ($1.shape.first ?? 1) }] + first.shape.dropFirst()
    guard first.element != .string else {
      try self.init(strings: tensors.flatMap(\.strings), shape: shape)
      return
    }
    try unsafe self.init(unsafeUninitialized: first.element, shape: shape) { memory in
      var offset = 0
      for tensor in tensors {
        unsafe tensor.withUnsafeBytes { bytes in
          guard let target = memory.baseAddress, let source = bytes.baseAddress else { return }
          unsafe (target + offset).copyMemory(from: source, byteCount: bytes.count)
        }
        offset += tensor.byteCount
      }
    }
  }

  /// A copy of some entries along the first axis: who holds it holds no memory of the others.
  func rows(_ range: Range<Int>) throws(TensorError) -> Tensor {
    let shape = [range.count] + self.shape.dropFirst()
    let each = count / max(1, self.shape.first ?? 1)
    guard element != .string else {
      return try Tensor(strings: Array(strings[range.lowerBound * each..<range.upperBound * each]), shape: shape)
    }
    let bytes = byteCount / max(1, self.shape.first ?? 1)
    return try unsafe Tensor(unsafeUninitialized: element, shape: shape) { memory in
      unsafe withUnsafeBytes { all in
        guard let target = memory.baseAddress, let source = all.baseAddress else { return }
        unsafe target.copyMemory(from: source + range.lowerBound * bytes, byteCount: memory.count)
      }
    }
  }
}
