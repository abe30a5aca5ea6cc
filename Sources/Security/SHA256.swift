import CryptoShim

/// A running SHA-256.
@safe final class SHA256 {
  private var context: OpaquePointer?

  init() { unsafe context = mass_sha256_start() }

  deinit {
    guard unsafe context != nil else { return }
    _ = finish()
  }

  func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe mass_sha256_update(context, $0.baseAddress, $0.count) }
  }

  func update(_ bytes: [UInt8]) { unsafe update(bytes.span.bytes) }
  func update(_ text: String) { update([UInt8](text.utf8)) }

  /// The digest; nil when it could not be computed. Call once, last.
  func finish() -> Digest? {
    var bytes = [UInt8](repeating: 0, count: Int(MASS_SHA256_BYTES))
    unsafe mass_sha256_finish(context, &bytes)
    unsafe context = nil
    let digest = Digest(bytes: bytes)
    return digest.isZero ? nil : digest
  }
}

/// The 32 bytes of a SHA-256.
struct Digest: Hashable, Sendable {
  let bytes: [UInt8]

  static let zero = Digest(bytes: [UInt8](repeating: 0, count: 32))

  fileprivate init(bytes: [UInt8]) { self.bytes = bytes }

  /// Reads 64 digits of lowercase hexadecimal.
  init?(hexadecimal text: some Collection<UInt8>) {
    guard text.count == 64 else { return nil }
    let digits = text.compactMap(Self.digit)
    guard digits.count == 64 else { return nil }
    bytes = stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: nil
    }
  }

  /// Whether both are the same, told in the same time wherever they differ.
  func isSame(as other: Digest) -> Bool {
    var difference: UInt8 = 0
    for (a, b) in zip(bytes, other.bytes) { difference |= a ^ b }
    return difference == 0 && bytes.count == other.bytes.count
  }

  /// In lowercase hexadecimal.
  var hexadecimal: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// Whether no content has it.
  var isZero: Bool { isSame(as: .zero) }
}
