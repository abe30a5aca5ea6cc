import MassRuntime

/// An element type with the names TensorFlow has for it.
struct TensorFlowType: Hashable {
  let element: ElementType

  init(_ element: ElementType) { self.element = element }

  /// The name in metadata, such as `DT_FLOAT`.
  var name: String { "DT_" + valueName.uppercased() }

  /// The name in messages, such as `float`.
  var valueName: String {
    switch element {
    case .float32: "float"
    case .float64: "double"
    case .float16: "half"
    case .bfloat16: "bfloat16"
    case .int8: "int8"
    case .int16: "int16"
    case .int32: "int32"
    case .int64: "int64"
    case .uint8: "uint8"
    case .uint16: "uint16"
    case .uint32: "uint32"
    case .uint64: "uint64"
    case .bool: "bool"
    case .string: "string"
    case .complex64: "complex64"
    case .complex128: "complex128"
    default: "invalid"
    }
  }

  /// The type that JSON numbers are read as before they are rounded; the same for most.
  var wide: ElementType { isNarrowFloat ? .float64 : element }

  /// Whether JSON is read and written by way of a wider type.
  var isNarrowFloat: Bool { element == .float16 || element == .bfloat16 }
}
