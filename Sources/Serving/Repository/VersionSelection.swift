import MassRegistry

/// Which versions of a model should be in service.
struct VersionSelection: Hashable, Sendable {
  /// Ascending; empty if the registry has no version of the model in service.
  var numbers: [Int]
  /// The one that answers requests without a version; nil for the newest that is ready.
  var current: Int?
  var labels: [String: Int]

  /// What the registry says, of a model that it manages; else what the model's settings select.
  ///
  /// - Throws: `notFound` if the settings select nothing.
  init(_ folder: ModelFolder, _ settings: ModelSettings, _ registry: Registry?) throws(ServingError) {
    let served: ServedVersions?
    do throws(RegistryError) { served = try registry?.serving(folder.name) } catch { throw ServingError(error) }
    if let served {
      // A label is a promise: the version that it names answers.
      let labelled = folder.versions.filter { served.labels.values.contains($0) }
      numbers = Set(served.active).union(labelled).sorted()
      current = served.current
      labels = settings.labels.merging(served.labels) { _, registered in registered }
    } else {
      numbers = folder.selected(settings.versionPolicy)
      current = nil
      labels = settings.labels
    }
    guard numbers.isEmpty, served == nil else { return }
    throw ServingError(.notFound, "failed to load '\(folder.name)': its version_policy selects no version")
  }
}

extension ServingError {
  init(_ error: RegistryError) {
    let code: Code =
      switch error.kind {
      case .notFound: .notFound
      case .conflict: .alreadyExists
      case .invalid: .invalidArgument
      case .readOnly: .permissionDenied
      case .corrupt: .internalError
      case .storage: .unavailable
      }
    self.init(code, error.message)
  }
}
