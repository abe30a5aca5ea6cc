import MassPlanFormat

/// Decodes an operator from the plan's attribute message. Everything it reads is untrusted: a wrong shape throws.
struct AttributeDecoder {
  static func decode<Op: Operator>(_ type: Op.Type, from attribute: WireAttribute) throws -> Op {
    try Op(from: NodeDecoder(attribute: attribute))
  }
}

private func mismatch(_ expected: String) -> DecodingError {
  .dataCorrupted(DecodingError.Context(codingPath: [], debugDescription: "expected \(expected)"))
}

extension WireAttribute {
  fileprivate func decode<T: Decodable>(_ type: T.Type) throws -> T {
    if type == Body.self { return try cast(Body(graph: GraphCoder.decode(try graphValue(), InlineConstants.tensor))) }
    switch kind {
    case .flag(let value)?: if type == Bool.self { return try cast(value) }
    case .real(let value)?:
      if type == Float.self { return try cast(Float(value)) }
      if type == Double.self { return try cast(value) }
    case .text(let value)?: if type == String.self { return try cast(value) }
    case .integer(let value)?:
      if let integer = type as? any FixedWidthInteger.Type { return try cast(try exactly(integer, value)) }
    case .natural(let value)?:
      if let integer = type as? any FixedWidthInteger.Type { return try cast(try exactly(integer, value)) }
    default: break
    }
    // A scalar would ask its decoder for itself again, without end.
    guard !Self.isScalar(type) else { throw mismatch("\(type)") }
    return try T(from: NodeDecoder(attribute: self))
  }

  private static func isScalar(_ type: any Decodable.Type) -> Bool {
    type == Bool.self || type == Float.self || type == Double.self || type == String.self
      || type is any FixedWidthInteger.Type
  }

  private func graphValue() throws -> WireGraph {
    guard case .graph(let graph)? = kind else { throw mismatch("a graph") }
    return graph
  }

  private func cast<T>(_ value: Any) throws -> T {
    guard let result = value as? T else { throw mismatch("\(T.self)") }
    return result
  }

  private func exactly<I: FixedWidthInteger>(_ type: I.Type, _ value: some BinaryInteger) throws
    -> any FixedWidthInteger
  {
    guard let result = I(exactly: value) else { throw mismatch("\(type)") }
    return result
  }
}

private struct NodeDecoder: Decoder {
  let attribute: WireAttribute
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let object)? = attribute.kind else { throw mismatch("an object") }
    return KeyedDecodingContainer(Keyed<Key>(fields: object.fields))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    switch attribute.kind {
    case .list(let list)?: Unkeyed(elements: list.elements)
    default: throw mismatch("a list")
    }
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { Single(attribute: attribute) }
}

private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let fields: [WireAttributeField]
  var codingPath: [any CodingKey] { [] }
  var allKeys: [Key] { fields.compactMap { Key(stringValue: $0.name) } }

  private func find(_ key: Key) throws -> WireAttribute {
    guard let field = fields.first(where: { $0.name == key.stringValue }) else {
      throw mismatch("attribute '\(key.stringValue)'")
    }
    return field.value
  }

  func contains(_ key: Key) -> Bool { fields.contains { $0.name == key.stringValue } }
  func decodeNil(forKey key: Key) -> Bool { !contains(key) }
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try find(key).decode(type) }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try NodeDecoder(attribute: try find(key)).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try NodeDecoder(attribute: try find(key)).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { throw mismatch("no superclass") }
  func superDecoder(forKey key: Key) throws -> any Decoder { NodeDecoder(attribute: try find(key)) }
}

private struct Unkeyed: UnkeyedDecodingContainer {
  let elements: [WireAttribute]
  var currentIndex = 0
  var codingPath: [any CodingKey] { [] }
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex >= elements.count }

  private mutating func next() throws -> WireAttribute {
    guard !isAtEnd else { throw mismatch("another element") }
    defer { currentIndex += 1 }
    return elements[currentIndex]
  }

  mutating func decodeNil() -> Bool { false }
  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().decode(type) }

  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
    try NodeDecoder(attribute: try next()).container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try NodeDecoder(attribute: try next()).unkeyedContainer()
  }

  mutating func superDecoder() throws -> any Decoder { NodeDecoder(attribute: try next()) }
}

private struct Single: SingleValueDecodingContainer {
  let attribute: WireAttribute
  var codingPath: [any CodingKey] { [] }

  func decodeNil() -> Bool { attribute.kind == nil }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try attribute.decode(type) }
}
