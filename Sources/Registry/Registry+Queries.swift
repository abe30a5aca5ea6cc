import GRDB
import MassFormats

extension Registry {
  /// What changes when anything but counts does; cheap enough to ask every second.
  public func changeStamp() throws(RegistryError) -> ChangeStamp { try read { db in try db.changeStamp() } }

  /// Every model that has or had a version, by name.
  public func models() throws(RegistryError) -> [RegisteredModel] {
    try read { db in try db.modelNames().map { try Self.model(db, $0) } }
  }

  /// - Throws: `notFound` where there is no such model.
  public func model(_ name: String) throws(RegistryError) -> RegisteredModel {
    try read { db in try Self.model(db, name) }
  }

  /// The model's versions, removed ones too, ascending.
  ///
  /// - Throws: `notFound` where there is no such model.
  public func versions(_ model: String) throws(RegistryError) -> [RegisteredVersion] {
    try read { db in
      let current = try db.requireModel(model).current
      let labels = try db.labels(model)
      let sql = "SELECT * FROM versions WHERE model = ? ORDER BY number"
      return try Row.fetchAll(db, sql: sql, arguments: [model]).map { row in
        try Self.version(db, row, model, current: current, labels: labels)
      }
    }
  }

  /// - Throws: `notFound` where there is no such version.
  public func version(_ model: String, _ number: Int) throws(RegistryError) -> RegisteredVersion {
    try read { db in try Self.version(db, model, number) }
  }

  /// What of the model is in service; nil for a model whose versions were only put into the folder, and for none.
  public func serving(_ model: String) throws(RegistryError) -> ServedVersions? {
    try read { db in
      guard let row = try db.modelRow(model), row.isManaged else { return nil }
      let active = try db.states(model).filter { $0.value == .active }.keys.sorted()
      return ServedVersions(active: active, current: row.current, labels: try db.labels(model))
    }
  }

  public func labels(_ model: String) throws(RegistryError) -> [String: Int] {
    try read { db in
      _ = try db.requireModel(model)
      return try db.labels(model)
    }
  }

  /// The last events, the newest first, of one model or of all.
  public func events(model: String? = nil, limit: Int = 100) throws(RegistryError) -> [RegistryEvent] {
    try read { db in
      let filter = model == nil ? "" : "WHERE model = ?"
      var arguments = StatementArguments(model.map { [$0] } ?? [])
      arguments += [max(limit, 0)]
      let sql = "SELECT * FROM events \(filter) ORDER BY id DESC LIMIT ?"
      return try Row.fetchAll(db, sql: sql, arguments: arguments).map(Self.event)
    }
  }

  // MARK: Rows

  private static func model(_ db: Database, _ name: String) throws -> RegisteredModel {
    let row = try db.requireModel(name)
    let states = try db.states(name)
    return RegisteredModel(
      name: name, current: row.current, active: states.filter { $0.value == .active }.keys.sorted(),
      labels: try db.labels(name), versionCount: states.values.filter { $0 != .removed }.count,
      byteCount: try Int.fetchOne(
        db, sql: "SELECT coalesce(sum(bytes), 0) FROM versions WHERE model = ? AND state <> 'removed'",
        arguments: [name]) ?? 0,
      highestVersion: row.highest, isManaged: row.isManaged)
  }

  static func version(_ db: Database, _ model: String, _ number: Int) throws -> RegisteredVersion {
    let current = try db.requireModel(model).current
    let sql = "SELECT * FROM versions WHERE model = ? AND number = ?"
    guard let row = try Row.fetchOne(db, sql: sql, arguments: [model, number]) else {
      throw RegistryError(.notFound, "\(quoted(model)) has no version \(number)")
    }
    return try version(db, row, model, current: current, labels: db.labels(model))
  }

  private static func version(
    _ db: Database, _ row: Row, _ model: String, current: Int?, labels: [String: Int]
  ) throws -> RegisteredVersion {
    let number = try row.decode(Int.self, forColumn: "number")
    let counts = try VersionCounts(
      requests: row.decode(Int.self, forColumn: "requests"), failures: row.decode(Int.self, forColumn: "failures"),
      lastUsed: row.decode(Int?.self, forColumn: "last_used").map { UTCTime(secondsSince1970: $0) })
    return try RegisteredVersion(
      model: model, number: number, state: Database.state(row), isCurrent: current == number,
      labels: labels.filter { $0.value == number }.keys.sorted(),
      digest: row.decode(String?.self, forColumn: "digest"), byteCount: row.decode(Int.self, forColumn: "bytes"),
      files: db.files(model, number), publishedBy: row.decode(String.self, forColumn: "published_by"),
      publishedAt: UTCTime(secondsSince1970: row.decode(Int.self, forColumn: "published_at")),
      note: row.decode(String.self, forColumn: "note"), counts: counts)
  }

  private static func event(_ row: Row) throws -> RegistryEvent {
    let text = try row.decode(String.self, forColumn: "action")
    guard let action = RegistryEvent.Action(rawValue: text) else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "an event is \(quoted(text))")
    }
    return try RegistryEvent(
      id: row.decode(Int.self, forColumn: "id"),
      time: UTCTime(secondsSince1970: row.decode(Int.self, forColumn: "time")),
      actor: row.decode(String.self, forColumn: "actor"), action: action,
      model: row.decode(String.self, forColumn: "model"), version: row.decode(Int?.self, forColumn: "version"),
      detail: row.decode(String.self, forColumn: "detail"))
  }
}
