import MassRuntime

/// A value's name with the type the file declares for it.
public struct ONNXValueInfo: Sendable {
  public let name: String
  public let type: ONNXType
}

/// A type as a file declares it.
public indirect enum ONNXType: Hashable, Sendable {
  /// `shape` is nil when not even the rank is declared. Elements are numbered as ONNX does.
  case tensor(element: Int, shape: [ONNXDimension]?)
  case sparseTensor(element: Int, shape: [ONNXDimension]?)
  case sequence(ONNXType)
  case optional(ONNXType)
  case map(key: Int, value: ONNXType)
  case opaque
  case unknown
}

public enum ONNXDimension: Hashable, Sendable {
  case value(Int)
  case parameter(String)
  case unknown
}

extension ElementType {
  /// The type that ONNX gives `number`, or nil for those this project does not have.
  public init?(onnx number: Int) {
    guard let raw = UInt8(exactly: number) else { return nil }
    self.init(rawValue: raw)
  }

  /// The name ONNX has for an element type, for errors about unsupported ones.
  static func describe(onnx number: Int) -> String {
    switch number {
    case 0: "undefined"
    case 27: "27 (float6e2m3)"
    case 28: "28 (float6e3m2)"
    default: ElementType(onnx: number).map(\.description) ?? "\(number)"
    }
  }
}

extension ONNXType {
  /// The type in the graph's terms.
  ///
  /// - Parameter label: Names the fresh symbols of extents the file leaves open: `<label>_d<axis>`.
  /// - Throws: The ONNX number of an element type that is not supported.
  func valueType(label: String) throws(UnsupportedElement) -> ValueType {
    switch self {
    case .tensor(let number, let shape), .sparseTensor(let number, let shape):
      let element = try Self.element(number)
      guard let shape else { return .unrankedTensor(element) }
      return .tensor(
        TensorType(element, shape.enumerated().map { $1.dimension(symbol: "\(label)_d\($0)") }))
    case .sequence(let element): return .sequence(try element.valueType(label: label))
    case .optional(let element): return .optional(try element.valueType(label: label))
    case .map(let key, let value): return .map(key: try Self.element(key), value: try value.valueType(label: label))
    case .opaque, .unknown: return .unknown
    }
  }

  private static func element(_ number: Int) throws(UnsupportedElement) -> ElementType {
    guard let element = ElementType(onnx: number) else { throw UnsupportedElement(number: number) }
    return element
  }
}

/// An element type that ONNX numbers and this project does not have.
struct UnsupportedElement: Error {
  var number: Int
}

extension ONNXDimension {
  fileprivate func dimension(symbol: String) -> Dimension {
    switch self {
    // Exporters write -1 where they mean an open extent.
    case .value(let value): value >= 0 ? Dimension(value) : Dimension(symbol: symbol)
    case .parameter(let name): name.isEmpty ? Dimension(symbol: symbol) : Dimension(symbol: Self.symbol(for: name))
    case .unknown: Dimension(symbol: symbol)
    }
  }

  /// Names that could be read as an expression are braced, so that `2*N` as a name stays distinct from `2*N` computed.
  private static func symbol(for name: String) -> String {
    let isIdentifier = name.utf8.enumerated().allSatisfy { i, c in
      switch c {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: ":"): i > 0
      default: c >= 0x80
      }
    }
    return isIdentifier ? name : "{\(name)}"
  }
}
