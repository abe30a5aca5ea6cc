import GRDB

extension Registry {
  /// Deletes the files of a version. Its number stays taken and its history stays known.
  ///
  /// - Parameter force: Whether versions go too that are in service or have labels.
  /// - Throws: `notFound` where there is no such version, `conflict` where one of these reasons keeps it.
  public func remove(_ model: String, _ version: Int, by actor: String, force: Bool = false) throws(RegistryError) {
    try check(model, by: actor)
    let trash = "\(layout.trash)/\(RepositoryLayout.uniqueName())"
    try change { db, folder in
      _ = try index(db, model)
      try requireVersion(db, model, version)
      try manage(db, model)
      if !force { try refuseUsed(db, model, version) }
      try retire(db, model, version)
      try db.setState(model, version, .removed)
      try db.dropLabels(model, of: version)
      try db.log(.remove, model, version, by: actor, force ? "by force" : "")
      try db.bumpRevision()
      try writeRecord(db, model, &folder)
      let path = layout.version(model, version)
      try Files.makeFolder(layout.trash)
      try Files.move(folder: path, to: trash)
      folder.onFailure { try? Files.move(folder: trash, to: path) }
      try Files.synchronize(folder: layout.model(model))
    }
    // Readers that have the files open keep them.
    Files.removeTree(trash)
  }

  private func refuseUsed(_ db: Database, _ model: String, _ version: Int) throws {
    guard try db.states(model)[version] != .active else {
      throw RegistryError(
        .conflict,
        "version \(version) of \(quoted(model)) is in service; activate another or deactivate it first, or use force")
    }
    let labels = try db.labels(model).filter { $0.value == version }.keys.sorted()
    guard labels.isEmpty else {
      throw RegistryError(
        .conflict,
        """
        version \(version) of \(quoted(model)) has the label \(labels.joined(separator: ", ")); move or take away the \
        label first, or use force
        """)
    }
  }
}
