import MassFormats

extension AccessPolicy {
  /// Makes a key.
  ///
  /// - Throws: `conflict` where another key has the name and is valid, `notFound` where there is no such tenant,
  ///   `invalid` for a name or a number of grants that an access file cannot hold.
  public mutating func createKey(
    name: String, grants: [Grant], tenant: String? = nil, limit: RequestRate? = nil, expires: UTCTime? = nil,
    now: UTCTime = .now()
  ) throws(AccessError) -> NewAccessKey {
    if let other = keys.first(where: { $0.name == name && !$0.isExpired(now) }) {
      throw AccessError(
        .conflict, "key '\(other.id)' is called \(quoted(name)) already; revoke or rotate it, or choose another name")
    }
    return try add(name: name, grants: grants, tenant: tenant, limit: limit, expires: expires, now: now)
  }

  private mutating func add(
    name: String, grants: [Grant], tenant: String?, limit: RequestRate?, expires: UTCTime?, now: UTCTime
  ) throws(AccessError) -> NewAccessKey {
    guard AccessKey.isName(name) else { throw AccessError(.invalid, "\(quoted(name)): \(AccessKey.nameRule)") }
    guard (1...Self.grantLimit).contains(grants.count) else {
      throw AccessError(.invalid, "expected 1 to \(Self.grantLimit) grants, got \(grants.count)")
    }
    if let tenant { _ = try existing(tenant) }
    if let expires, expires <= now { throw AccessError(.invalid, "the key would have expired already, at \(expires)") }
    guard keys.count < Self.keyLimit else {
      throw AccessError(.invalid, "there are \(Self.keyLimit) keys already; revoke some (mass key revoke --expired)")
    }
    var id = RandomText.id()
    while keys.contains(where: { $0.id == id }) { id = RandomText.id() }
    let secret = RandomText.secret()
    guard let digest = PresentedKey.digest(ofSecret: secret) else { throw .noDigest }
    let key = AccessKey(
      id: id, name: name, digest: digest, grants: grants, tenant: tenant, limit: limit, created: now.inSeconds,
      expires: expires)
    keys.append(key)
    return NewAccessKey(key: key, text: "\(PresentedKey.prefix)\(id)_\(String(decoding: secret, as: UTF8.self))")
  }

  /// The key with this id, else the keys with this name.
  ///
  /// - Throws: `notFound` where there is neither.
  public func keys(named text: String) throws(AccessError) -> [AccessKey] {
    let byID = keys.filter { $0.id == text }
    let found = byID.isEmpty ? keys.filter { $0.name == text } : byID
    guard found.isEmpty else { return found }
    throw AccessError(.notFound, "no key has the id or name \(quoted(text)); 'mass key list' shows those there are")
  }

  /// Takes out the key with this id, or all keys with this name.
  public mutating func revokeKeys(_ text: String) throws(AccessError) -> [AccessKey] {
    let revoked = try keys(named: text)
    keys.removeAll { key in revoked.contains { $0.id == key.id } }
    return revoked
  }

  /// Takes out the keys that have expired.
  public mutating func removeExpiredKeys(now: UTCTime = .now()) -> [AccessKey] {
    let expired = keys.filter { $0.isExpired(now) }
    keys.removeAll { $0.isExpired(now) }
    return expired
  }

  /// Makes a key that may do what another may, which expires after a grace.
  ///
  /// Without an expiry the new key is valid for as long as the former one was to be, or until the same time where it is
  /// not known since when that one was.
  ///
  /// - Throws: `conflict` where several valid keys have the name, or the key has expired; and as `createKey`.
  public mutating func rotateKey(
    _ text: String, graceSeconds: Int, expires: UTCTime? = nil, now: UTCTime = .now()
  ) throws(AccessError) -> (former: AccessKey, new: NewAccessKey) {
    let valid = try keys(named: text).filter { !$0.isExpired(now) }
    guard let former = valid.first else {
      throw AccessError(.conflict, "key \(quoted(text)) has expired; make a new one with 'mass key create'")
    }
    guard valid.count == 1 else {
      let ids = valid.map(\.id).joined(separator: ", ")
      throw AccessError(.conflict, "several keys are called \(quoted(text)): say the id of one (\(ids))")
    }
    let new = try add(
      name: former.name, grants: former.grants, tenant: former.tenant, limit: former.limit,
      expires: expires ?? former.renewedExpiry(now), now: now)
    let end = now.inSeconds.advanced(bySeconds: max(0, graceSeconds))
    for i in keys.indices where keys[i].id == former.id { keys[i].expires = min(former.expires ?? end, end) }
    return (keys.first { $0.id == former.id } ?? former, new)
  }

  // MARK: Tenants

  /// Adds a tenant, or replaces the one of its name.
  public mutating func setTenant(_ tenant: Tenant) throws(AccessError) {
    guard Tenant.isName(tenant.name) else { throw AccessError(.invalid, "\(quoted(tenant.name)): \(Tenant.nameRule)") }
    guard (1...Self.grantLimit).contains(tenant.models.count) else {
      throw AccessError(.invalid, "expected 1 to \(Self.grantLimit) patterns of models, got \(tenant.models.count)")
    }
    if let i = tenants.firstIndex(where: { $0.name == tenant.name }) {
      tenants[i] = tenant
    } else {
      guard tenants.count < Self.tenantLimit else {
        throw AccessError(.invalid, "there are \(Self.tenantLimit) tenants already")
      }
      tenants.append(tenant)
    }
  }

  /// - Throws: `notFound`, or `conflict` while keys belong to it.
  public mutating func removeTenant(_ name: String) throws(AccessError) {
    _ = try existing(name)
    let members = keys.filter { $0.tenant == name }.map(\.id)
    guard members.isEmpty else {
      throw AccessError(
        .conflict, "tenant '\(name)' has keys; revoke them first (\(members.prefix(6).joined(separator: ", ")))")
    }
    tenants.removeAll { $0.name == name }
  }

  private func existing(_ name: String) throws(AccessError) -> Tenant {
    if let tenant = tenant(name) { return tenant }
    throw AccessError(.notFound, "there is no tenant \(quoted(name)); make it with 'mass tenant set'")
  }
}

extension AccessKey {
  fileprivate func renewedExpiry(_ now: UTCTime) -> UTCTime? {
    guard let expires, let created, created < expires else { return expires }
    let lifetime = (expires.millisecondsSince1970 - created.millisecondsSince1970) / 1000
    return now.inSeconds.advanced(bySeconds: max(1, lifetime))
  }
}
