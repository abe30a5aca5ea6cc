/// Where a model is served: `http://HOST:PORT/v2/models/NAME`, with `/versions/N` for one version.
public struct ModelAddress: Hashable, Sendable, CustomStringConvertible {
  public enum Scheme: String, Hashable, Sendable {
    case http, https
  }

  public let scheme: Scheme
  /// A name or an address; one of IPv6 without its brackets.
  public let host: String
  public let port: Int
  /// The path of the model, percent-encoded as it was given, without a slash at its end.
  public let path: String

  /// Longer texts are refused.
  public static let byteLimit = 4096

  /// Reads a URL; `/infer` at its end is as good as none.
  ///
  /// - Throws: `invalidAddress` for everything else, so that no byte of a request's head comes unchecked.
  public init(_ url: String) throws(ClientError) {
    func refusal(_ reason: String) -> ClientError { .invalidAddress(url, reason: reason) }
    guard url.utf8.count <= Self.byteLimit, url.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      throw refusal("it has blanks or characters that must be percent-encoded")
    }
    guard let mark = url.range(of: "://"), let scheme = Scheme(rawValue: url[..<mark.lowerBound].lowercased()) else {
      throw refusal("it does not begin with http:// or https://")
    }
    let rest = url[mark.upperBound...]
    let start = rest.firstIndex(of: "/") ?? rest.endIndex
    guard !rest.contains(where: { "?#@\"<>\\^`{|}".contains($0) }) else {
      throw refusal("it has a user, a query or characters that must be percent-encoded")
    }
    guard let (host, port) = Self.authority(rest[..<start], scheme) else {
      throw refusal("its host or port is invalid")
    }
    guard let path = Self.modelPath(rest[start...]) else { throw refusal("its path does not name a model") }
    self.scheme = scheme
    self.host = host
    self.port = port
    self.path = path
  }

  private static func authority(_ text: Substring, _ scheme: Scheme) -> (String, Int)? {
    var host = text
    var port = scheme == .http ? 80 : 443
    if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
      guard let number = UInt16(text[text.index(after: colon)...]), number > 0 else { return nil }
      host = text[..<colon]
      port = Int(number)
    }
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if isBracketed { host = host.dropFirst().dropLast() }
    let isValid = host.utf8.allSatisfy { byte in
      let character = Character(Unicode.Scalar(byte))
      return character.isLetter || character.isNumber || ".-_".contains(character) || isBracketed && character == ":"
    }
    return isValid && !host.isEmpty ? (String(host), port) : nil
  }

  /// The path up to the model's name or version; nil unless there is `/v2/models/NAME`.
  private static func modelPath(_ path: Substring) -> String? {
    var parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    if parts.last == "" { parts.removeLast() }
    if parts.last == "infer" { parts.removeLast() }
    guard !parts.contains("") else { return nil }
    var model = parts
    if model.count >= 2, model[model.endIndex - 2] == "versions" { model.removeLast(2) }
    guard model.count >= 3, model[model.endIndex - 3] == "v2", model[model.endIndex - 2] == "models" else { return nil }
    return "/" + parts.joined(separator: "/")
  }

  /// What a request's `Host` says.
  public var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (scheme == .http ? 80 : 443) ? name : "\(name):\(port)"
  }

  public var description: String { "\(scheme.rawValue)://\(authority)\(path)" }
}

extension String {
  /// Where `other` stands first.
  fileprivate func range(of other: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(other) { return start..<index(start, offsetBy: other.count) }
      start = index(after: start)
    }
    return nil
  }
}
