/// Names that models may have.
public enum ModelName {
  /// Whether no path can be made of the name and URLs need no escapes for it.
  public static func isValid(_ name: String) -> Bool {
    guard (1...128).contains(name.utf8.count), name != "stats", !name.hasPrefix(".") else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
  }

  static func check(_ name: String) throws(RegistryError) {
    guard !isValid(name) else { return }
    throw RegistryError(
      .invalid,
      "\(quoted(name)) is not a model's name: 1 to 128 of A-Z a-z 0-9 . _ -, no leading dot, not 'stats'")
  }
}

/// Numbers that versions may have.
public enum VersionNumber {
  /// Every JSON reader holds them exactly.
  public static let range = 1...9_007_199_254_740_991

  public static func isValid(_ number: Int) -> Bool { range.contains(number) }

  /// The number that a folder's name spells, if it spells one.
  static func of(folder name: String) -> Int? {
    guard let number = Int(name), isValid(number), String(number) == name else { return nil }
    return number
  }

  static func check(_ number: Int) throws(RegistryError) {
    guard !isValid(number) else { return }
    throw RegistryError(.invalid, "\(number) is not a version: expected \(range.lowerBound) to \(range.upperBound)")
  }
}

/// Names that stand for a version, such as `stable` and `canary`.
public enum VersionLabel {
  public static func isValid(_ label: String) -> Bool {
    guard (1...64).contains(label.utf8.count), let first = label.utf8.first, isLetter(first) else { return false }
    return label.utf8.allSatisfy { byte in
      isLetter(byte) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || byte == UInt8(ascii: "_")
        || byte == UInt8(ascii: "-")
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte }

  static func check(_ label: String) throws(RegistryError) {
    guard !isValid(label) else { return }
    throw RegistryError(.invalid, "\(quoted(label)) is not a label: 1 to 64 of a-z 0-9 _ -, a letter first")
  }
}

/// What files of a version may be called, and texts may say.
enum PublishedText {
  /// The manifest's own name is not for files of the model.
  static func isFileName(_ name: String) -> Bool {
    guard (1...255).contains(name.utf8.count), !name.hasPrefix("."), !name.hasPrefix(Manifest.fileName) else {
      return false
    }
    return name.unicodeScalars.allSatisfy { $0 != "/" && $0 != "\\" && $0.value >= 0x20 && $0.value != 0x7F }
  }

  static func checkFileName(_ name: String) throws(RegistryError) {
    guard !isFileName(name) else { return }
    throw RegistryError(
      .invalid,
      """
      \(quoted(name)) is not a file's name: 1 to 255 bytes without separators, control characters and leading dot, \
      and not \(Manifest.fileName) in front
      """)
  }

  static func isActor(_ text: String) -> Bool {
    text.utf8.count <= 256 && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
  }

  static func checkActor(_ text: String) throws(RegistryError) {
    guard !isActor(text) else { return }
    throw RegistryError(.invalid, "who makes a change is named in at most 256 bytes without control characters")
  }

  static func isNote(_ text: String) -> Bool { text.utf8.count <= 4096 && !text.utf8.contains(0) }

  static func checkNote(_ text: String) throws(RegistryError) {
    guard isNote(text) else { throw RegistryError(.invalid, "a note has at most 4096 bytes and no NUL") }
  }
}

/// The text between quotes, cut where it is long; what cannot be printed is left out.
func quoted(_ text: String) -> String {
  let printable = text.unicodeScalars.prefix(80).filter { $0.value >= 0x20 && $0.value != 0x7F }
  return "'\(String(String.UnicodeScalarView(printable)))'"
}
