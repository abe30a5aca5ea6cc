import CryptoShim

/// A running SHA-256.
@safe final class ContentDigest {
  private var context: OpaquePointer?

  init() { unsafe context = mass_sha256_start() }

  deinit {
    var digest = [UInt8](repeating: 0, count: Int(MASS_SHA256_BYTES))
    if unsafe context != nil { unsafe mass_sha256_finish(context, &digest) }
  }

  func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe mass_sha256_update(context, $0.baseAddress, $0.count) }
  }

  /// The digest in lowercase hexadecimal. Call once, last.
  func finish() -> String {
    var digest = [UInt8](repeating: 0, count: Int(MASS_SHA256_BYTES))
    unsafe mass_sha256_finish(context, &digest)
    unsafe context = nil
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  static func isDigest(_ text: String) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
      }
  }
}

extension [RegisteredFile] {
  /// SHA-256 over a line `digest size name` for each file, by name.
  var digest: String {
    let digest = ContentDigest()
    for file in sorted(by: { $0.name < $1.name }) {
      unsafe digest.update([UInt8]("\(file.sha256) \(file.byteCount) \(file.name)\n".utf8).span.bytes)
    }
    return digest.finish()
  }

  /// Nil where a sum of hostile sizes has no representation.
  var totalBytes: Int? {
    var total = 0
    for file in self {
      let (sum, overflow) = total.addingReportingOverflow(file.byteCount)
      guard !overflow else { return nil }
      total = sum
    }
    return total
  }
}
