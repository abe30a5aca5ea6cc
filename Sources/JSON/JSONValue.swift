import JSONShim

/// What a JSON value is.
public enum JSONKind: Hashable, Sendable {
  case null, bool
  /// A whole number that an `Int64` holds.
  case integer
  /// A whole number beyond `Int64` that a `UInt64` holds.
  case unsigned
  /// Any other number.
  case double
  case string, array, object
}

extension JSONKind: CustomStringConvertible {
  public var description: String {
    switch self {
    case .null: "null"
    case .bool: "bool"
    case .integer, .unsigned: "integer"
    case .double: "double"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}

/// One value of a document, which it keeps alive.
public struct JSONValue: Sendable {
  let document: JSONDocument
  let position: Int

  public var kind: JSONKind {
    switch unsafe document.read({ unsafe mass_json_kind_of($0, position) }) {
    case MASS_JSON_BOOL: .bool
    case MASS_JSON_INT64: .integer
    case MASS_JSON_UINT64: .unsigned
    case MASS_JSON_DOUBLE: .double
    case MASS_JSON_STRING: .string
    case MASS_JSON_ARRAY: .array
    case MASS_JSON_OBJECT: .object
    default: .null
    }
  }

  private var bits: UInt64 { unsafe document.read { unsafe mass_json_bits($0, position) } }

  public var isNull: Bool { kind == .null }

  public var bool: Bool? { kind == .bool ? bits != 0 : nil }

  /// The number, if it is exactly an `Int64`. A double is one if it is whole and within ±2⁵³.
  public var int64: Int64? {
    switch kind {
    case .integer: Int64(bitPattern: bits)
    case .double: wholeDouble
    default: nil
    }
  }

  /// The number, if it is exactly a `UInt64`. A double is one if it is whole and at most 2⁵³.
  public var uint64: UInt64? {
    switch kind {
    case .integer, .double: int64.flatMap { UInt64(exactly: $0) }
    case .unsigned: bits
    default: nil
    }
  }

  /// The number; integers beyond 2⁵³ round.
  public var double: Double? {
    switch kind {
    case .integer: Double(Int64(bitPattern: bits))
    case .unsigned: Double(bits)
    case .double: Double(bitPattern: bits)
    default: nil
    }
  }

  private var wholeDouble: Int64? {
    let value = Double(bitPattern: bits)
    return value.magnitude <= 0x1p53 ? Int64(exactly: value) : nil
  }

  /// The text, which may contain U+0000.
  public var string: String? { kind == .string ? text : nil }

  /// Elements of an array, members of an object; 0 for other kinds.
  ///
  /// - Complexity: O(1) up to 2²⁴ of them, then O(n).
  public var count: Int { unsafe document.read { unsafe mass_json_count($0, position) } }

  var text: String {
    unsafe document.read { handle in
      let text = unsafe mass_json_text_of(handle, position)
      return unsafe String(decoding: UnsafeRawBufferPointer(start: text.data, count: text.size), as: UTF8.self)
    }
  }

  func at(_ position: Int) -> JSONValue { JSONValue(document: document, position: position) }
  var end: Int { unsafe document.read { unsafe mass_json_end($0, position) } }
  var next: Int { unsafe document.read { unsafe mass_json_next($0, position) } }
}

extension JSONValue: CustomStringConvertible {
  /// A number or bool as text, else the kind.
  public var description: String {
    switch kind {
    case .bool: bits != 0 ? "true" : "false"
    case .integer: "\(Int64(bitPattern: bits))"
    case .unsigned: "\(bits)"
    case .double: "\(Double(bitPattern: bits))"
    case let kind: kind.description
    }
  }
}
