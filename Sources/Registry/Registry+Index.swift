import GRDB
import MassFormats

/// What bringing the index of a model up to date with its folder found.
struct IndexChange {
  /// Versions that the database did not know.
  var found: [Int] = []
  /// Versions whose folder is gone.
  var lost: [Int] = []
  /// What stands in the folder and cannot be indexed.
  var problems: [RegistryError] = []

  var isEmpty: Bool { found.isEmpty && lost.isEmpty }
}

extension Registry {
  /// Brings what the database knows of a model up to date with its folder.
  func index(_ db: Database, _ model: String) throws -> IndexChange {
    var change = IndexChange()
    let taken = try layout.takenNumbers(model)
    let present = taken.filter { layout.holdsModel(model, $0) }
    var record: ModelRecord?
    if try db.modelRow(model) == nil {
      record = try readRecord(model, &change)
      if present.isEmpty && record == nil { return change }
      try db.insertModel(model)
    }
    let states = try db.states(model)
    for number in present where states[number] == nil || states[number] == .removed {
      if try adopt(db, model, number, &change) { change.found.append(number) }
    }
    for (number, state) in states where state != .removed && !present.contains(number) {
      try lose(db, model, number)
      change.lost.append(number)
    }
    if let record { try apply(record, db) }
    // What is no version occupies its number all the same.
    try db.raiseHighest(model, to: taken.max() ?? 0)
    change.lost.sort()
    if !change.isEmpty || record != nil { try db.bumpRevision() }
    return change
  }

  private func readRecord(_ model: String, _ change: inout IndexChange) throws -> ModelRecord? {
    do throws(RegistryError) { return try ModelRecord.read(layout.record(model), model: model) } catch {
      change.problems.append(error)
      return nil
    }
  }

  /// Takes a version's folder into the database: by its manifest, or as it is.
  private func adopt(_ db: Database, _ model: String, _ number: Int, _ change: inout IndexChange) throws -> Bool {
    let folder = layout.version(model, number)
    do throws(RegistryError) {
      if let manifest = try Manifest.read(folder: folder, model: model, version: number) {
        for file in manifest.files where FileSystem.byteCount("\(folder)/\(file.name)") != file.byteCount {
          throw RegistryError(
            .corrupt, "\(folder)/\(file.name) does not have the \(file.byteCount) bytes that were published")
        }
        return try insert(db, manifest)
      }
    } catch {
      guard error.kind == .corrupt else { throw error }
      change.problems.append(error)
      return false
    }
    let files = try Files.names(in: folder).map { "\(folder)/\($0)" }.filter(Files.isFile)
    let time = UTCTime(secondsSince1970: FileSystem.modified(folder) ?? 0)
    try db.insertVersion(
      model, number, .published, files: [],
      byteCount: files.map(FileSystem.byteCount).reduce(0) { min($0, Int.max / 2) + min($1, Int.max / 2) }, by: "",
      at: time,
      note: "")
    try db.log(.found, model, number, by: "", "without a manifest")
    return true
  }

  private func insert(_ db: Database, _ manifest: Manifest) throws(RegistryError) -> Bool {
    do {
      try db.insertVersion(
        manifest.model, manifest.version, .published, files: manifest.files,
        byteCount: manifest.files.totalBytes ?? 0, by: manifest.publishedBy, at: manifest.publishedAt,
        note: manifest.note)
      try db.log(.found, manifest.model, manifest.version, by: "", "by its manifest")
      return true
    } catch { throw RegistryError(error, database: layout.database) }
  }

  private func lose(_ db: Database, _ model: String, _ number: Int) throws {
    try db.setState(model, number, .removed)
    try db.dropLabels(model, of: number)
    if try db.modelRow(model)?.current == number { try db.setCurrent(model, nil) }
    try db.log(.lost, model, number, by: "", "its folder is gone")
  }

  /// Restores what the database knew before it was lost, as far as the versions are there.
  private func apply(_ record: ModelRecord, _ db: Database) throws {
    let model = record.model
    let known = try db.states(model)
    for number in record.removed where known[number] == nil {
      try db.insertVersion(
        model, number, .removed, files: [], byteCount: 0, by: "", at: UTCTime(secondsSince1970: 0), note: "")
    }
    for number in record.retired where known[number] != nil { try db.setState(model, number, .retired) }
    for number in record.active where known[number] != nil { try db.setState(model, number, .active) }
    for (label, number) in record.labels where known[number] != nil { try db.setLabel(model, label, number) }
    for number in record.history where known[number] != nil { try db.pushActivation(model, number) }
    if let current = record.current, record.active.contains(current), known[current] != nil {
      try db.setCurrent(model, current)
    }
    if record.isManaged { try db.setManaged(model) }
    try db.raiseHighest(model, to: record.highest)
  }

  // MARK: Records

  /// Keeps beside the database what only it knows of a model. Call when all else in the database is done.
  func writeRecord(_ db: Database, _ model: String, _ change: inout FolderChange) throws {
    let path = layout.record(model)
    let former = try? ModelRecord.read(path, model: model)
    let row = try db.requireModel(model)
    let states = try db.states(model)
    func numbers(_ state: VersionState) -> [Int] { states.filter { $0.value == state }.keys.sorted() }
    let record = try ModelRecord(
      model: model, highest: row.highest, isManaged: row.isManaged, current: row.current, active: numbers(.active),
      retired: numbers(.retired), removed: numbers(.removed), history: db.activations(model, last: 100),
      labels: db.labels(model))
    // A model that was only put into the folder needs none.
    guard record.isManaged || !record.removed.isEmpty || former != nil, record != former else { return }
    try Files.makeFolder(layout.models)
    try Files.write(record.text, to: path)
    change.onFailure {
      if let former { try? Files.write(former.text, to: path) } else { Files.removeFile(path) }
    }
    try Files.synchronize(folder: layout.models)
  }
}
