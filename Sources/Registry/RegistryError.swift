import GRDB
import MassFormats
import MassJSON

/// Why the registry did not do what was asked, with what to do about it.
public struct RegistryError: Error, Hashable, CustomStringConvertible {
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// There is no such model, version, label or folder.
    case notFound
    /// What is there forbids it.
    case conflict
    /// The request is wrong in itself.
    case invalid
    /// The database, or a file of the repository, is damaged.
    case corrupt
    /// The repository cannot be changed from here.
    case readOnly
    /// The file system or the database failed; the same request may succeed later.
    case storage
  }

  public var kind: Kind
  public var message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  public var description: String { message }
}

extension RegistryError {
  /// What the database said of the file at `path`, and every other error that leaves a transaction.
  init(_ error: any Error, database path: String) {
    switch error {
    case let error as RegistryError: self = error
    case let error as DatabaseError: self.init(error, path)
    case is RowDecodingError: self.init(.corrupt, Self.damaged(path, "a value in it has the wrong type"))
    default: self.init(.storage, "\(path): \(error)")
    }
  }

  private init(_ error: DatabaseError, _ path: String) {
    let reason = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_ERROR, .SQLITE_MISMATCH:
      self.init(.corrupt, Self.damaged(path, reason))
    case .SQLITE_READONLY, .SQLITE_PERM:
      self.init(.readOnly, "\(path) cannot be written (\(reason)); work where the repository is writable")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(.storage, "\(path) is in use by another process (\(reason)); try again")
    case .SQLITE_FULL:
      self.init(.storage, "\(path) cannot grow (\(reason)); free space on its disk and try again")
    default:
      self.init(.storage, "\(path): \(reason)")
    }
  }

  static func damaged(_ path: String, _ reason: String) -> String {
    """
    \(path) is damaged or not a registry (\(reason)); move it and \(path)-journal away: the next start builds a new one \
    from the folders
    """
  }

  /// What the system says of the call that just failed.
  static func system(_ path: String, _ code: Int32 = Files.lastError) -> RegistryError {
    let isReadOnly = Files.isRefusal(code)
    let remedy = isReadOnly ? "; work where the repository is writable" : ""
    return RegistryError(isReadOnly ? .readOnly : .storage, "\(path): \(Files.text(code))\(remedy)")
  }
}
