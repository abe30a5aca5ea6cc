import MassFormats
import NIOHTTP1

/// Speaks to the registry of a server: what is published there, what of it is in service, and changes of both.
///
/// Connections are kept and shared by all clients of the process. Every method throws `unreachable`, `timedOut`,
/// `refused` with the server's words, `notRegistry` and `malformed`, and stops where its task is canceled.
public struct RegistryClient: Sendable {
  public let address: RegistryAddress
  /// Whom the registry's log names for the changes made here.
  public let user: String
  public let options: Options
  let security: ClientSecurity

  public struct Options: Sendable, Hashable {
    /// How long a query or a small change may take.
    public var timeoutSeconds: Double
    /// How long the server may take to publish or load a version.
    public var loadTimeoutSeconds: Double

    public init(timeoutSeconds: Double = 60, loadTimeoutSeconds: Double = 3600) {
      self.timeoutSeconds = timeoutSeconds
      self.loadTimeoutSeconds = loadTimeoutSeconds
    }
  }

  /// - Throws: `invalid` for a user that has no place in a header.
  public init(
    _ address: RegistryAddress, user: String, options: Options = Options(), security: ClientSecurity = .standard
  ) throws(RegistryClientError) {
    guard user.utf8.count <= 256, user.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
      throw .invalid("who makes a change is named in at most 256 bytes without control characters")
    }
    self.address = address
    self.user = user
    self.options = options
    self.security = security
  }

  // MARK: Queries

  /// Every model that has or had a version, by name.
  public func models() async throws(RegistryClientError) -> [PublishedModel] {
    try await exchange(query(["models"])).objects("models") { (model) throws(RegistryClientError) in
      try PublishedModel(model, versions: nil)
    }
  }

  public func model(_ name: String) async throws(RegistryClientError) -> ModelHistory {
    let answer = try await exchange(query(Self.path(name)))
    let versions = try answer.objects("versions") { (version) throws(RegistryClientError) in
      try PublishedVersion(version)
    }
    return ModelHistory(try PublishedModel(answer, versions: versions), versions)
  }

  public func version(_ model: String, _ number: Int) async throws(RegistryClientError) -> PublishedVersion {
    try PublishedVersion(await exchange(query(Self.path(model, "versions", "\(number)"))))
  }

  /// The last things that were done, the newest first, to one model or to all.
  public func events(
    of model: String? = nil, limit: Int = 100
  ) async throws(RegistryClientError) -> [RegistryLogEntry] {
    var request = query(
      try model.map { (name) throws(RegistryClientError) in try Self.path(name, "events") } ?? ["events"])
    request.query = "?limit=\(limit)"
    return try await exchange(request).objects("events") { (event) throws(RegistryClientError) in
      try RegistryLogEntry(event)
    }
  }

  // MARK: Changes

  /// Puts a version into service once the server has loaded it.
  ///
  /// - Parameter exclusive: Whether the former current version goes out of service.
  /// - Parameter asCurrent: Whether it becomes the version that answers requests without a version.
  public func activate(
    _ model: String, _ version: Int, exclusive: Bool = true, asCurrent: Bool = true
  ) async throws(RegistryClientError) -> PublishedVersion {
    var request = RegistryRequest(.POST, try Self.path(model, "activate"), seconds: options.loadTimeoutSeconds)
    request.setBody(["version": .int(version), "exclusive": .bool(exclusive), "current": .bool(asCurrent)])
    return try PublishedVersion(await exchange(request))
  }

  /// Takes a version out of service.
  public func deactivate(_ model: String, _ version: Int) async throws(RegistryClientError) -> PublishedVersion {
    var request = change(.POST, try Self.path(model, "deactivate"))
    request.setBody(["version": .int(version)])
    return try PublishedVersion(await exchange(request))
  }

  /// Puts the version back into service that was current before.
  ///
  /// - Returns: The version that is current now.
  public func rollback(_ model: String) async throws(RegistryClientError) -> PublishedVersion {
    var request = RegistryRequest(.POST, try Self.path(model, "rollback"), seconds: options.loadTimeoutSeconds)
    request.setBody(.object([]))
    return try PublishedVersion(await exchange(request))
  }

  /// Makes a label stand for a version.
  public func setLabel(
    _ model: String, _ label: String, _ version: Int
  ) async throws(RegistryClientError) -> PublishedVersion {
    var request = change(.PUT, try Self.path(model, "labels", label))
    request.setBody(["version": .int(version)])
    return try PublishedVersion(await exchange(request))
  }

  public func removeLabel(_ model: String, _ label: String) async throws(RegistryClientError) {
    _ = try await exchange(change(.DELETE, try Self.path(model, "labels", label)))
  }

  /// Deletes the files of a version; with `force` also of one that is in service or has labels.
  public func remove(_ model: String, _ version: Int, force: Bool = false) async throws(RegistryClientError) {
    var request = change(.DELETE, try Self.path(model, "versions", "\(version)"))
    if force { request.query = "?force=true" }
    _ = try await exchange(request)
  }

  // MARK: Requests

  private func query(_ path: [String]) -> RegistryRequest { change(.GET, path) }

  private func change(_ method: HTTPMethod, _ path: [String]) -> RegistryRequest {
    RegistryRequest(method, path, seconds: options.timeoutSeconds)
  }

  static func path(_ model: String, _ rest: String...) throws(RegistryClientError) -> [String] {
    guard !([model] + rest).contains("") else { throw .invalid("models and labels have names of a character at least") }
    return ["models", model] + rest
  }
}
