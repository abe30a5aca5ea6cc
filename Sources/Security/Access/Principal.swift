/// Who makes a request, and what that one may do.
public struct Principal: Hashable, Sendable {
  /// The key's.
  public let id: String
  public let name: String
  public let grants: [Grant]
  /// Of the key alone; the tenant's applies as well.
  public let limit: RequestRate?
  /// The tenant that the key belongs to.
  public let membership: Tenant?

  /// The tenant's name.
  public var tenant: String? { membership?.name }

  public init(id: String, name: String, grants: [Grant], membership: Tenant? = nil, limit: RequestRate? = nil) {
    self.id = id
    self.name = name
    self.grants = grants
    self.membership = membership
    self.limit = limit
  }

  /// Everybody, of a server without an access file.
  public static let unrestricted = Principal(id: "", name: "anonymous", grants: [Grant(.admin)])

  /// What an audit log calls it.
  public var actor: String { id.isEmpty ? name : "\(name) (\(id))" }

  /// Whether it may act in a role on a model, which need not exist.
  public func allows(_ role: Role, on model: String) -> Bool {
    guard grants.contains(where: { $0.role >= role && $0.models.matches(model) }) else { return false }
    return membership?.reaches(model) ?? true
  }

  /// Whether it may act in a role on the server as a whole, all models included: never for a tenant's key.
  public func allowsEverywhere(_ role: Role) -> Bool {
    membership == nil && grants.contains { $0.role >= role && $0.models.isAll }
  }

  /// Whether the model exists for it. One that does not should be answered for like a model that is not there.
  public func sees(_ model: String) -> Bool { allows(.reader, on: model) }

  /// - Throws: `denied`, naming the role that is missing.
  public func require(_ role: Role, on model: String) throws(AccessError) {
    guard !allows(role, on: model) else { return }
    throw AccessError(.denied, "\(subject) may not do this with model \(quoted(model)): it takes the role \(role)")
  }

  /// - Throws: `denied`, naming the role that is missing.
  public func requireEverywhere(_ role: Role) throws(AccessError) {
    guard !allowsEverywhere(role) else { return }
    throw AccessError(.denied, "\(subject) may not do this: it takes the role \(role) on all models, without a tenant")
  }

  private var subject: String { id.isEmpty ? "a request without a key" : "key \(quoted(id))" }
}
