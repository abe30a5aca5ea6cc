import MassPlanFormat

/// Encodes an operator's attributes, as its `Codable` conformance spells them, into the plan's own message.
struct AttributeEncoder {
  static func encode(_ op: any Operator) -> WireAttribute {
    let box = AttributeBox()
    // Our containers never throw, and operators have synthesized conformances.
    try? op.encode(to: BoxEncoder(box: box))
    return box.attribute
  }
}

/// The place one attribute value is written to.
private final class AttributeBox {
  enum Content {
    case single(WireAttribute)
    case list([AttributeBox])
    case object([(name: String, box: AttributeBox)])
  }

  var content = Content.object([])

  var attribute: WireAttribute {
    var result = WireAttribute()
    switch content {
    case .single(let value): result = value
    case .list(let boxes): result.list.elements = boxes.map(\.attribute)
    case .object(let fields):
      result.object.fields = fields.map { field in
        var wire = WireAttributeField()
        wire.name = field.name
        wire.value = field.box.attribute
        return wire
      }
    }
    return result
  }

  func field(_ name: String) -> AttributeBox {
    let box = AttributeBox()
    if case .object(let fields) = content {
      content = .object(fields + [(name, box)])
    } else {
      content = .object([(name, box)])
    }
    return box
  }

  func element() -> AttributeBox {
    let box = AttributeBox()
    if case .list(let boxes) = content { content = .list(boxes + [box]) } else { content = .list([box]) }
    return box
  }

  func store<T: Encodable>(_ value: T) throws {
    var wire = WireAttribute()
    switch value {
    case let value as Bool: wire.flag = value
    case let value as Float: wire.real = Double(value)
    case let value as Double: wire.real = value
    case let value as String: wire.text = value
    case let value as any SignedInteger: wire.integer = Int64(truncatingIfNeeded: value)
    case let value as any UnsignedInteger: wire.natural = UInt64(truncatingIfNeeded: value)
    case let value as Body: wire.graph = GraphCoder.encode(value.graph) { InlineConstants.blob($0) }
    default:
      try value.encode(to: BoxEncoder(box: self))
      return
    }
    content = .single(wire)
  }
}

private struct BoxEncoder: Encoder {
  let box: AttributeBox
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(Keyed<Key>(box: box))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    box.content = .list([])
    return Unkeyed(box: box)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { Single(box: box) }
}

private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let box: AttributeBox
  var codingPath: [any CodingKey] { [] }

  func encodeNil(forKey key: Key) {}
  func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try box.field(key.stringValue).store(value) }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    KeyedEncodingContainer(Keyed<Nested>(box: box.field(key.stringValue)))
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    BoxEncoder(box: box.field(key.stringValue)).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { BoxEncoder(box: box.field("super")) }
  func superEncoder(forKey key: Key) -> any Encoder { BoxEncoder(box: box.field(key.stringValue)) }
}

private struct Unkeyed: UnkeyedEncodingContainer {
  let box: AttributeBox
  var codingPath: [any CodingKey] { [] }
  var count: Int { if case .list(let boxes) = box.content { boxes.count } else { 0 } }

  func encodeNil() {}
  func encode<T: Encodable>(_ value: T) throws { try box.element().store(value) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    KeyedEncodingContainer(Keyed<Nested>(box: box.element()))
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { BoxEncoder(box: box.element()).unkeyedContainer() }
  func superEncoder() -> any Encoder { BoxEncoder(box: box.element()) }
}

private struct Single: SingleValueEncodingContainer {
  let box: AttributeBox
  var codingPath: [any CodingKey] { [] }

  func encodeNil() {}
  func encode<T: Encodable>(_ value: T) throws { try box.store(value) }
}
