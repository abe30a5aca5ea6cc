import MassClient
import MassRegistry

/// The registry of a repository's folder.
struct FolderRegistry: ModelRegistry {
  private let registry: Registry
  private let user: String

  /// Opens the registry, and brings it up to date with the folder where that can be written.
  init(_ folder: String, user: String) throws(Failure) {
    self.user = user
    let options = RegistryOptions(validate: { path throws(RegistryError) in try PublicationCheck.run(path) })
    do throws(RegistryError) {
      registry = try Registry(repository: folder, options: options)
      guard !registry.isReadOnly else { return }
      for problem in try registry.reconcile().problems { Terminal.writeError("mass: warning: \(problem)") }
    } catch { throw Failure(error) }
  }

  private func asking<Value>(
    _ body: (Registry) throws(RegistryError) -> Value
  ) throws(Failure) -> Value {
    do throws(RegistryError) { return try body(registry) } catch { throw Failure(error) }
  }

  func models() throws(Failure) -> [PublishedModel] {
    try asking { (registry) throws(RegistryError) in try registry.models().map(PublishedModel.init) }
  }

  func model(_ name: String) throws(Failure) -> ModelHistory {
    try asking { (registry) throws(RegistryError) in
      let model = PublishedModel(try registry.model(name))
      return ModelHistory(model, try registry.versions(name).map(PublishedVersion.init))
    }
  }

  func version(_ model: String, _ number: Int) throws(Failure) -> PublishedVersion {
    try asking { (registry) throws(RegistryError) in
      _ = try registry.model(model)
      return PublishedVersion(try registry.version(model, number))
    }
  }

  func events(of model: String?, limit: Int) throws(Failure) -> [RegistryLogEntry] {
    try asking { (registry) throws(RegistryError) in
      if let model { _ = try registry.model(model) }
      return try registry.events(model: model, limit: limit).map(RegistryLogEntry.init)
    }
  }

  func activate(
    _ model: String, _ version: Int, exclusive: Bool, asCurrent: Bool
  ) throws(Failure) -> PublishedVersion {
    try changed(model, version) { (registry) throws(RegistryError) in
      try registry.activate(model, version, by: user, exclusive: exclusive, asCurrent: asCurrent)
    }
  }

  func deactivate(_ model: String, _ version: Int) throws(Failure) -> PublishedVersion {
    try changed(model, version) { (registry) throws(RegistryError) in
      try registry.deactivate(model, version, by: user)
    }
  }

  func rollback(_ model: String) throws(Failure) -> PublishedVersion {
    try asking { (registry) throws(RegistryError) in
      PublishedVersion(try registry.version(model, registry.rollback(model, by: user)))
    }
  }

  func setLabel(_ model: String, _ label: String, _ version: Int) throws(Failure) -> PublishedVersion {
    try changed(model, version) { (registry) throws(RegistryError) in
      try registry.setLabel(model, label, version, by: user)
    }
  }

  func removeLabel(_ model: String, _ label: String) throws(Failure) {
    try asking { (registry) throws(RegistryError) in try registry.setLabel(model, label, nil, by: user) }
  }

  func remove(_ model: String, _ version: Int, force: Bool) throws(Failure) {
    try asking { (registry) throws(RegistryError) in
      try registry.remove(model, version, by: user, force: force)
    }
  }

  private func changed(
    _ model: String, _ version: Int, _ change: (Registry) throws(RegistryError) -> Void
  ) throws(Failure) -> PublishedVersion {
    try asking { (registry) throws(RegistryError) in
      try change(registry)
      return PublishedVersion(try registry.version(model, version))
    }
  }
}

// MARK: Publishing

extension FolderRegistry {
  func publish(_ publication: Publication, _ progress: ProgressLine) throws(Failure) -> PublishedVersion {
    Interruption.note()
    defer { progress.clear() }
    let upload: Upload
    do throws(RegistryError) { upload = try registry.beginUpload() } catch { throw Failure(error) }
    // Also where it is let go of; explicit, because the process ends before objects do.
    defer { upload.abandon() }
    try copy(publication, to: upload, progress)
    progress.show(.publishing, of: publication.model)
    do throws(RegistryError) {
      return PublishedVersion(
        try registry.publish(
          upload, model: publication.model, version: publication.version, by: user, note: publication.note,
          activate: publication.isActivated))
    } catch {
      if Interruption.isNoted { throw .interrupted }
      let path = publication.files.first { PublicationCheck.isModel($0.name) }?.path ?? publication.model
      throw error.kind == .invalid && error.message.hasPrefix(PublicationCheck.prefix)
        ? Failure(path + error.message.dropFirst(PublicationCheck.prefix.count)) : Failure(error)
    }
  }

  private func copy(
    _ publication: Publication, to upload: Upload, _ progress: ProgressLine
  ) throws(Failure) {
    do {
      let files = try publication.files.map { ($0.name, try PartedFile(path: $0.path)) }
      let total = files.reduce(0) { $0 + $1.1.byteCount }
      var copied = 0
      for (name, file) in files {
        // Begins the file, an empty one too.
        try upload.write(file: name, [])
        while let part = try file.next() {
          guard !Interruption.isNoted else { throw Failure.interrupted }
          try upload.write(file: name, part)
          copied += part.count
          progress.show(.reading(bytes: copied, of: total), of: publication.model)
        }
        try upload.finish(file: name)
      }
    } catch let error as Failure {
      throw error
    } catch { throw Failure("\(error)") }
  }
}

extension Failure {
  init(_ error: RegistryError) { self.init("\(error)") }

  static let interrupted = Failure("interrupted: nothing was published")
}

// MARK: Values

extension PublishedModel {
  fileprivate init(_ model: RegisteredModel) {
    self.init(
      name: model.name, current: model.current, active: model.active, labels: model.labels,
      versionCount: model.versionCount, byteCount: model.byteCount, highestVersion: model.highestVersion,
      isManaged: model.isManaged)
  }
}

extension PublishedVersion {
  fileprivate init(_ version: RegisteredVersion) {
    let state: State =
      switch version.state {
      case .published: .published
      case .active: .active
      case .retired: .retired
      case .removed: .removed
      }
    let counts = version.counts
    self.init(
      model: version.model, number: version.number, state: state, isCurrent: version.isCurrent,
      labels: version.labels, digest: version.digest, byteCount: version.byteCount,
      files: version.files.map { PublishedFile(name: $0.name, byteCount: $0.byteCount, sha256: $0.sha256) },
      publishedBy: version.publishedBy, publishedAt: "\(version.publishedAt)", note: version.note,
      counts: Counts(
        requests: counts.requests, failures: counts.failures, lastUsed: counts.lastUsed.map { "\($0)" }),
      isServing: nil)
  }
}

extension RegistryLogEntry {
  fileprivate init(_ event: RegistryEvent) {
    self.init(
      id: event.id, time: "\(event.time)", user: event.actor, action: event.action.rawValue, model: event.model,
      version: event.version, detail: event.detail)
  }
}
