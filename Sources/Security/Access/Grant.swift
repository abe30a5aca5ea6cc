/// What somebody may do; each role may do all that the roles before it may.
public enum Role: String, Hashable, Comparable, Sendable, CaseIterable {
  /// Sees models, their metadata and counts.
  case reader
  /// Sends requests to models.
  case predictor
  /// Publishes versions, and decides which are in service.
  case publisher
  /// Everything.
  case admin

  public static func < (a: Role, b: Role) -> Bool { a.rank < b.rank }

  private var rank: Int {
    switch self {
    case .reader: 0
    case .predictor: 1
    case .publisher: 2
    case .admin: 3
    }
  }
}

/// Names of models: `*` stands for any characters, none too, and `?` for one.
public struct ModelPattern: Hashable, Sendable, CustomStringConvertible {
  private let bytes: [UInt8]

  public static let all = ModelPattern(bytes: [UInt8(ascii: "*")])
  public static let lengthLimit = 128

  private init(bytes: [UInt8]) { self.bytes = bytes }

  /// Nil unless the text has 1 to 128 characters that names of models have, or `*` and `?`.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard (1...Self.lengthLimit).contains(bytes.count), bytes.allSatisfy(Self.isAllowed) else { return nil }
    self.bytes = bytes
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    NameByte.isAllowed(byte) || byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?")
  }

  public var description: String { String(decoding: bytes, as: UTF8.self) }

  /// Whether every name matches.
  public var isAll: Bool { bytes.allSatisfy { $0 == UInt8(ascii: "*") } }

  /// A name of more than 4096 bytes, or with characters that models' names do not have, matches nothing but a pattern
  /// of stars: some of those characters are equal to others as text, and not as bytes.
  ///
  /// - Complexity: At most the pattern's length times the name's.
  public func matches(_ name: String) -> Bool {
    if isAll { return true }
    let name = Array(name.utf8.prefix(4097))
    return name.count <= 4096 && name.allSatisfy(NameByte.isAllowed) && matches(name)
  }

  // The last star takes one byte more whenever what follows it does not match: an earlier star never has to.
  private func matches(_ name: [UInt8]) -> Bool {
    var (i, j) = (0, 0)
    var star: (pattern: Int, name: Int)?
    while j < name.count {
      if i < bytes.count, bytes[i] == UInt8(ascii: "*") {
        star = (i, j)
        i += 1
      } else if i < bytes.count, bytes[i] == UInt8(ascii: "?") || bytes[i] == name[j] {
        i += 1
        j += 1
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        (i, j) = (last.pattern + 1, last.name + 1)
      } else {
        return false
      }
    }
    return bytes[i...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}

/// A role, on the models whose names match.
public struct Grant: Hashable, Sendable, CustomStringConvertible {
  public var role: Role
  public var models: ModelPattern

  public init(_ role: Role, on models: ModelPattern = .all) {
    self.role = role
    self.models = models
  }

  public var description: String { models.isAll ? role.rawValue : "\(role.rawValue):\(models)" }
}

/// What names of tenants and models are made of.
enum NameByte {
  static func isAllowed(_ byte: UInt8) -> Bool {
    isLetterOrDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
  }

  static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}
