/// Bytes that were left of an entry when its writing ended too soon.
///
/// They stay where they are. Behind them stand a mark and a line break, and then an entry that says how many there are.
/// When that entry is cut off as well, the next one speaks for all bytes since the last entry that is whole.
enum AuditTear {
  static let action = "audit.torn"
  static let mark = Array("#torn".utf8)

  /// What is written behind the bytes, before the entry.
  static let lineEnd = mark + [UInt8(ascii: "\n")]

  /// The entry's record, for `count` bytes.
  ///
  /// - Parameter digest: Over the bytes, the mark and the line break.
  static func record(_ count: Int, digest: Digest?) -> AuditRecord {
    AuditRecord(
      actor: "mass", action: action, target: digest?.hexadecimal ?? "", detail: "torn line of \(count) bytes dropped")
  }

  /// Whether an entry speaks for the lines before it, `count` bytes with mark and line break.
  static func isAbout(_ entry: AuditEntry, _ count: Int, digest: Digest?) -> Bool {
    let expected = record(count - lineEnd.count, digest: digest)
    return entry.record.action == expected.action && entry.record.target == expected.target
      && entry.record.detail == expected.detail
  }
}
