import HTTPTypes
import MassFormats
import MassJSON
import MassRegistry
import MassSecurity
import NIOCore

/// The registry over HTTP, below `/v2/registry`: what was published, and changes to it.
///
/// Its methods wait for the disk: they are called where that may be.
struct RegistryFront: Sendable {
  let repository: ModelRepository
  let audit: AuditTrail?
  /// Whether a key is asked for.
  let isGuarded: Bool
  /// Whether changes are taken at all.
  let allowsChanges: Bool
  let uploads = UploadTable()

  /// Answers a request; nil when there is no such resource.
  ///
  /// - Parameter path: The segments behind `registry`, decoded.
  /// - Parameter peer: The client's address, for changes whose maker is not named.
  func answer(
    _ head: HTTPRequestHead, _ path: [String], _ body: BodyBytes, peer: String
  ) async throws(ServingError) -> HTTPAnswer? {
    if head.method == .get || head.method == .head { return try read(head, path) }
    guard allowsChanges else {
      throw ServingError(
        .permissionDenied, "a server that others can reach takes no changes: it does not know who they are")
    }
    switch path.first {
    case "uploads": return try upload(head, Array(path.dropFirst()))
    case "models" where path.count > 2:
      let (name, rest) = (path[1], Array(path.dropFirst(2)))
      guard let action = Self.action(head, rest) else { return nil }
      do throws(ServingError) { try require(.publisher, on: name) } catch {
        await audit?.refused(error, action, name)
        throw error
      }
      let user = HTTPField.Name("X-Mass-User").flatMap { head.headers[$0] }
      let actor = isGuarded ? try caller().actor : user ?? peer
      return try await audit.recording(action, name) { (entry: inout AuditRecord) async throws(ServingError) in
        try await change(head, name, rest, try RegistryRequest(body), actor, &entry)
      }
    default: return nil
    }
  }

  /// What the audit log calls a change; nil for what is none.
  ///
  /// - Parameter path: What stands behind the model's name.
  private static func action(_ head: HTTPRequestHead, _ path: [String]) -> String? {
    switch (head.method, path[0], path.count) {
    case (.post, "versions", 1): "model.publish"
    case (.post, "activate", 1), (.post, "deactivate", 1), (.post, "rollback", 1): "model.\(path[0])"
    case (.put, "labels", 2), (.delete, "labels", 2): "model.label"
    case (.delete, "versions", 2): "model.remove"
    default: nil
    }
  }

  // MARK: Who asks

  /// Everybody may do everything where no keys are asked for.
  ///
  /// - Throws: `unauthenticated` where nobody said who asks.
  private func caller() throws(ServingError) -> Principal {
    guard isGuarded else { return .unrestricted }
    guard let principal = RequestContext.current?.principal else {
      throw ServingError(.unauthenticated, AccessControl.noKey)
    }
    return principal
  }

  private func require(_ role: Role, on name: String) throws(ServingError) {
    let caller = try caller()
    guard caller.sees(name) else {
      throw ServingError(.notFound, "there is no model '\(name)'; publish a version of it first")
    }
    do throws(AccessError) { try caller.require(role, on: name) } catch { throw ServingError(error) }
  }

  /// What is about all models is for those who may see all of them.
  private func requireEverything() throws(ServingError) {
    let caller = try caller()
    do throws(AccessError) { try caller.requireEverywhere(.reader) } catch { throw ServingError(error) }
  }

  // MARK: Reading

  private func read(_ head: HTTPRequestHead, _ path: [String]) throws(ServingError) -> HTTPAnswer? {
    if path.first == "models", path.count > 1 {
      try require(.reader, on: path[1])
    }
    return switch (path.first, path.count) {
    case ("models", 1): .json(try models())
    case ("models", 2): .json(try model(path[1]))
    case ("models", 4) where path[2] == "versions": .json(json(try version(path[1], path[3])))
    case ("models", 3) where path[2] == "events": .json(try events(path[1], head))
    case ("events", 1): .json(try events(nil, head))
    case ("uploads", 2): .json(json(try uploads.find(path[1], of: Self.owner)))
    default: nil
    }
  }

  private func models() throws(ServingError) -> JSON {
    let caller = try caller()
    guard let registry = try repository.registry.existing() else { return ["models": []] }
    do throws(RegistryError) {
      return ["models": .array(try registry.models().filter { caller.sees($0.name) }.map { $0.json(nil) })]
    } catch {
      throw ServingError(error)
    }
  }

  private func model(_ name: String) throws(ServingError) -> JSON {
    try repository.read { registry throws(RegistryError) in
      try registry.model(name).json(try registry.versions(name).map(json))
    }
  }

  private func version(_ name: String, _ number: String) throws(ServingError) -> RegisteredVersion {
    let number = try Self.number(number)
    return try repository.read { registry throws(RegistryError) in try registry.version(name, number) }
  }

  static func number(_ text: String) throws(ServingError) -> Int {
    guard let number = Int(text), VersionNumber.isValid(number), String(number) == text else {
      throw .invalid("'\(text)' is no version: versions are whole numbers from 1")
    }
    return number
  }

  private func events(_ model: String?, _ head: HTTPRequestHead) throws(ServingError) -> JSON {
    let count = head.queryValue("limit").map { Int($0) ?? 0 } ?? 100
    guard (1...10_000).contains(count) else {
      throw .invalid("'limit' is a number from 1 to 10000")
    }
    if model == nil { try requireEverything() }
    return try repository.read { registry throws(RegistryError) in
      if let model { _ = try registry.model(model) }
      return ["events": .array(try registry.events(model: model, limit: count).map(\.json))]
    }
  }

  func json(_ version: RegisteredVersion) -> JSON {
    let entry = repository.entries[version.model]?.versions[version.number]
    return version.json(isServing: entry?.state == .ready)
  }

  private func json(_ upload: Upload) -> JSON {
    ["upload": .string(upload.id), "files": .array(upload.files.map(\.json))]
  }

  // MARK: Uploads

  /// Whose uploads a request can reach.
  static var owner: String { RequestContext.current?.principal?.id ?? "" }

  /// Uploads are for those who may publish something; what, is decided when it is published.
  private func requirePublishing() throws(ServingError) {
    let caller = try caller()
    guard !caller.grants.contains(where: { $0.role >= .publisher }) else { return }
    throw ServingError(.permissionDenied, "key '\(caller.id)' may not upload: it takes the role publisher")
  }

  private func upload(_ head: HTTPRequestHead, _ path: [String]) throws(ServingError) -> HTTPAnswer? {
    try requirePublishing()
    switch (head.method, path.count) {
    case (.post, 0):
      return .json(["upload": .string(try uploads.begin(in: repository, by: Self.owner).id)], status: 201)
    case (.delete, 1):
      uploads.end(try uploads.find(path[0], of: Self.owner).id)
      return .json([:])
    default: return nil
    }
  }

  /// The file that a request uploads, if it is one: its body goes to the disk as it comes, however long it is.
  func receiver(_ head: HTTPRequestHead, _ path: [String]) throws(ServingError) -> UploadReceiver? {
    guard allowsChanges, head.method == .put, path.count == 3, path[0] == "uploads" else { return nil }
    try requirePublishing()
    return try UploadReceiver(uploads.find(path[1], of: Self.owner), file: path[2], head)
  }
}

extension HTTPAnswer {
  static func json(_ value: JSON, status: Int = 200) -> HTTPAnswer {
    .json(value.text(isIndented: false), status: status)
  }
}
