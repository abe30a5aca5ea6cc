import GRDB

extension Registry {
  /// Begins a version's files.
  public func beginUpload() throws(RegistryError) -> Upload {
    guard !isReadOnly else {
      throw RegistryError(.readOnly, "\(layout.root) is opened for reading only; publish where it can be written")
    }
    try Files.makeFolder(layout.registry)
    try Files.makeFolder(layout.staging)
    return try Upload(in: layout.staging, limits: options)
  }

  /// Makes an upload a version of a model. It is whole when anybody sees it, and durable when this returns.
  ///
  /// - Parameter version: A number that the model never had; nil for the highest it ever had and one more.
  /// - Parameter activate: Whether it becomes the current version, in place of the former one.
  /// - Throws: `invalid` where the files are no model, `conflict` where the number is taken, and what the options'
  ///   `validate` throws. The upload is then as it was.
  @discardableResult
  public func publish(
    _ upload: Upload, model: String, version: Int? = nil, by actor: String, note: String = "", activate: Bool = false
  ) throws(RegistryError) -> RegisteredVersion {
    try check(model, by: actor)
    try PublishedText.checkNote(note)
    if let version { try VersionNumber.check(version) }
    let files = try upload.beginPublishing()
    var isPublished = false
    defer { upload.endPublishing(isPublished: isPublished) }
    if let name = files.map(\.name).first(where: RepositoryLayout.modelFiles.contains) {
      try options.validate("\(upload.folder)/\(name)")
    }
    let published = try change { db, folder in
      _ = try index(db, model)
      let number = try freeNumber(db, model, version)
      let manifest = Manifest(
        model: model, version: number, files: files, publishedBy: actor, publishedAt: .now().inSeconds, note: note)
      try insert(db, manifest, activate: activate)
      try db.bumpRevision()
      let published = try Self.version(db, model, number)
      try writeRecord(db, model, &folder)
      try place(upload.folder, manifest, &folder)
      return published
    }
    isPublished = true
    return published
  }

  /// Publishes copies of files, under their own names.
  @discardableResult
  public func publish(
    copying paths: [String], model: String, version: Int? = nil, by actor: String, note: String = "",
    activate: Bool = false
  ) throws(RegistryError) -> RegisteredVersion {
    let upload = try beginUpload()
    defer { upload.abandon() }
    for path in paths {
      let name = path.split(separator: "/").last.map(String.init) ?? path
      try upload.copy(file: name, from: path)
    }
    return try publish(upload, model: model, version: version, by: actor, note: note, activate: activate)
  }

  /// The number of a new version.
  private func freeNumber(_ db: Database, _ model: String, _ wanted: Int?) throws -> Int {
    let highest = try max(db.modelRow(model)?.highest ?? 0, layout.takenNumbers(model).max() ?? 0)
    guard let wanted else {
      guard VersionNumber.isValid(highest + 1) else {
        throw RegistryError(.conflict, "\(quoted(model)) has no number after \(highest); name a version that is free")
      }
      return highest + 1
    }
    let remedy = "numbers are never used again; publish as \(highest + 1), or name no version"
    if let state = try db.states(model)[wanted] {
      let reason = state == .removed ? "existed and is removed" : "exists"
      throw RegistryError(.conflict, "version \(wanted) of \(quoted(model)) \(reason); \(remedy)")
    }
    guard Files.mode(layout.version(model, wanted)) == nil else {
      throw RegistryError(.conflict, "\(layout.version(model, wanted)) exists; \(remedy)")
    }
    return wanted
  }

  private func insert(_ db: Database, _ manifest: Manifest, activate isActivated: Bool) throws {
    let (model, number) = (manifest.model, manifest.version)
    if try db.modelRow(model) == nil { try db.insertModel(model) }
    try manage(db, model)
    try db.insertVersion(
      model, number, .published, files: manifest.files, byteCount: manifest.files.totalBytes ?? 0,
      by: manifest.publishedBy, at: manifest.publishedAt, note: manifest.note)
    try db.log(.publish, model, number, by: manifest.publishedBy, manifest.note)
    if isActivated {
      try activate(db, model, number, by: manifest.publishedBy, exclusive: true, asCurrent: true)
    }
  }

  /// Moves a staged folder to where its version is read.
  private func place(_ staged: String, _ manifest: Manifest, _ change: inout FolderChange) throws(RegistryError) {
    try Files.write(manifest.text, to: "\(staged)/\(Manifest.fileName)")
    try Files.synchronize(folder: staged)
    let parent = layout.model(manifest.model)
    if try Files.makeFolder(parent) {
      change.onFailure { Files.removeEmptyFolder(parent) }
      try Files.synchronize(folder: layout.root)
    }
    let path = layout.version(manifest.model, manifest.version)
    try Files.move(folder: staged, to: path)
    change.onFailure { try? Files.move(folder: path, to: staged) }
    try Files.synchronize(folder: parent)
  }
}
