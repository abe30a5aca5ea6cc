import MassRegistry

// What is put into service is loaded first: a version that cannot be loaded leaves the registry as it is.
extension ModelRepository {
  /// Makes an upload a version, and the current one if that is wanted.
  ///
  /// - Throws: Why it cannot be published, or why it was published and not activated.
  func publish(
    _ upload: Upload, _ name: String, version: Int?, note: String, activate isActivated: Bool, by actor: String
  ) async throws(ServingError) -> RegisteredVersion {
    let published = try await inTurn { () async throws(ServingError) in
      let published = try self.change { registry throws(RegistryError) in
        try registry.publish(upload, model: name, version: version, by: actor, note: note)
      }
      let size = "\(published.byteCount)"
      self.log.info("published", metadata: ["model": "\(name)", "version": "\(published.number)", "bytes": "\(size)"])
      return published
    }
    guard isActivated else { return published }
    return try await activate(name, published.number, isExclusive: true, isCurrent: true, by: actor)
  }

  /// Puts a version into service.
  ///
  /// - Parameter isExclusive: Whether it takes the current version's place; else both serve.
  /// - Parameter isCurrent: Whether it answers requests without a version.
  func activate(
    _ name: String, _ number: Int, isExclusive: Bool, isCurrent: Bool, by actor: String
  ) async throws(ServingError) -> RegisteredVersion {
    try await inTurn { () async throws(ServingError) in
      let folder = self.folder(name)
      let known = try self.change { registry throws(RegistryError) in try registry.version(name, number) }
      guard known.state != .removed else {
        throw ServingError(.notFound, "version \(number) of '\(name)' is removed")
      }
      try await self.loadNow(folder, number, try folder.settings(self.instances))
      return try await self.settle(name) { registry throws(RegistryError) in
        try registry.activate(name, number, by: actor, exclusive: isExclusive, asCurrent: isCurrent)
        return number
      }
    }
  }

  /// Takes a version out of service.
  func deactivate(_ name: String, _ number: Int, by actor: String) async throws(ServingError) -> RegisteredVersion {
    try await inTurn { () async throws(ServingError) in
      try await self.settle(name) { registry throws(RegistryError) in
        try registry.deactivate(name, number, by: actor)
        return number
      }
    }
  }

  /// Puts the version back into service that was current before. If it cannot be loaded, the one that is current stays.
  func rollback(_ name: String, by actor: String) async throws(ServingError) -> RegisteredVersion {
    try await inTurn { () async throws(ServingError) in
      let former = try self.read { registry throws(RegistryError) in try registry.model(name).current }
      do throws(ServingError) {
        return try await self.settle(name) { registry throws(RegistryError) in
          try registry.rollback(name, by: actor)
        }
      } catch {
        if let former, self.entries[name]?.current?.number == former {
          try self.change { registry throws(RegistryError) in try registry.activate(name, former, by: actor) }
        }
        throw error
      }
    }
  }

  /// Deletes a version's files. One in service is refused unless `isForced`.
  func remove(_ name: String, _ number: Int, isForced: Bool, by actor: String) async throws(ServingError) {
    try await inTurn { () async throws(ServingError) in
      try self.change { registry throws(RegistryError) in
        try registry.remove(name, number, by: actor, force: isForced)
      }
      guard self.entries[name] != nil else { return }
      if self.folder(name).versions.isEmpty {
        await self.retire(name, except: [], reason: "removed")
      } else {
        try await self.loadNow(name)
      }
      self.forget(name, number)
    }
  }

  /// Says that a canary failed its trial, and has the registry, if it manages the model, take it out of service; otherwise it
  /// stays loaded and gets no share any more.
  func canaryFailed(_ name: String, _ canary: TrafficSettings.Canary?, _ reason: String) async {
    guard let canary else { return }
    let event = canary.rollsBack ? "rolled back" : "canary fails"
    log.error(
      "\(event)", metadata: ["model": "\(name)", "version": "\(canary.version)", "reason": "\(reason)"])
    guard canary.rollsBack, let served = try? read({ registry throws(RegistryError) in try registry.serving(name) }),
      served.active.contains(canary.version)
    else { return }
    do throws(ServingError) { _ = try await deactivate(name, canary.version, by: "canary guard") } catch {
      log.error("not deactivated", metadata: ["model": "\(name)", "reason": "\(error)"])
    }
  }

  func label(_ name: String, _ label: String, _ number: Int?, by actor: String) async throws(ServingError) {
    try await inTurn { () async throws(ServingError) in
      try self.change { registry throws(RegistryError) in
        try registry.setLabel(name, label, number, by: actor)
      }
      if self.entries[name] != nil { try await self.loadNow(name) }
    }
  }

  /// Changes the registry and brings what is loaded up to it. Returns the version that `change` names.
  private func settle(
    _ name: String, _ change: (Registry) throws(RegistryError) -> Int
  ) async throws(ServingError) -> RegisteredVersion {
    let number: Int
    do throws(ServingError) { number = try self.change(change) } catch {
      // What was loaded for the change goes again.
      try? await loadNow(name)
      throw error
    }
    try await loadNow(name)
    return try read { registry throws(RegistryError) in try registry.version(name, number) }
  }

  // MARK: The registry

  /// - Throws: `notFound` if nothing was ever published here.
  func read<Value>(_ body: (Registry) throws(RegistryError) -> Value) throws(ServingError) -> Value {
    guard let registry = try registry.existing() else {
      throw ServingError(.notFound, "nothing was published in this repository yet")
    }
    do throws(RegistryError) { return try body(registry) } catch { throw ServingError(error) }
  }

  @discardableResult
  func change<Value>(_ body: (Registry) throws(RegistryError) -> Value) throws(ServingError) -> Value {
    let registry = try registry.make()
    do throws(RegistryError) { return try body(registry) } catch { throw ServingError(error) }
  }
}
