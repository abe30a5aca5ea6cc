/// The maximum in a sliding window. Operand: X [N, C, D…]. Results: Y, and the flat index of each maximum in X.
public struct MaxPool: Operator, SlidingWindow {
  public static let name = "MaxPool"
  public static let arity = 1...1
  public var kernel: [Int]
  public var strides: [Int]
  public var dilations: [Int]
  public var padsBegin: [Int]
  public var padsEnd: [Int]
  public var autoPad: AutoPadding
  public var ceilMode: Bool
  /// Whether indices count the spatial axes with the first varying fastest.
  public var columnMajorIndices: Bool

  public init(
    kernel: [Int], strides: [Int] = [], dilations: [Int] = [], padsBegin: [Int] = [], padsEnd: [Int] = [],
    autoPad: AutoPadding = .explicit, ceilMode: Bool = false, columnMajorIndices: Bool = false
  ) {
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.padsBegin = padsBegin
    self.padsEnd = padsEnd
    self.autoPad = autoPad
    self.ceilMode = ceilMode
    self.columnMajorIndices = columnMajorIndices
  }

  public var layoutPolicy: LayoutPolicy { .prefersChannelsLast }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    guard x.element.isFloatingPoint || x.element.isInteger else {
      throw operands.mismatch(expected: "a numeric tensor", got: "\(x)")
    }
    let shape = try pooledShape(x, kernel: kernel, operands)
    return [.tensor(TensorType(x.element, shape)), .tensor(TensorType(.int64, shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let types = try concreteResults(operands, context)
    let x = try context.tensor(operands, 0, for: Self.name)
    guard let window = resolved(input: Array(x.shape.dropFirst(2)), kernel: kernel) else {
      throw context.refusal(Self.name, expected: "a window that fits", got: "\(x.shape)")
    }
    let planes = x.shape[0] * x.shape[1]
    var (places, results): ([Int], [Value])
    if x.element.isFloatingPoint {
      let data = x.doubles()
      places = Self.maxima(data, window, planes, types[0].count) { $0 > $1 || ($0.isNaN && !$1.isNaN) }
      results = [
        try context.result(Self.name, types[0], doubles: places.map { $0 < 0 ? -.infinity : data[$0] })
      ]
    } else {
      let data = x.integers()
      places = Self.maxima(data, window, planes, types[0].count, >)
      results = [try context.result(Self.name, types[0], integers: places.map { $0 < 0 ? 0 : data[$0] })]
    }
    if context.resultCount > 1 {
      let indices = columnMajorIndices ? places.map { Self.columnMajor($0, window.input) } : places
      results.append(try context.result(Self.name, types[1], integers: indices))
    }
    return results
  }

  /// The flat index of each window's first maximum, -1 for a window that covers nothing.
  private static func maxima<Element>(
    _ x: [Element], _ window: ResolvedWindow, _ planes: Int, _ count: Int, _ isAbove: (Element, Element) -> Bool
  ) -> [Int] {
    var result = [Int](repeating: -1, count: count)
    window.forEachWindow(planes: planes) { output, base, offsets in
      guard var best = offsets.first.map({ base + $0 }) else { return }
      for offset in offsets where isAbove(x[base + offset], x[best]) { best = base + offset }
      result[output] = best
    }
    return result
  }

  private static func columnMajor(_ index: Int, _ extents: [Int]) -> Int {
    let size = extents.reduce(1, *)
    guard index >= 0, size > 0 else { return index }
    var rest = index % size
    var result = 0
    for (axis, extent) in extents.enumerated().reversed() {
      result += rest % extent * extents[..<axis].reduce(1, *)
      rest /= extent
    }
    return index / size * size + result
  }
}

extension SlidingWindow {
  /// The shape of X [N, C, D…] pooled with `kernel`.
  func pooledShape(_ x: TensorType, kernel: [Int], _ operands: Operands) throws(OperatorError) -> Shape {
    guard x.rank >= 2 else { throw operands.mismatch(expected: "an operand of rank 2 or more", got: "\(x)") }
    let spatial = try outputShape(input: Shape(x.shape.dropFirst(2)), kernel: Shape(kernel), operands)
    return [x.shape[0], x.shape[1]] + spatial
  }
}

extension ResolvedWindow {
  /// Calls `body` for each output of each of `planes` planes with its row-major index among all outputs, the flat index
  /// of its plane's first element, and the offsets in that plane that the window covers.
  func forEachWindow(planes: Int, _ body: (Int, Int, [Int]) -> Void) {
    let size = input.reduce(1, *)
    let count = output.reduce(1, *)
    let steps = Strides.rowMajor(input)
    let outputSteps = Strides.rowMajor(output)
    for window in 0..<count {
      var offsets = [0]
      for axis in 0..<rank {
        let o = window / outputSteps[axis] % output[axis]
        let origin = o * strides[axis] - padsBegin[axis]
        let covered = taps(axis, output: o).map { (origin + $0 * dilations[axis]) * steps[axis] }
        offsets = offsets.flatMap { base in covered.map { base + $0 } }
      }
      for plane in 0..<planes { body(plane * count + window, plane * size, offsets) }
    }
  }
}
