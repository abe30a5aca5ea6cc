/// A JSON value whose objects keep the order of their keys.
public indirect enum JSON: Sendable {
  case null
  case bool(Bool)
  case int(Int)
  /// NaN and infinities, which JSON lacks, become null.
  case double(Double)
  case string(String)
  case array([JSON])
  case object([(String, JSON)])
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .int(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral {
  public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
}

extension JSON {
  public static func strings(_ values: some Sequence<String>) -> JSON { .array(values.map { .string($0) }) }
  public static func ints(_ values: some Sequence<Int>) -> JSON { .array(values.map { .int($0) }) }

  /// The text, on one line or with a line for each member.
  public func text(isIndented: Bool = true) -> String {
    var text = ""
    write(to: &text, indentation: isIndented ? "" : nil)
    return text
  }

  private func write(to text: inout String, indentation: String?) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .int(let value): text += String(value)
    case .double(let value): text += value.isFinite ? "\(value)" : "null"
    case .string(let value): Self.write(value, to: &text)
    case .array(let values):
      // Lists of plain values stay on one line.
      let inner = values.contains { $0.isContainer } ? indentation : nil
      Self.write(values.map { ("", $0) }, "[", "]", to: &text, indentation: inner)
    case .object(let members): Self.write(members, "{", "}", to: &text, indentation: indentation)
    }
  }

  private var isContainer: Bool {
    switch self {
    case .array, .object: true
    default: false
    }
  }

  private static func write(
    _ members: [(String, JSON)], _ open: String, _ close: String, to text: inout String, indentation: String?
  ) {
    let inner = indentation.map { $0 + "  " }
    text += open
    for (i, (key, value)) in members.enumerated() {
      if i > 0 { text += inner == nil ? ", " : "," }
      if let inner { text += "\n" + inner }
      if open == "{" {
        write(key, to: &text)
        text += ": "
      }
      value.write(to: &text, indentation: inner)
    }
    if let indentation, !members.isEmpty { text += "\n" + indentation }
    text += close
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
