/// Where a request goes.
struct Route: Sendable {
  var version: LoadedVersion
  var traffic: TrafficControl?
}

/// What is known of every model: the one thing that requests and loads share.
struct ModelTable: Sendable {
  struct Version: Sendable {
    var state: VersionState
    var reason = ""
    var loaded: LoadedVersion?
  }

  struct Entry: Sendable {
    var versions: [Int: Version] = [:]
    var labels: [String: Int] = [:]
    var traffic: TrafficControl?
    /// Taken out of service on request; it is not missed.
    var isUnloaded = false
    /// The version that is to answer requests without one, as soon as it is ready; nil for the newest.
    var intended: Int?
    /// The version that does, so that finding it costs nothing.
    var current: LoadedVersion?

    /// The intended version; while that is not ready, the one that served before, or else the newest.
    mutating func updateCurrent() {
      let ready = versions.filter { $0.value.state == .ready }
      if let intended {
        let number = [intended, current?.number].compactMap { $0 }.first { ready[$0] != nil }
        if let number {
          current = ready[number]?.loaded
          return
        }
      }
      current = ready.max { $0.key < $1.key }?.value.loaded
    }

    /// Moves labels to the versions they are to name, as far as those are ready.
    mutating func label(_ wanted: [String: Int]) {
      var moved: [String: Int] = [:]
      for (label, number) in wanted {
        moved[label] = versions[number]?.state == .ready ? number : labels[label] ?? number
      }
      labels = moved
    }
  }

  private(set) var entries: [String: Entry] = [:]

  /// - Throws: `notFound` for what does not exist, `unavailable` for what is not ready.
  func find(_ model: ModelReference) throws(ServingError) -> LoadedVersion {
    guard let entry = entries[model.name] else {
      throw ServingError(.notFound, "Request for unknown model: '\(model.name)' is not found")
    }
    let number: Int
    switch model.selector {
    case .current:
      guard let current = entry.current else {
        throw ServingError(.notFound, "Request for unknown model: '\(model.name)' has no available versions")
      }
      return current
    case .version(let version): number = version
    case .label(let label):
      guard let version = entry.labels[label] else {
        throw .invalid("Unrecognized servable version label: \(label)")
      }
      number = version
    }
    guard let version = entry.versions[number] else {
      throw ServingError(.notFound, "Request for unknown model: '\(model.name)' version \(number) is not found")
    }
    guard version.state == .ready, let loaded = version.loaded else {
      throw ServingError(
        .unavailable, "Request for unknown model: '\(model.name)' version \(number) is not at ready state")
    }
    return loaded
  }

  /// As `find`, with the model's rules for the request applied: its limit and its split.
  func route(_ request: InferenceRequest, now: UInt64) throws(ServingError) -> Route {
    guard let traffic = entries[request.model.name]?.traffic else {
      return Route(version: try find(request.model), traffic: nil)
    }
    try traffic.admit(request.model.name, now: now)
    return Route(version: try choose(request, traffic), traffic: traffic)
  }

  /// The version that the split has for a request, those in `excluded` aside; where it says nothing, the one asked for.
  func choose(
    _ request: InferenceRequest, _ traffic: TrafficControl, except excluded: Set<Int> = []
  ) throws(ServingError) -> LoadedVersion {
    guard case .current = request.model.selector, let entry = entries[request.model.name] else {
      return try find(request.model)
    }
    let number = traffic.version(for: request) { number in
      entry.versions[number]?.state == .ready && !excluded.contains(number)
    }
    guard let number, let loaded = entry.versions[number]?.loaded else { return try find(request.model) }
    return loaded
  }

  mutating func update(_ name: String, _ change: (inout Entry) -> Void) {
    var entry = entries[name] ?? Entry()
    change(&entry)
    entry.updateCurrent()
    entries[name] = entry
  }

  /// Notes the state of a version that is not ready, unless a former load of it still answers.
  mutating func note(_ name: String, _ number: Int, _ state: VersionState, _ reason: String = "") {
    update(name) { entry in
      guard entry.versions[number]?.loaded == nil else { return }
      entry.versions[number] = Version(state: state, reason: reason)
    }
  }

  /// Puts a version into service and returns the one it replaces.
  mutating func serve(_ version: LoadedVersion) -> LoadedVersion? {
    var former: LoadedVersion?
    update(version.name) { entry in
      former = entry.versions[version.number]?.loaded
      entry.versions[version.number] = Version(state: .ready, loaded: version)
      entry.isUnloaded = false
    }
    return former
  }

  /// Has the selected version answer requests without one, and labels name what they are to.
  mutating func apply(_ selection: VersionSelection, to name: String) {
    update(name) { entry in
      let gone = entry.versions.keys.filter { !selection.numbers.contains($0) }
      for number in gone { entry.traffic?.left(number) }
      entry.intended = selection.current
      entry.label(selection.labels)
    }
  }

  /// Takes a version out of service and returns it.
  mutating func retire(_ name: String, _ number: Int, reason: String) -> LoadedVersion? {
    var former: LoadedVersion?
    update(name) { entry in
      former = entry.versions[number]?.loaded
      entry.versions[number] = Version(state: former == nil ? .unavailable : .unloading, reason: reason)
    }
    return former
  }

  mutating func forget(_ name: String) { entries[name] = nil }
}
