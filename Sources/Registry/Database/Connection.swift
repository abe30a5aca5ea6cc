import GRDB
import MassFormats

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// An open database and the file it is.
struct Connection: Sendable {
  /// Tells a file from one that took its place; nil for one that is not there.
  struct FileIdentity: Hashable {
    var device: UInt64
    var inode: UInt64

    init?(_ path: String) {
      var status = stat()
      guard unsafe stat(path, &status) == 0 else { return nil }
      device = UInt64(status.st_dev)
      inode = UInt64(status.st_ino)
    }
  }

  let queue: DatabaseQueue
  let file: FileIdentity?
  let isReadOnly: Bool
  /// Whether it was empty, and must be filled from the folders.
  let isNew: Bool

  static func open(_ layout: RepositoryLayout, _ options: RegistryOptions) throws(RegistryError) -> Connection {
    guard Files.isFolder(layout.root) else {
      throw RegistryError(.notFound, "\(layout.root) is not a folder; make it, or name the repository's folder")
    }
    do {
      if try options.access == .automatic && isWritable(layout) { return try writable(layout, options) }
      guard Files.isFile(layout.database) else { return try temporary() }
      return try readOnly(layout, options)
    } catch {
      throw RegistryError(error, database: layout.database)
    }
  }

  private static func isWritable(_ layout: RepositoryLayout) throws(RegistryError) -> Bool {
    do throws(RegistryError) { try Files.makeFolder(layout.registry) } catch {
      if error.kind == .readOnly { return false }
      throw error
    }
    guard FileSystem.isWritable(layout.registry) else { return false }
    return [layout.database, layout.openingLock].allSatisfy { Files.mode($0) == nil || FileSystem.isWritable($0) }
  }

  // MARK: Kinds

  private static func configuration(_ options: RegistryOptions) -> Configuration {
    var configuration = Configuration()
    configuration.label = "registry"
    configuration.busyMode = .timeout(options.busyTimeout)
    return configuration
  }

  private static func writable(_ layout: RepositoryLayout, _ options: RegistryOptions) throws -> Connection {
    // Only one process at a time makes or migrates the tables.
    let lock = try FolderLock.waiting(on: layout.openingLock)
    defer { withExtendedLifetime(lock) {} }
    let queue = try DatabaseQueue(path: layout.database, configuration: configuration(options))
    let migrator = Schema.migrator
    let state = try queue.read { db in try inspect(db, migrator, layout.database) }
    if state != .current { try migrator.migrate(queue) }
    return Connection(
      queue: queue, file: FileIdentity(layout.database), isReadOnly: false, isNew: state == .empty)
  }

  private static func readOnly(_ layout: RepositoryLayout, _ options: RegistryOptions) throws -> Connection {
    let path = layout.database
    var configuration = configuration(options)
    configuration.readonly = true
    let queue =
      options.access == .immutable
      ? try DatabaseQueue(path: immutableURI(path), configuration: configuration)
      : try lockedOrImmutable(path, configuration)
    let migrator = Schema.migrator
    switch try queue.read({ db in try inspect(db, migrator, path) }) {
    case .current: break
    case .empty: return try temporary()
    case .older:
      throw RegistryError(.readOnly, "\(path) has older tables; open it once from where it can be written")
    }
    return Connection(queue: queue, file: FileIdentity(path), isReadOnly: true, isNew: false)
  }

  /// Where there are no locks, only what nobody can write may be read without.
  private static func lockedOrImmutable(_ path: String, _ configuration: Configuration) throws -> DatabaseQueue {
    do {
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      _ = try queue.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") }
      return queue
    } catch let error as DatabaseError {
      var status = statvfs()
      guard unsafe statvfs(path, &status) == 0, status.f_flag & UInt(ST_RDONLY) != 0 else { throw error }
      return try DatabaseQueue(path: immutableURI(path), configuration: configuration)
    }
  }

  /// In memory, for folders that cannot be written and have no database.
  private static func temporary() throws -> Connection {
    let queue = try DatabaseQueue()
    try Schema.migrator.migrate(queue)
    return Connection(queue: queue, file: nil, isReadOnly: true, isNew: true)
  }

  private static func immutableURI(_ path: String) -> String {
    var escaped = ""
    for scalar in path.unicodeScalars {
      switch scalar {
      case "%": escaped += "%25"
      case "?": escaped += "%3F"
      case "#": escaped += "%23"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return "file:\(escaped)?immutable=1"
  }

  // MARK: Tables

  private enum State {
    case empty, older, current
  }

  private static func inspect(_ db: Database, _ migrator: DatabaseMigrator, _ path: String) throws -> State {
    if try migrator.hasBeenSuperseded(db) {
      throw RegistryError(
        .conflict, "\(path) was written by a newer version of this program; use that version, or a newer one")
    }
    if try migrator.hasCompletedMigrations(db) { return .current }
    if try !migrator.appliedIdentifiers(db).isEmpty { return .older }
    let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master WHERE name <> 'grdb_migrations'")
    guard tables == 0 else {
      throw RegistryError(.corrupt, RegistryError.damaged(path, "its tables are of something else"))
    }
    return .empty
  }
}
