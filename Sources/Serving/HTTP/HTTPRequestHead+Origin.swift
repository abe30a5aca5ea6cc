import HTTPTypes

/// What browsers say of the page that a request comes from (RFC 6454), for servers that ask for no keys: a page of anybody can
/// make a browser on this machine send requests here, and point a name of its own at this machine.
extension HTTPRequestHead {
  /// Whether it changes what is served.
  private var isChange: Bool {
    guard method != .get, method != .head, let segments, segments.first == "v2" else { return false }
    return segments.dropFirst().first == "registry" || ["load", "unload"].contains(segments.last ?? "")
  }

  private static let origin = HTTPField.Name("Origin")

  /// - Throws: `permissionDenied` for a change that a page asks for which this server did not send.
  func refuseForeignPages() throws(ServingError) {
    guard let origin = Self.origin.flatMap({ headers[$0] }), isChange else { return }
    let source = origin.split(separator: "/", omittingEmptySubsequences: true).last.map(String.init) ?? ""
    let host = source.hasPrefix("[") ? source.prefix { $0 != "]" }.dropFirst() : source.prefix { $0 != ":" }
    guard source == authority, HTTPOptions(host: String(host)).isLoopback else {
      throw ServingError(
        .permissionDenied,
        "a page of \(origin.prefix(200)) may change nothing here; a server with keys asks for one instead"
      )
    }
  }
}
