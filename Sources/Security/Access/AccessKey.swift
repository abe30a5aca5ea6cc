import MassFormats

/// A key's entry in an access file: all about it but its secret.
public struct AccessKey: Hashable, Sendable {
  public var id: String
  /// Whom the audit log names; not unique while a key is being replaced.
  public var name: String
  let digest: Digest
  public var grants: [Grant]
  public var tenant: String?
  public var limit: RequestRate?
  public var created: UTCTime?
  public var expires: UTCTime?

  public func isExpired(_ now: UTCTime) -> Bool { expires.map { $0 <= now } ?? false }
}

/// A key that was just made. Its secret is known here alone.
public struct NewAccessKey: Sendable {
  public var key: AccessKey
  /// What clients present: `mass_<id>_<secret>`.
  public var text: String
}

/// Text of the form `mass_<id>_<secret>`.
struct PresentedKey {
  static let prefix = "mass_"
  static let idLimit = 32
  static let secretRange = 16...128

  var id: String
  var secret: [UInt8]

  init(_ text: String) throws(AccessError) {
    guard !text.isEmpty else { throw .missingKey }
    let bytes = text.utf8
    guard bytes.count <= Self.prefix.utf8.count + Self.idLimit + 1 + Self.secretRange.upperBound,
      bytes.starts(with: Self.prefix.utf8)
    else { throw .malformedKey }
    let rest = bytes.dropFirst(Self.prefix.utf8.count)
    guard let separator = rest.firstIndex(of: UInt8(ascii: "_")) else { throw .malformedKey }
    id = String(decoding: rest[..<separator], as: UTF8.self)
    secret = Array(rest[rest.index(after: separator)...])
    guard Self.isID(id), Self.secretRange.contains(secret.count), secret.allSatisfy(NameByte.isLetterOrDigit) else {
      throw .malformedKey
    }
  }

  static func isID(_ text: String) -> Bool {
    (1...idLimit).contains(text.utf8.count) && text.utf8.allSatisfy(NameByte.isLetterOrDigit)
  }

  /// Secrets are random and long, so that one plain hash keeps them: there are too many to try.
  static func digest(ofSecret secret: [UInt8]) -> Digest? {
    let hash = SHA256()
    hash.update("mass-key-v1\0")
    hash.update(secret)
    return hash.finish()
  }
}

/// Random texts that nobody can guess, from the system's generator.
enum RandomText {
  private static let characters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

  /// 256 bits.
  static func secret() -> [UInt8] { text(43, of: 62) }

  /// 12 characters, a letter first.
  static func id() -> String { "k" + String(decoding: text(11, of: 36).map(lowercase), as: UTF8.self) }

  private static func text(_ count: Int, of kinds: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in characters[Int.random(in: 0..<kinds, using: &generator)] }
  }

  private static func lowercase(_ byte: UInt8) -> UInt8 {
    UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
  }
}
