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
    let principal = RequestContext.current?.principal
    let actor = principal?.actor ?? HTTPField.Name("X-Mass-User").flatMap { head.headers[$0] } ?? peer
    switch path.first {
    case "uploads": return try upload(head, Array(path.dropFirst()))
    case "models" where path.count > 2:
      let (name, rest) = (path[1], Array(path.dropFirst(2)))
      return try await audit.recording("model.\(Self.action(head, rest))", name, detail: rest.joined(separator: "/")) {
        () async throws(ServingError) in
        try Self.require(.publisher, on: name, principal)
        return try await change(head, name, rest, try RegistryRequest(body), actor)
      }
    default: return nil
    }
  }

  /// What the audit log calls a change.
  private static func action(_ head: HTTPRequestHead, _ path: [String]) -> String {
    switch (path[0], head.method) {
    case ("versions", .post): "publish"
    case ("versions", _): "remove"
    case ("labels", _): "label"
    default: path[0]
    }
  }

  /// - Parameter principal: nil where no keys are asked for.
  private static func require(_ role: Role, on name: String, _ principal: Principal?) throws(ServingError) {
    guard let principal else { return }
    guard principal.sees(name) else {
      throw ServingError(.notFound, "there is no model '\(name)'; publish a version of it first")
    }
    do throws(AccessError) { try principal.require(role, on: name) } catch { throw ServingError(error) }
  }

  private func sees(_ name: String) -> Bool { RequestContext.current?.principal?.sees(name) ?? true }

  // MARK: Reading

  private func read(_ head: HTTPRequestHead, _ path: [String]) throws(ServingError) -> HTTPAnswer? {
    if path.first == "models", path.count > 1 {
      try Self.require(.reader, on: path[1], RequestContext.current?.principal)
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
    guard let registry = try repository.registry.existing() else { return ["models": []] }
    do throws(RegistryError) {
      return ["models": .array(try registry.models().filter { sees($0.name) }.map { $0.json(nil) })]
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

  /// What is about all models is for those who may see all of them.
  private func requireEverything() throws(ServingError) {
    guard let principal = RequestContext.current?.principal else { return }
    do throws(AccessError) { try principal.requireEverywhere(.reader) } catch { throw ServingError(error) }
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
    guard let principal = RequestContext.current?.principal else { return }
    guard !principal.grants.contains(where: { $0.role >= .publisher }) else { return }
    throw ServingError(.permissionDenied, "key '\(principal.id)' may not upload: it takes the role publisher")
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
