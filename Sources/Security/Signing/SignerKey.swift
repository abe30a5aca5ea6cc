import CryptoShim
import MassFormats

/// The public key of whoever signs models: Ed25519 (RFC 8032).
public struct SignerKey: Hashable, Sendable {
  /// The 32 bytes of the key.
  public let bytes: [UInt8]

  static let byteCount = Int(MASS_ED25519_KEY_BYTES)
  /// Larger files hold no key.
  static let fileLimit = 16 << 10

  /// - Requires: 32 bytes.
  init(bytes: [UInt8]) {
    precondition(bytes.count == Self.byteCount, "a public key of \(bytes.count) bytes")
    self.bytes = bytes
  }

  /// Reads a PEM file, `-----BEGIN PUBLIC KEY-----`.
  ///
  /// - Throws: `unusableKey`.
  public init(path: String) throws(SigningError) {
    self.init(
      bytes: try unsafe KeyFile.read(path, isPrivate: false) { unsafe mass_ed25519_read_public($0, $1, $2) })
  }

  /// The first 16 hexadecimal digits of the SHA-256 of the key: what it is called.
  public var id: String {
    var digest = [UInt8](repeating: 0, count: Int(MASS_SHA256_BYTES))
    let context = unsafe mass_sha256_start()
    unsafe mass_sha256_update(context, bytes, bytes.count)
    unsafe mass_sha256_finish(context, &digest)
    return String(Hexadecimal.text(digest).prefix(16))
  }

  /// The key as PEM.
  public var pem: String { KeyFile.pem(bytes, isPrivate: false) }

  /// Whether the signature is that of the message by this key.
  func vouches(for message: [UInt8], by signature: [UInt8]) -> Bool {
    guard signature.count == ModelSignature.byteCount else { return false }
    return unsafe mass_ed25519_verify(bytes, message, message.count, signature) == 1
  }
}

/// Keys as PEM files.
enum KeyFile {
  typealias Reader = (UnsafeRawPointer?, Int, UnsafeMutablePointer<UInt8>?) -> Int32

  static func read(_ path: String, isPrivate: Bool, _ reader: Reader) throws(SigningError) -> [UInt8] {
    var pem: [UInt8]
    do throws(FormatError) { pem = try WholeFile.read(path, limit: SignerKey.fileLimit) } catch {
      throw .unusableKey(path: path, reason: error.message)
    }
    defer { unsafe mass_cleanse(&pem, pem.count) }
    var key = [UInt8](repeating: 0, count: SignerKey.byteCount)
    switch unsafe reader(pem, pem.count, &key) {
    case 1: return key
    case 0:
      let kind = isPrivate ? "private key in PEM (PKCS #8) that is not encrypted" : "public key in PEM"
      throw .unusableKey(path: path, reason: "expected a \(kind), got none that can be read")
    default: throw .unusableKey(path: path, reason: "expected an Ed25519 key, got one of another kind")
    }
  }

  static func pem(_ key: [UInt8], isPrivate: Bool) -> String {
    var text = [CChar](repeating: 0, count: 1024)
    let count = unsafe mass_ed25519_write(isPrivate ? 1 : 0, key, &text, text.count)
    return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// Bytes as pairs of digits.
enum Hexadecimal {
  static func text(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The bytes of lower-case digits; nil unless there are `count` of them.
  static func bytes(_ text: String, count: Int) -> [UInt8]? {
    let digits = text.utf8.compactMap { (digit) -> UInt8? in
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
      default: nil
      }
    }
    guard digits.count == text.utf8.count, digits.count == count * 2 else { return nil }
    return (0..<count).map { digits[$0 * 2] << 4 | digits[$0 * 2 + 1] }
  }
}
