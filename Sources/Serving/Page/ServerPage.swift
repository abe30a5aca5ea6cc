import CryptoShim

/// The page at `/`: it lists the models and lets a person try them. It needs nothing but itself and the protocol.
enum ServerPage {
  static let html = Array(text.utf8)

  /// Allows the page's own script and style, requests to this server, and nothing else.
  static let headers = [
    (
      "Content-Security-Policy",
      "default-src 'none'; script-src '\(source(script))'; style-src '\(source(style))'; connect-src 'self'; "
        + "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
  ]

  /// Without indentation and comments.
  private static let script = scriptParts.flatMap { $0.split(separator: "\n") }
    .map { $0.drop { $0 == " " } }.filter { !$0.hasPrefix("//") }.joined(separator: "\n")

  /// Without the spaces that only people need.
  private static let style = [
    ("\n", ""), ("  ", ""), (": ", ":"), ("; ", ";"), (", ", ","), (" {", "{"), ("{ ", "{"), (" }", "}"), (";}", "}"),
  ].reduce(styleText) { $0.replacing($1.0, with: $1.1) }

  private static let text = """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    \(head)
    <style>\(style)</style>
    </head>
    <body>
    \(body)
    <script>\(script)</script>
    </body>
    </html>

    """

  /// How a policy names an element with this text: by its SHA-256.
  private static func source(_ text: String) -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    let bytes = Array(text.utf8)
    let context = unsafe mass_sha256_start()
    unsafe mass_sha256_update(context, bytes, bytes.count)
    unsafe mass_sha256_finish(context, &digest)
    return "sha256-" + base64(digest)
  }

  /// RFC 4648, section 4.
  static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var result: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var bits = group.reduce(0) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
      bits <<= 8
      for _ in 0...group.count {
        result.append(alphabet[Int(bits >> 26)])
        bits <<= 6
      }
      result += [UInt8](repeating: UInt8(ascii: "="), count: 3 - group.count)
    }
    return String(decoding: result, as: UTF8.self)
  }
}
