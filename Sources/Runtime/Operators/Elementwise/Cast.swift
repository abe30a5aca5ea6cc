/// The operand's elements converted to another type.
///
/// Reals truncate toward zero on the way to integers, integers wrap, anything but zero is true, and strings hold
/// decimal numbers.
public struct Cast: Operator {
  /// How a real becomes the power of two that `float8e8m0` holds.
  public enum ScaleRounding: String, Hashable, Sendable, Codable, CaseIterable {
    case up, down, nearest
  }

  public static let name = "Cast"
  public static let arity = 1...1
  public var element: ElementType
  /// Whether 8-bit floats take their largest value for what is beyond it, rather than infinity or NaN.
  public var saturate: Bool
  public var scaleRounding: ScaleRounding

  public init(to element: ElementType, saturate: Bool = true, scaleRounding: ScaleRounding = .up) {
    self.element = element
    self.saturate = saturate
    self.scaleRounding = scaleRounding
  }

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let source = try operands.element(0)
    guard source == element || (source.domain != .complex && element.domain != .complex) else {
      throw operands.mismatch(expected: "real, integer, bool or string elements", got: "\(source) to \(element)")
    }
    guard case .tensor(let type) = try operands.type(0) else { return [.unrankedTensor(element)] }
    return [.tensor(TensorType(element, type.shape))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] {
    guard let value = operands.values[0] else { return [] }
    let isWide = element.isInteger && element.bitWidth >= 32
    if isWide && value.element != .bool {
      return [SymbolicTensor(element: element, shape: value.shape, elements: value.elements)]
    }
    guard element.isInteger || element == .bool, let tensor = value.tensor else { return [] }
    return [(try? converted(tensor)).flatMap { SymbolicTensor($0) }]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    _ = try concreteShape(operands, context)
    if x.element == .string && element != .string { return [.tensor(try parsed(x, context))] }
    return try result(context) { () throws(TensorError) in try converted(x) }
  }

  private func converted(_ x: Tensor) throws(TensorError) -> Tensor {
    if x.element == element { return x }
    if element == .string { return try Tensor(strings: Self.text(x), shape: x.shape) }
    if x.element.isFloatingPoint || (x.element == .uint64 && element.isFloatingPoint) {
      return try stored(x.doubles(), x.shape)
    }
    return try Tensor.make(element, x.shape, integers: x.integers())
  }

  private func stored(_ values: [Double], _ shape: [Int]) throws(TensorError) -> Tensor {
    switch element {
    case .bool: return try Tensor.make(shape, bools: values.map { $0 != 0 })
    case .float8e8m0: return try bytes(values.map(scale), shape)
    case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz:
      return try bytes(values.map { SmallFloat.encode($0, as: element, saturate: saturate) }, shape)
    default: return try Tensor.make(element, shape, doubles: values)
    }
  }

  private func bytes(_ bits: [UInt8], _ shape: [Int]) throws(TensorError) -> Tensor {
    try unsafe Tensor(element: element, shape: shape) { unsafe $0.copyBytes(from: bits) }
  }

  private func scale(_ value: Double) -> UInt8 {
    guard value.isFinite, value != 0 else { return SmallFloat.encode(value, as: element, saturate: saturate) }
    let fraction = value.significand
    let carry =
      switch scaleRounding {
      case .up: fraction > 1
      case .down: false
      case .nearest: fraction >= 1.5
      }
    let exponent = Int(value.exponent) + (carry ? 1 : 0)
    if exponent > 127 { return saturate ? 254 : 255 }
    return UInt8(max(exponent + 127, 0))
  }

  private func parsed(_ x: Tensor, _ context: EvaluationContext) throws(OperatorError) -> Tensor {
    var (reals, integers) = ([Double](), [Int]())
    for text in x.strings {
      if element.isInteger, let value = Int(text) {
        integers.append(value)
      } else if let value = Double(text) {
        element.isInteger ? integers.append(Int(saturating: value)) : reals.append(value)
      } else {
        throw refusal(context, expected: "the text of a number", got: "'\(text)'")
      }
    }
    return try context.checked(Self.name) { () throws(TensorError) in
      element.isInteger ? try Tensor.make(element, x.shape, integers: integers) : try stored(reals, x.shape)
    }
  }

  private static func text(_ x: Tensor) -> [String] {
    switch x.element {
    case .bool: x.bools().map { $0 ? "1" : "0" }
    case .uint64: x.integers().map { "\(UInt(bitPattern: $0))" }
    case .float64: x.doubles().map { text($0, "\($0)") }
    case let element where element.isFloatingPoint: x.doubles().map { text($0, "\(Float($0))") }
    default: x.integers().map { "\($0)" }
    }
  }

  private static func text(_ value: Double, _ digits: String) -> String {
    value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-INF" : "INF") : digits
  }
}

/// The operand's bytes read as another element type of the same width.
public struct BitCast: Operator {
  public static let name = "BitCast"
  public static let arity = 1...1
  public var element: ElementType

  public init(to element: ElementType) { self.element = element }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    guard x.element.bitWidth == element.bitWidth, element != .string else {
      throw operands.mismatch(expected: "elements as wide as \(element)", got: "\(x)")
    }
    return [.tensor(TensorType(element, x.shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    guard let result = x.reinterpreted(as: element) else {
      throw refusal(context, expected: "elements as wide as \(element)", got: "\(x.element)")
    }
    return [.tensor(result)]
  }
}
