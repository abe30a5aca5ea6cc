import MassRuntime

/// The names the Open Inference Protocol has for element types.
public enum Datatype {
  /// The protocol's name; nil for types it cannot carry (complex numbers, 8-bit floats and packed integers).
  public static func name(of element: ElementType) -> String? { names[element] }

  public static func element(named name: some StringProtocol) -> ElementType? { elements[String(name)] }

  /// Types whose elements may stand in JSON; the others travel as bytes only.
  public static func isWritableAsJSON(_ element: ElementType) -> Bool {
    names[element] != nil && element != .float16 && element != .bfloat16
  }

  private static let names: [ElementType: String] = [
    .bool: "BOOL", .uint8: "UINT8", .uint16: "UINT16", .uint32: "UINT32", .uint64: "UINT64", .int8: "INT8",
    .int16: "INT16", .int32: "INT32", .int64: "INT64", .float16: "FP16", .bfloat16: "BF16", .float32: "FP32",
    .float64: "FP64", .string: "BYTES",
  ]

  private static let elements = Dictionary(uniqueKeysWithValues: names.map { ($1, $0) })
}
