import GRDB
import Synchronization

/// What was published in a repository, and what of it is in service.
///
/// The repository is a folder `<model>/<version>/{model.plan|model.onnx, …}`. The folder is the truth; the registry keeps
/// an index and the history of it in `.mass/registry.sqlite`, and changes folder and index together. Any number of
/// processes may use one repository at once, also over a shared volume. A file taken away is made anew from the folders.
///
/// Every method may wait for the disk and for other processes: call it where that may be. Methods throw `storage` and
/// `corrupt` errors besides those they name, and changes `readOnly` where the folder cannot be written.
public final class Registry: Sendable {
  let layout: RepositoryLayout
  let options: RegistryOptions
  private let connection: Mutex<Connection>

  /// Opens the registry of the folder, and makes it where it is missing.
  ///
  /// - Throws: `notFound` where there is no such folder, `conflict` where a newer program made the registry.
  public init(repository: String, options: RegistryOptions = RegistryOptions()) throws(RegistryError) {
    layout = RepositoryLayout(root: repository)
    self.options = options
    let opened = try Connection.open(layout, options)
    connection = Mutex(opened)
    if opened.isNew { try fill(opened) }
  }

  /// The folder, as a path that holds a slash.
  public var repository: String { layout.root }

  /// Whether every change is refused.
  public var isReadOnly: Bool { connection.withLock { $0.isReadOnly } }

  // MARK: Transactions

  /// The connection; another one where the database's file was taken away or replaced.
  private func current() throws(RegistryError) -> Connection {
    let outcome: Result<(Connection, Bool), RegistryError> = connection.withLock { connection in
      guard options.access != .immutable, Connection.FileIdentity(layout.database) != connection.file else {
        return .success((connection, false))
      }
      do throws(RegistryError) {
        // A volume that is not mounted looks like an empty folder: nothing new is begun there.
        guard Files.isFolder(layout.registry) else {
          throw RegistryError(.storage, "\(layout.registry) is gone; see that the repository's volume is mounted")
        }
        connection = try Connection.open(layout, options)
        return .success((connection, connection.isNew))
      } catch { return .failure(error) }
    }
    let (connection, mustFill) = try outcome.get()
    if mustFill { try fill(connection) }
    return connection
  }

  /// Reads a consistent state.
  func read<Value>(_ body: (Database) throws -> Value) throws(RegistryError) -> Value {
    let connection = try current()
    do { return try connection.queue.read(body) } catch { throw RegistryError(error, database: layout.database) }
  }

  /// Changes the database in one transaction; nobody else changes anything meanwhile.
  ///
  /// `body` changes the folder last of all, and says how to undo it for the case that the transaction cannot end.
  func change<Value>(_ body: (Database, inout FolderChange) throws -> Value) throws(RegistryError) -> Value {
    let connection = try current()
    guard !connection.isReadOnly else {
      let remedy = "give this process the right to write there, or work where the folder can be written"
      throw RegistryError(.readOnly, "the repository \(layout.root) is opened for reading only; \(remedy)")
    }
    var folder = FolderChange()
    do {
      return try connection.queue.write { db in try body(db, &folder) }
    } catch {
      folder.undo()
      throw RegistryError(error, database: layout.database)
    }
  }

  /// Indexes the folders in a new database.
  private func fill(_ connection: Connection) throws(RegistryError) {
    do {
      // A database in memory is written although the folder is not.
      try connection.queue.write { db in
        for name in try layout.modelNames() { _ = try index(db, name) }
      }
    } catch { throw RegistryError(error, database: layout.database) }
  }
}

/// How to take back what a transaction did to the folder.
struct FolderChange {
  private var steps: [() -> Void] = []

  mutating func onFailure(_ step: @escaping () -> Void) { steps.append(step) }

  func undo() {
    for step in steps.reversed() { step() }
  }
}
