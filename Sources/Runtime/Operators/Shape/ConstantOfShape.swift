/// A tensor of the shape in operand 0, all of one value.
public struct ConstantOfShape: Operator {
  public static let name = "ConstantOfShape"
  public static let arity = 1...1
  public var element: ElementType
  /// The value as it lies in memory, lowest byte first; packed types use the low bits.
  public var bits: UInt64

  public init(_ element: ElementType = .float32, bits: UInt64 = 0) {
    self.element = element
    self.bits = bits
  }

  /// The only element of `value`; nil for strings and types wider than 64 bits.
  public init?(value: Tensor) {
    guard value.count == 1, (1...64).contains(value.element.bitWidth) else { return nil }
    element = value.element
    bits = 0
    let mask: UInt8 = element.bitWidth < 8 ? (1 << element.bitWidth) - 1 : 0xff
    let bytes = unsafe value.withUnsafeBytes { unsafe Array($0) }
    for (i, byte) in bytes.enumerated() { bits |= UInt64(byte & mask) << UInt64(8 * i) }
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    guard (1...64).contains(element.bitWidth) else {
      throw operands.mismatch(expected: "an element of at most 64 bits", got: "\(element)")
    }
    var shape: Shape = []
    for (i, extent) in try operands.elements(0).enumerated() {
      guard extent?.constant ?? 0 >= 0 else {
        throw operands.mismatch(expected: "extents of 0 and above", got: "\(extent ?? 0)")
      }
      shape.append(extent ?? operands.freshDimension("\(i)"))
    }
    return [.tensor(TensorType(element, shape))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] {
    guard element.isInteger || element == .bool, let shape = operands.integers(0),
      let count = try? Tensor.elementCount(of: shape), count <= SymbolicTensor.elementLimit,
      let value = try? scalar().integers().first
    else { return [] }
    return [SymbolicTensor(element: element, shape: shape, elements: Array(repeating: Dimension(value), count: count))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let shape = try concreteShape(operands, context)
    return try result(context) { () throws(TensorError) in
      let count = try Tensor.elementCount(of: shape)
      return try scalar().gathered([.strided(step: 0, count: count)], shape: shape)
    }
  }

  /// The value as a tensor of one element.
  public func scalar() throws(TensorError) -> Tensor {
    try unsafe Tensor(element: element, shape: [1]) { bytes in
      for i in bytes.indices { unsafe bytes[i] = UInt8(truncatingIfNeeded: bits >> UInt64(8 * i)) }
    }
  }
}
