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
      guard PercentCoding.decoded(parts[0]) == name else { continue }
      return PercentCoding.decoded(parts.count > 1 ? parts[1] : pair[pair.endIndex...])
    }
    return nil
  }

  /// The path's segments, percent-decoded; nil when an escape is malformed or hides a control character.
  var segments: [String]? {
    var result: [String] = []
    for part in path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      guard let text = PercentCoding.decoded(part) else { return nil }
      result.append(text)
    }
    return result
  }
}

/// RFC 3986, section 2.1.
enum PercentCoding {
  /// nil when an escape is incomplete, the bytes are not UTF-8, or a control character results.
  static func decoded(_ bytes: some Sequence<UInt8>) -> String? {
    var result: [UInt8] = []
    var iterator = bytes.makeIterator()
    while let byte = iterator.next() {
      guard byte == UInt8(ascii: "%") else {
        result.append(byte)
        continue
      }
      guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else { return nil }
      result.append(high << 4 | low)
    }
    guard result.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
    return String(validating: result, as: UTF8.self)
  }

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
  /// Bytes of the JSON part of a request or answer with binary tensors.
  var inferenceHeaderLength: String? { Self.inferenceHeaderLengthName.flatMap { self[$0] } }

  /// Whether the client wants to know how long the stages took.
  var asksForTiming: Bool { Self.serverTimingName.map { contains($0) } ?? false }

  private static let inferenceHeaderLengthName = HTTPField.Name("Inference-Header-Content-Length")
  private static let serverTimingName = HTTPField.Name("Server-Timing")
}
