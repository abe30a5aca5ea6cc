/// The mean in a sliding window. Operand: X [N, C, D…].
public struct AveragePool: Operator, SlidingWindow {
  public static let name = "AveragePool"
  public static let arity = 1...1
  public var kernel: [Int]
  public var strides: [Int]
  public var dilations: [Int]
  public var padsBegin: [Int]
  public var padsEnd: [Int]
  public var autoPad: AutoPadding
  public var ceilMode: Bool
  /// Whether padding counts as zeros in the mean.
  public var countIncludePad: Bool

  public init(
    kernel: [Int], strides: [Int] = [], dilations: [Int] = [], padsBegin: [Int] = [], padsEnd: [Int] = [],
    autoPad: AutoPadding = .explicit, ceilMode: Bool = false, countIncludePad: Bool = false
  ) {
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.padsBegin = padsBegin
    self.padsEnd = padsEnd
    self.autoPad = autoPad
    self.ceilMode = ceilMode
    self.countIncludePad = countIncludePad
  }

  public var layoutPolicy: LayoutPolicy { .prefersChannelsLast }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    return [.tensor(TensorType(x.element, try pooledShape(x, kernel: kernel, operands)))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    guard let window = resolved(input: Array(x.shape.dropFirst(2)), kernel: kernel) else {
      throw context.refusal(Self.name, expected: "a window that fits", got: "\(x.shape)")
    }
    let counts = countIncludePad ? window.paddedCounts() : nil
    let data = x.doubles()
    var y = [Double](repeating: 0, count: type.count)
    window.forEachWindow(planes: x.shape[0] * x.shape[1]) { output, base, offsets in
      var sum = 0.0
      for offset in offsets { sum += data[base + offset] }
      let count = counts.map { $0[output % $0.count] } ?? offsets.count
      y[output] = count == 0 ? 0 : sum / Double(count)
    }
    return [try context.result(Self.name, type, doubles: y)]
  }
}

extension ResolvedWindow {
  /// How many elements each window covers when padding counts.
  fileprivate func paddedCounts() -> [Int] {
    var counts = [1]
    for axis in 0..<rank {
      let own = (0..<output[axis]).map { paddedTaps(axis, output: $0).count }
      counts = counts.flatMap { c in own.map { c * $0 } }
    }
    return counts
  }
}
