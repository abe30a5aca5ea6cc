import HTTPTypes

/// The parts of a request line and its headers that the protocols read.
struct HTTPRequestHead: Sendable {
  let method: HTTPRequest.Method
  /// Without the query, still percent-encoded.
  let path: Substring
  let query: Substring
  let headers: HTTPFields
  /// The host that was asked, and its port, as the client wrote them.
  let authority: String

  init(_ head: HTTPRequest) {
    method = head.method
    headers = head.headerFields
    authority = head.authority ?? ""
    let target = (head.path ?? "/")[...]
    if let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) {
      path = target[..<mark]
      query = target[target.utf8.index(after: mark)...]
    } else {
      path = target
      query = ""
    }
  }

  /// The value of a query's first parameter of this name, decoded.
  func queryValue(_ name: String) -> String? {
    for pair in query.utf8.split(separator: UInt8(ascii: "&")) {
      let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard PercentCoding.decoded(Substring(parts[0])) == name else { continue }
      return PercentCoding.decoded(Substring(parts.count > 1 ? parts[1] : pair[pair.endIndex...]))
    }
    return nil
  }

  /// The path's segments, percent-decoded; nil when an escape is malformed or hides a control character.
  var segments: [String]? {
    var result: [String] = []
    var rest = Substring(path.utf8.dropFirst())
    while let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) {
      guard let text = PercentCoding.decoded(rest[..<slash]) else { return nil }
      result.append(text)
      rest = rest[rest.utf8.index(after: slash)...]
    }
    guard let text = PercentCoding.decoded(rest) else { return nil }
    return result + [text]
  }
}

/// RFC 3986, section 2.1.
enum PercentCoding {
  /// nil when an escape is incomplete, the bytes are not UTF-8, or a control character results.
  static func decoded(_ text: Substring) -> String? {
    guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || !isPrintable($0) }) else { return String(text) }
    var result: [UInt8] = []
    var iterator = text.utf8.makeIterator()
    while let byte = iterator.next() {
      guard byte == UInt8(ascii: "%") else {
        result.append(byte)
        continue
      }
      guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else { return nil }
      result.append(high << 4 | low)
    }
    guard result.allSatisfy(isPrintable) else { return nil }
    return String(validating: result, as: UTF8.self)
  }

  private static func isPrintable(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension HTTPFields {
  /// The values of a field, joined, as the subscript gives them; but one that stands alone is not joined anew.
  func value(_ name: HTTPField.Name) -> String? {
    guard contains(name) else { return nil }
    let values = self[values: name]
    return values.count == 1 ? values[0] : self[name]
  }

  /// Bytes of the JSON part of a request or answer with binary tensors.
  var inferenceHeaderLength: String? { Self.inferenceHeaderLengthName.flatMap { value($0) } }

  /// Whether the client wants to know how long the stages took.
  var asksForTiming: Bool { Self.serverTimingName.map { contains($0) } ?? false }

  private static let inferenceHeaderLengthName = HTTPField.Name("Inference-Header-Content-Length")
  private static let serverTimingName = HTTPField.Name("Server-Timing")
}
