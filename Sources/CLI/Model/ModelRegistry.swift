import MassClient

/// What the `model` commands do, wherever the registry is.
protocol ModelRegistry: Sendable {
  /// Every model that has or had a version, by name.
  func models() async throws(Failure) -> [PublishedModel]
  func model(_ name: String) async throws(Failure) -> ModelHistory
  func version(_ model: String, _ number: Int) async throws(Failure) -> PublishedVersion
  /// The newest first.
  func events(of model: String?, limit: Int) async throws(Failure) -> [RegistryLogEntry]

  /// Checks the files and makes them a version. An interruption by the user leaves nothing behind.
  func publish(_ publication: Publication, _ progress: ProgressLine) async throws(Failure) -> PublishedVersion
  func activate(
    _ model: String, _ version: Int, exclusive: Bool, asCurrent: Bool
  ) async throws(Failure) -> PublishedVersion
  func deactivate(_ model: String, _ version: Int) async throws(Failure) -> PublishedVersion
  /// The version that is current now.
  func rollback(_ model: String) async throws(Failure) -> PublishedVersion
  func setLabel(_ model: String, _ label: String, _ version: Int) async throws(Failure) -> PublishedVersion
  func removeLabel(_ model: String, _ label: String) async throws(Failure)
  func remove(_ model: String, _ version: Int, force: Bool) async throws(Failure)
}

extension ProgressLine {
  func show(_ progress: PublicationProgress, of model: String) {
    switch progress {
    case .reading(let bytes, let total):
      show("\(model): reading \(Text.bytes(total))", fraction: Double(bytes) / Double(max(total, 1)))
    case .sending(let bytes, let total):
      show("\(model): sending \(Text.bytes(total))", fraction: Double(bytes) / Double(max(total, 1)))
    case .publishing: show("\(model): publishing")
    }
  }
}
