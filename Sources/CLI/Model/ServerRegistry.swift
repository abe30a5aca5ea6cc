import ArgumentParser
import MassClient

/// The registry of a server.
struct ServerRegistry: ModelRegistry {
  private let client: RegistryClient

  init(_ url: String, user: String, security: ClientSecurity) throws {
    do throws(RegistryClientError) {
      client = try RegistryClient(RegistryAddress(url), user: user, security: security)
    } catch {
      if case .invalidAddress = error { throw ValidationError("\(error); expected http://HOST:PORT") }
      throw Failure(error, server: url)
    }
  }

  private func asking<Value>(
    _ body: (RegistryClient) async throws(RegistryClientError) -> Value
  ) async throws(Failure) -> Value {
    do throws(RegistryClientError) { return try await body(client) } catch {
      throw Failure(error, server: "\(client.address)")
    }
  }

  func models() async throws(Failure) -> [PublishedModel] {
    try await asking { (client) throws(RegistryClientError) in try await client.models() }
  }

  func model(_ name: String) async throws(Failure) -> ModelHistory {
    try await asking { (client) throws(RegistryClientError) in try await client.model(name) }
  }

  func version(_ model: String, _ number: Int) async throws(Failure) -> PublishedVersion {
    try await asking { (client) throws(RegistryClientError) in try await client.version(model, number) }
  }

  func events(of model: String?, limit: Int) async throws(Failure) -> [RegistryLogEntry] {
    try await asking { (client) throws(RegistryClientError) in try await client.events(of: model, limit: limit) }
  }

  func activate(
    _ model: String, _ version: Int, exclusive: Bool, asCurrent: Bool
  ) async throws(Failure) -> PublishedVersion {
    try await asking { (client) throws(RegistryClientError) in
      try await client.activate(model, version, exclusive: exclusive, asCurrent: asCurrent)
    }
  }

  func deactivate(_ model: String, _ version: Int) async throws(Failure) -> PublishedVersion {
    try await asking { (client) throws(RegistryClientError) in try await client.deactivate(model, version) }
  }

  func rollback(_ model: String) async throws(Failure) -> PublishedVersion {
    try await asking { (client) throws(RegistryClientError) in try await client.rollback(model) }
  }

  func setLabel(_ model: String, _ label: String, _ version: Int) async throws(Failure) -> PublishedVersion {
    try await asking { (client) throws(RegistryClientError) in try await client.setLabel(model, label, version) }
  }

  func removeLabel(_ model: String, _ label: String) async throws(Failure) {
    try await asking { (client) throws(RegistryClientError) in try await client.removeLabel(model, label) }
  }

  func remove(_ model: String, _ version: Int, force: Bool) async throws(Failure) {
    try await asking { (client) throws(RegistryClientError) in
      try await client.remove(model, version, force: force)
    }
  }

  // MARK: Publishing

  func publish(_ publication: Publication, _ progress: ProgressLine) async throws(Failure) -> PublishedVersion {
    Interruption.note()
    defer { progress.clear() }
    let client = client
    let work = Task { () -> Result<PublishedVersion, RegistryClientError> in
      do throws(RegistryClientError) {
        return .success(try await client.publish(publication) { progress.show($0, of: publication.model) })
      } catch { return .failure(error) }
    }
    let watch = Task {
      while !Interruption.isNoted { try await Task.sleep(for: .milliseconds(50)) }
      work.cancel()
    }
    let outcome = await work.value
    watch.cancel()
    return try await asking { _ throws(RegistryClientError) in try outcome.get() }
  }
}

extension Failure {
  /// Says what a server's registry answered, and what can be done.
  init(_ error: RegistryClientError, server: String) {
    switch error {
    case .canceled(whilePublishing: false): self = .interrupted
    case .canceled(whilePublishing: true):
      self.init("\(server): interrupted while it was publishing; mass model list shows whether it did")
    // These name what they concern.
    case .unreadableFile, .invalid, .invalidAddress: self.init("\(error)")
    default: self.init("\(server): \(error)\(Self.remedy(error).map { "; \($0)" } ?? "")")
    }
  }

  private static func remedy(_ error: RegistryClientError) -> String? {
    switch error {
    case .unreachable: "is a server running there, and is this its HTTP port?"
    case .insecure: "--ca names the server's authority, --client-certificate what to show to it"
    case .refused(401, _): "--api-key or MASS_API_KEY says who you are"
    case .notRegistry: "expected http://HOST:PORT of mass serve"
    case .refused(503, _): "it has too much to do; try again later"
    default: nil
    }
  }
}
