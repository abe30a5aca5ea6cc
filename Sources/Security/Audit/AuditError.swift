/// Why an audit log is not opened, read or written.
public struct AuditError: Error, Hashable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// The system could not read or write the file, or there is no room on the disk.
    case storage
    case notFound
    /// Another process writes it.
    case inUse
    /// What stands in it does not verify.
    case damaged
    /// An action that entries about the log itself are for.
    case reserved
  }

  public var kind: Kind
  public var message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  init(_ fault: FileFault) { self.init(fault.isMissing ? .notFound : .storage, "\(fault)") }

  public var description: String { message }
}

/// The first line of an audit log that does not verify.
public struct AuditFault: Hashable, Sendable, CustomStringConvertible {
  public enum Reason: Error, Hashable, Sendable {
    /// The line is not an entry.
    case noEntry
    /// The line is not what its hash was computed of.
    case wrongHash
    /// The entry does not follow the one before.
    case wrongPrevious
    case wrongSequence(expected: Int, got: Int)
    /// The line was cut off, and no entry says so.
    case torn
    /// An entry about a line that was cut off is not about what stands before it.
    case wrongTear
  }

  /// From 1.
  public var line: Int
  public var reason: Reason

  public var description: String { "line \(line): \(reason)" }
}

extension AuditFault.Reason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noEntry: "not an entry"
    case .wrongHash: "the entry is not what its hash was computed of"
    case .wrongPrevious: "the entry does not follow the one before: entries were changed, removed or moved"
    case .wrongSequence(let expected, let got): "expected entry \(expected), got \(got)"
    case .torn: "the line was cut off; opening the log for writing makes an entry of it"
    case .wrongTear: "the entry about a line that was cut off is not about what stands before it"
    }
  }
}
