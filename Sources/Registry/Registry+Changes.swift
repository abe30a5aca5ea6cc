import GRDB

// Every change indexes the model's folder first: what was put there or taken away meanwhile counts.
extension Registry {
  /// Puts a version into service.
  ///
  /// - Parameter exclusive: Whether the former current version goes out of service.
  /// - Parameter asCurrent: Whether it becomes the version that answers requests without a version. If not, all others
  ///   stay what they are.
  /// - Throws: `notFound` where the files of such a version are not there.
  public func activate(
    _ model: String, _ version: Int, by actor: String, exclusive: Bool = true, asCurrent: Bool = true
  ) throws(RegistryError) {
    try check(model, by: actor)
    try change { db, folder in
      _ = try index(db, model)
      try requireVersion(db, model, version)
      try manage(db, model)
      try activate(db, model, version, by: actor, exclusive: exclusive, asCurrent: asCurrent)
      try db.bumpRevision()
      try writeRecord(db, model, &folder)
    }
  }

  /// Takes a version out of service. A model whose current version it was has none then.
  ///
  /// - Throws: `notFound` where there is no such version, `conflict` where it is not in service.
  public func deactivate(_ model: String, _ version: Int, by actor: String) throws(RegistryError) {
    try check(model, by: actor)
    try change { db, folder in
      _ = try index(db, model)
      try requireVersion(db, model, version)
      try manage(db, model)
      guard try db.states(model)[version] == .active else {
        throw RegistryError(.conflict, "version \(version) of \(quoted(model)) is not in service")
      }
      try retire(db, model, version)
      try db.log(.deactivate, model, version, by: actor)
      try db.bumpRevision()
      try writeRecord(db, model, &folder)
    }
  }

  /// Puts the version back into service that was current before the last one that was. Once more goes further back.
  ///
  /// - Returns: The version that is current now.
  /// - Throws: `conflict` where no earlier one exists any more.
  @discardableResult
  public func rollback(_ model: String, by actor: String) throws(RegistryError) -> Int {
    try check(model, by: actor)
    return try change { db, folder in
      _ = try index(db, model)
      let last = try db.requireModel(model).current ?? db.lastActivation(model)
      let states = try db.states(model)
      var target: Int?
      while let version = try db.lastActivation(model) {
        if version != last, states[version] ?? .removed != .removed {
          target = version
          break
        }
        try db.popActivation(model)
      }
      guard let target else {
        let remedy = "activate a version instead"
        throw RegistryError(.conflict, "\(quoted(model)) has no earlier version to go back to; \(remedy)")
      }
      if let current = try db.requireModel(model).current { try retire(db, model, current) }
      try db.setState(model, target, .active)
      try db.setCurrent(model, target)
      try db.log(.rollback, model, target, by: actor, last.map { "from \($0)" } ?? "")
      try db.bumpRevision()
      try writeRecord(db, model, &folder)
      return target
    }
  }

  /// Makes a label stand for a version; nil takes the label away.
  ///
  /// - Throws: `notFound` where there is no such version, or no such label to take away.
  public func setLabel(
    _ model: String, _ label: String, _ version: Int?, by actor: String = ""
  ) throws(RegistryError) {
    try check(model, by: actor)
    try VersionLabel.check(label)
    try change { db, folder in
      _ = try index(db, model)
      let former = try db.requireModel(model).isManaged ? db.labels(model)[label] : nil
      if let version {
        try requireVersion(db, model, version)
        try manage(db, model)
        try db.log(.label, model, version, by: actor, former.map { "\(label), was \($0)" } ?? label)
      } else {
        guard let former else { throw RegistryError(.notFound, "\(quoted(model)) has no label \(quoted(label))") }
        try db.log(.unlabel, model, former, by: actor, label)
      }
      try db.setLabel(model, label, version)
      try db.bumpRevision()
      try writeRecord(db, model, &folder)
    }
  }

  /// Adds to what versions answered; versions that the registry does not know are passed over.
  public func record(
    counts: [(model: String, version: Int, counts: VersionCounts)]
  ) throws(RegistryError) {
    guard !counts.isEmpty else { return }
    let sql = """
      UPDATE versions SET requests = min(requests + ?, \(Int.max / 2)), failures = min(failures + ?, \(Int.max / 2)),
        last_used = CASE WHEN ? IS NULL THEN last_used ELSE max(coalesce(last_used, ?), ?) END
      WHERE model = ? AND number = ?
      """
    try change { db, _ in
      for (model, version, added) in counts {
        let last = added.lastUsed?.secondsSince1970
        let (requests, failures) = (Self.counted(added.requests), Self.counted(added.failures))
        try db.execute(sql: sql, arguments: [requests, failures, last, last, last, model, version])
      }
    }
  }

  private static func counted(_ count: Int) -> Int { min(max(count, 0), Int.max / 4) }
}

// MARK: Steps

extension Registry {
  func check(_ model: String, by actor: String) throws(RegistryError) {
    try ModelName.check(model)
    try PublishedText.checkActor(actor)
  }

  /// - Throws: `notFound` unless the version's files are there.
  func requireVersion(_ db: Database, _ model: String, _ version: Int) throws {
    _ = try db.requireModel(model)
    switch try db.states(model)[version] {
    case nil: throw RegistryError(.notFound, "\(quoted(model)) has no version \(version)")
    case .removed: throw RegistryError(.notFound, "version \(version) of \(quoted(model)) is removed")
    case .published, .active, .retired: break
    }
  }

  /// From now on the registry decides what of the model is in service. The newest version answered until now.
  func manage(_ db: Database, _ model: String) throws {
    guard try !db.requireModel(model).isManaged else { return }
    try db.setManaged(model)
    guard let newest = try db.states(model).filter({ $0.value != .removed }).keys.max() else { return }
    try db.setState(model, newest, .active)
    try db.setCurrent(model, newest)
    try db.pushActivation(model, newest)
    try db.log(.activate, model, newest, by: "", "the newest in the folder")
  }

  func activate(
    _ db: Database, _ model: String, _ version: Int, by actor: String, exclusive: Bool, asCurrent: Bool
  ) throws {
    let former = try db.requireModel(model).current
    let isActive = try db.states(model)[version] == .active
    if isActive && (!asCurrent || former == version) { return }
    try db.setState(model, version, .active)
    if asCurrent {
      if exclusive, let former, former != version {
        try retire(db, model, former)
        try db.log(.retire, model, former, by: actor, "for \(version)")
      }
      try db.setCurrent(model, version)
      try db.pushActivation(model, version)
    }
    let place = former.map { exclusive ? "in place of \($0)" : "current beside \($0)" } ?? "current"
    try db.log(.activate, model, version, by: actor, asCurrent ? place : "not current")
  }

  func retire(_ db: Database, _ model: String, _ version: Int) throws {
    try db.setState(model, version, .retired)
    if try db.requireModel(model).current == version { try db.setCurrent(model, nil) }
  }
}
