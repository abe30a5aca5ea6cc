#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A window function of as many elements as the scalar operand says: a sum of cosines.
public struct Window: Operator {
  public enum Kind: String, Hashable, Sendable, Codable {
    case hann, hamming, blackman
  }

  public static let name = "Window"
  public static let arity = 1...1
  public var kind: Kind
  /// Whether the window is one period rather than symmetric.
  public var isPeriodic: Bool
  public var element: ElementType

  public init(_ kind: Kind, isPeriodic: Bool = true, element: ElementType = .float32) {
    self.kind = kind
    self.isPeriodic = isPeriodic
    self.element = element
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let size = try operands.tensor(0)
    guard size.element.isInteger, size.rank == 0 || size.shape.product.isOne else {
      throw operands.mismatch(expected: "one integer", got: "\(size)")
    }
    guard element.isFloatingPoint || element.isInteger else {
      throw operands.mismatch(expected: "a numeric element type", got: "\(element)")
    }
    guard let extent = operands.dimensions(0)?.first ?? operands.integers(0)?.first.map({ Dimension($0) }) else {
      return [.tensor(TensorType(element, [operands.freshDimension("size")]))]
    }
    try operands.require([extent.constant ?? 0], in: 0...ReferenceLimit.attribute, "size")
    return [.tensor(TensorType(element, [extent]))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let period = Double(isPeriodic ? type.count : type.count - 1)
    let values = (0..<type.count).map { i in
      let angle = period == 0 ? 0 : 2 * Double.pi * Double(i) / period
      switch kind {
      case .hann: return 0.5 - 0.5 * cos(angle)
      case .hamming: return 25.0 / 46 - 21.0 / 46 * cos(angle)
      case .blackman: return 0.42 - 0.5 * cos(angle) + 0.08 * cos(2 * angle)
      }
    }
    return [try context.result(Self.name, type, doubles: values)]
  }
}
