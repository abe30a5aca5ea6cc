/// How an update meets what is already there.
public enum ScatterReduction: String, Hashable, Sendable, Codable, CaseIterable {
  /// The later update wins.
  case none
  case add, mul, max, min

  var function: BinaryFunction? {
    switch self {
    case .none: nil
    case .add: .add
    case .mul: .mul
    case .max: .max
    case .min: .min
    }
  }
}

/// Operand 0 with the elements of operand 2 stored at the places that operand 1 names along `axis`.
public struct ScatterElements: Operator {
  public static let name = "ScatterElements"
  public static let arity = 3...3
  public var axis: Int
  public var reduction: ScatterReduction

  public init(axis: Int = 0, reduction: ScatterReduction = .none) {
    self.axis = axis
    self.reduction = reduction
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let (x, indices) = (try operands.tensor(0), try operands.requireInteger(1))
    let updates = try operands.tensor(2)
    let axis = try operands.axis(axis, rank: x.rank)
    try operands.checkElementIndices(indices, within: x, axis: axis)
    try operands.checkUpdates(updates, x, shape: indices.shape, reduction)
    return [.tensor(TensorType(x.element, x.shape))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] {
    reduction == .none ? movedValues(operands, data: [0, 2]) : []
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let (x, updates) = (try operand(operands, 0, context), try operand(operands, 2, context))
    _ = try concreteShape(operands, context)
    let offsets = try elementOffsets(try operand(operands, 1, context), in: x.shape, axis: axis, context)
    return try result(context) { () throws(TensorError) in
      try x.scattered(updates, at: offsets, run: 1, reduction)
    }
  }
}

/// Operand 0 with the slices of operand 2 stored at the coordinates that the last axis of operand 1 lists.
public struct ScatterND: Operator {
  public static let name = "ScatterND"
  public static let arity = 3...3
  public var reduction: ScatterReduction

  public init(reduction: ScatterReduction = .none) { self.reduction = reduction }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let (x, indices) = (try operands.tensor(0), try operands.requireInteger(1))
    let updates = try operands.tensor(2)
    guard indices.rank >= 1 else { throw operands.mismatch(expected: "indices of rank 1 or more", got: "\(indices)") }
    if let depth = indices.shape[indices.rank - 1].constant {
      guard depth >= 0, depth <= x.rank else {
        throw operands.mismatch(expected: "coordinates of at most \(x.rank) axes", got: "\(depth)")
      }
      try operands.checkUpdates(updates, x, shape: indices.shape.dropLast() + x.shape[depth...], reduction)
    }
    return [.tensor(TensorType(x.element, x.shape))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] {
    reduction == .none ? movedValues(operands, data: [0, 2]) : []
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let (x, indices) = (try operand(operands, 0, context), try operand(operands, 1, context))
    let updates = try operand(operands, 2, context)
    _ = try concreteShape(operands, context)
    let depth = indices.shape.last ?? 0
    if updates.count == 0 || x.count == 0 { return [.tensor(x)] }
    // Coordinates of no axes name the whole tensor, once for each tuple.
    let tuples = indices.shape.dropLast().reduce(1, *)
    let offsets =
      depth == 0
      ? Array(repeating: 0, count: tuples) : try sliceOffsets(indices, in: x.shape, batchDims: 0, context)
    let run = x.shape[depth...].reduce(1, *)
    return try result(context) { () throws(TensorError) in try x.scattered(updates, at: offsets, run: run, reduction) }
  }
}

extension Operands {
  func checkUpdates(
    _ updates: TensorType, _ x: TensorType, shape: Shape, _ reduction: ScatterReduction
  ) throws(OperatorError) {
    guard updates.element == x.element else {
      throw mismatch(expected: "updates of the data's element type", got: "\(updates) and \(x)")
    }
    guard reduction.function?.accepts(x.element) ?? true else {
      throw mismatch(expected: "numbers to reduce", got: "\(x)")
    }
    let agrees =
      updates.rank == shape.count
      && zip(updates.shape, shape).allSatisfy { a, b in
        a.constant == nil || b.constant == nil || a == b
      }
    guard agrees else { throw mismatch(expected: "updates of shape \(shape)", got: "\(updates)") }
  }
}

extension Tensor {
  /// This tensor with `updates` stored, `run` elements at each of `offsets`, in order.
  func scattered(
    _ updates: Tensor, at offsets: [Int], run: Int, _ reduction: ScatterReduction
  ) throws(TensorError) -> Tensor {
    if let function = reduction.function { return try reduced(updates, offsets, run, function) }
    if count == 0 || offsets.isEmpty { return self }
    // Runs start at multiples of their length, so the result is a choice of runs of the two tensors laid end to end.
    var sources = (0..<count / run).map { $0 * run }
    for (i, offset) in offsets.enumerated() { sources[offset / run] = count + i * run }
    let both = try Tensor.joined([self, updates], outer: 1, shape: [count + updates.count])
    return try both.gathered([.list(sources), .strided(step: 1, count: run)], shape: shape)
  }

  private func reduced(
    _ updates: Tensor, _ offsets: [Int], _ run: Int, _ function: BinaryFunction
  ) throws(TensorError) -> Tensor {
    if element.isFloatingPoint {
      var values = doubles()
      for (i, update) in updates.doubles().enumerated() {
        let at = offsets[i / run] + i % run
        values[at] = function(values[at], update)
      }
      return try Tensor.make(element, shape, doubles: values)
    }
    var values = integers()
    let isUnsigned = element == .uint64
    for (i, update) in updates.integers().enumerated() {
      let at = offsets[i / run] + i % run
      values[at] =
        isUnsigned
        ? Int(bitPattern: function.unsigned(UInt(bitPattern: values[at]), UInt(bitPattern: update)))
        : function.integer(values[at], update)
    }
    return try Tensor.make(element, shape, integers: values)
  }
}
