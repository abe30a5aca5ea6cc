import GRDB

/// What a reconciliation did.
public struct Reconciliation: Hashable, Sendable {
  public struct Version: Hashable, Sendable {
    public var model: String
    public var number: Int

    public init(model: String, number: Int) {
      self.model = model
      self.number = number
    }
  }

  /// Versions that stood in a folder and that the database did not know.
  public var found: [Version] = []
  /// Versions that the database knew and whose folder is gone.
  public var lost: [Version] = []
  /// Uploads that nobody would have finished, and removed versions that were not deleted yet.
  public var deletedFolders = 0
  /// What stands in folders and is no version that could be taken in, each with what to do about it.
  public var problems: [RegistryError] = []
}

extension Registry {
  /// Brings the database up to date with the folders, and deletes what interrupted processes left behind.
  ///
  /// A server does this when it starts. What is whole stays untouched, so any number of processes may do it at any time.
  @discardableResult
  public func reconcile() throws(RegistryError) -> Reconciliation {
    var result = Reconciliation()
    let known = try read { db in try db.modelNames() }
    for model in try Set(layout.modelNames()).union(known).sorted() {
      let change = try change { db, folder in
        let change = try index(db, model)
        if !change.isEmpty { try writeRecord(db, model, &folder) }
        return change
      }
      result.found += change.found.map { Reconciliation.Version(model: model, number: $0) }
      result.lost += change.lost.map { Reconciliation.Version(model: model, number: $0) }
      result.problems += change.problems
    }
    // Whoever moves a folder to the trash holds the database.
    let trash = try change { _, _ in try Files.names(in: layout.trash) }
    for name in trash { Files.removeTree("\(layout.trash)/\(name)") }
    result.deletedFolders = try trash.count + StagingFolder.sweep(layout.staging)
    return result
  }

  /// Reads the files of a version and compares them with what was published.
  ///
  /// - Throws: `notFound` where there is no such version, `invalid` where it was not published but put there, `corrupt`
  ///   where a file differs.
  public func verify(_ model: String, _ number: Int) throws(RegistryError) {
    try read { db in try requireVersion(db, model, number) }
    let version = try version(model, number)
    guard version.digest != nil else {
      throw RegistryError(
        .invalid, "version \(number) of \(quoted(model)) was not published here: nothing says what its files were")
    }
    for file in version.files {
      let path = "\(layout.version(model, number))/\(file.name)"
      let digest = ContentDigest()
      try SourceFile.read(path) { (bytes) throws(RegistryError) in digest.update(bytes) }
      guard digest.finish() == file.sha256 else {
        throw RegistryError(
          .corrupt, "\(path) is not the file that was published; roll back, remove the version and publish it again")
      }
    }
  }
}
