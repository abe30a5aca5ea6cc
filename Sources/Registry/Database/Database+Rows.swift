import GRDB
import MassFormats

/// The statements of the registry.
extension Database {
  func bumpRevision() throws {
    try execute(sql: "UPDATE registry SET revision = revision + 1")
  }

  func changeStamp() throws -> ChangeStamp {
    guard let row = try Row.fetchOne(self, sql: "SELECT identity, revision FROM registry") else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "it has no revision")
    }
    return try ChangeStamp(
      identity: row.decode(Int.self, forColumn: "identity"), revision: row.decode(Int.self, forColumn: "revision"))
  }

  // MARK: Models

  struct ModelRow {
    var isManaged: Bool
    var highest: Int
    var current: Int?
  }

  func modelRow(_ name: String) throws -> ModelRow? {
    guard let row = try Row.fetchOne(self, sql: "SELECT * FROM models WHERE name = ?", arguments: [name]) else {
      return nil
    }
    let model = try ModelRow(
      isManaged: row.decode(Bool.self, forColumn: "managed"), highest: row.decode(Int.self, forColumn: "highest"),
      current: row.decode(Int?.self, forColumn: "current"))
    guard 0...VersionNumber.range.upperBound ~= model.highest, VersionNumber.isValid(model.current ?? 1) else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the numbers of model \(quoted(name)) are none")
    }
    return model
  }

  func requireModel(_ name: String) throws -> ModelRow {
    if let row = try modelRow(name) { return row }
    throw RegistryError(.notFound, "there is no model \(quoted(name)); publish a version of it first")
  }

  func modelNames() throws -> [String] { try String.fetchAll(self, sql: "SELECT name FROM models ORDER BY name") }

  func insertModel(_ name: String) throws {
    try execute(sql: "INSERT INTO models (name) VALUES (?)", arguments: [name])
  }

  func setManaged(_ name: String) throws {
    try execute(sql: "UPDATE models SET managed = 1 WHERE name = ?", arguments: [name])
  }

  func setCurrent(_ name: String, _ version: Int?) throws {
    try execute(sql: "UPDATE models SET current = ? WHERE name = ?", arguments: [version, name])
  }

  func raiseHighest(_ name: String, to number: Int) throws {
    let sql = "UPDATE models SET highest = max(highest, ?) WHERE name = ?"
    try execute(sql: sql, arguments: [number, name])
  }

  // MARK: Versions

  func states(_ model: String) throws -> [Int: VersionState] {
    var states: [Int: VersionState] = [:]
    let sql = "SELECT number, state FROM versions WHERE model = ?"
    for row in try Row.fetchAll(self, sql: sql, arguments: [model]) {
      try states[row.decode(Int.self, forColumn: "number")] = Self.state(row)
    }
    return states
  }

  static func state(_ row: Row) throws -> VersionState {
    let text = try row.decode(String.self, forColumn: "state")
    guard let state = VersionState(rawValue: text) else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a version's state is \(quoted(text))")
    }
    return state
  }

  func setState(_ model: String, _ number: Int, _ state: VersionState) throws {
    let sql = "UPDATE versions SET state = ? WHERE model = ? AND number = ?"
    try execute(sql: sql, arguments: [state.rawValue, model, number])
  }

  /// Inserts a version, or replaces what was known of it.
  func insertVersion(
    _ model: String, _ number: Int, _ state: VersionState, files: [RegisteredFile], byteCount: Int,
    by actor: String, at time: UTCTime, note: String
  ) throws {
    let sql = """
      INSERT INTO versions (model, number, state, digest, bytes, published_by, published_at, note)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (model, number) DO UPDATE SET state = excluded.state, digest = excluded.digest,
        bytes = excluded.bytes, published_by = excluded.published_by, published_at = excluded.published_at,
        note = excluded.note
      """
    let digest = files.isEmpty ? nil : files.digest
    try execute(
      sql: sql,
      arguments: [model, number, state.rawValue, digest, byteCount, actor, time.secondsSince1970, note])
    try execute(sql: "DELETE FROM files WHERE model = ? AND version = ?", arguments: [model, number])
    for file in files {
      try execute(
        sql: "INSERT INTO files (model, version, name, bytes, sha256) VALUES (?, ?, ?, ?, ?)",
        arguments: [model, number, file.name, file.byteCount, file.sha256])
    }
    try raiseHighest(model, to: number)
  }

  func files(_ model: String, _ version: Int) throws -> [RegisteredFile] {
    let sql = "SELECT * FROM files WHERE model = ? AND version = ? ORDER BY name"
    return try Row.fetchAll(self, sql: sql, arguments: [model, version]).map { row in
      try RegisteredFile(
        name: row.decode(String.self, forColumn: "name"), byteCount: row.decode(Int.self, forColumn: "bytes"),
        sha256: row.decode(String.self, forColumn: "sha256"))
    }
  }

  // MARK: Labels

  func labels(_ model: String) throws -> [String: Int] {
    var labels: [String: Int] = [:]
    for row in try Row.fetchAll(self, sql: "SELECT * FROM labels WHERE model = ?", arguments: [model]) {
      try labels[row.decode(String.self, forColumn: "label")] = row.decode(Int.self, forColumn: "version")
    }
    return labels
  }

  func setLabel(_ model: String, _ label: String, _ version: Int?) throws {
    try execute(sql: "DELETE FROM labels WHERE model = ? AND label = ?", arguments: [model, label])
    guard let version else { return }
    try execute(
      sql: "INSERT INTO labels (model, label, version) VALUES (?, ?, ?)", arguments: [model, label, version])
  }

  func dropLabels(_ model: String, of version: Int) throws {
    try execute(sql: "DELETE FROM labels WHERE model = ? AND version = ?", arguments: [model, version])
  }

  // MARK: History

  func pushActivation(_ model: String, _ version: Int) throws {
    try execute(sql: "INSERT INTO activations (model, version) VALUES (?, ?)", arguments: [model, version])
  }

  func lastActivation(_ model: String) throws -> Int? {
    let sql = "SELECT version FROM activations WHERE model = ? ORDER BY id DESC LIMIT 1"
    return try Int.fetchOne(self, sql: sql, arguments: [model])
  }

  /// The versions that were current, the last one last.
  func activations(_ model: String, last count: Int) throws -> [Int] {
    let sql = "SELECT version FROM activations WHERE model = ? ORDER BY id DESC LIMIT ?"
    return try Int.fetchAll(self, sql: sql, arguments: [model, count]).reversed()
  }

  func popActivation(_ model: String) throws {
    let sql = "DELETE FROM activations WHERE id = (SELECT max(id) FROM activations WHERE model = ?)"
    try execute(sql: sql, arguments: [model])
  }

  /// Older events are forgotten.
  private static var eventLimit: Int { 100_000 }

  func log(
    _ action: RegistryEvent.Action, _ model: String, _ version: Int?, by actor: String, _ detail: String = ""
  ) throws {
    try execute(
      sql: "INSERT INTO events (time, actor, action, model, version, detail) VALUES (?, ?, ?, ?, ?, ?)",
      arguments: [UTCTime.now().secondsSince1970, actor, action.rawValue, model, version, detail])
    try execute(sql: "DELETE FROM events WHERE id <= ?", arguments: [lastInsertedRowID - Int64(Self.eventLimit)])
  }
}
