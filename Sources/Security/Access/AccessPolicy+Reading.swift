import MassJSON

extension AccessPolicy {
  static let byteLimit = 16 << 20

  /// Reads an access file.
  ///
  /// - Throws: `notFound`, `storage`, or `invalid` naming the file, the member and what was expected.
  public static func read(_ path: String) throws(AccessError) -> AccessPolicy {
    try stamped(path).policy
  }

  static func stamped(_ path: String) throws(AccessError) -> (policy: AccessPolicy, stamp: FileStamp) {
    let (bytes, stamp) = try AccessError.inFile { () throws(FileFault) in
      try SystemFile.read(path, limit: byteLimit)
    }
    return (try AccessPolicy(bytes, path: path), stamp)
  }

  /// Reads the text of an access file; `path` is for messages.
  public init(_ text: [UInt8], path: String) throws(AccessError) {
    let document: JSONDocument
    do throws(JSONError) {
      let options = JSONOptions(byteLimit: Self.byteLimit, depthLimit: 16)
      document = try unsafe JSONDocument(byteCount: text.count, options: options) { unsafe $0.copyBytes(from: text) }
    } catch { throw AccessError(.invalid, "\(path): \(error)") }
    let root = try AccessObject(document.root, path: path, at: "")
    try root.refuseUnknown(["tenants", "keys"])
    self.init()
    if let tenants = try root.object("tenants") {
      guard tenants.members.count <= Self.tenantLimit else {
        throw root.invalid("tenants", expected: "at most \(Self.tenantLimit) of them")
      }
      for (name, _) in tenants.members where !Tenant.isName(name) {
        throw tenants.invalid("\(quoted(name)): \(Tenant.nameRule)")
      }
      for (name, object) in try tenants.objects() { self.tenants.append(try Tenant(name, object)) }
    }
    let names = Set(tenants.map(\.name))
    var ids: Set<String> = []
    for object in try root.objects("keys", atMost: Self.keyLimit) ?? [] {
      let key = try AccessKey(object)
      if let tenant = key.tenant, !names.contains(tenant) {
        throw object.invalid("tenant: \(quoted(tenant)) is not among the tenants")
      }
      guard ids.insert(key.id).inserted else { throw object.invalid("id: \(quoted(key.id)) stands twice") }
      keys.append(key)
    }
  }
}

extension Tenant {
  static let nameRule = "expected a tenant's name: 1 to 64 of A-Z a-z 0-9 . _ -"

  static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && text.utf8.allSatisfy(NameByte.isAllowed)
  }

  fileprivate init(_ name: String, _ object: AccessObject) throws(AccessError) {
    try object.refuseUnknown(["models", "limit", "quota"])
    let expected = "a list of 1 to \(AccessPolicy.grantLimit) patterns such as \"acme-*\""
    guard let list = object["models"], list.kind == .array, (1...AccessPolicy.grantLimit).contains(list.count) else {
      throw object.invalid("models", expected: expected)
    }
    let models = list.elements.compactMap { $0.string.flatMap { ModelPattern($0) } }
    guard models.count == list.count else { throw object.invalid("models", expected: expected) }
    self.init(name: name, models: models, limit: try RequestRate(object.object("limit")))
    if let object = try object.object("quota") { quota = try Quota(object) }
  }
}

extension AccessKey {
  static let nameRule = "expected a key's name: 1 to 128 bytes without control characters"

  static func isName(_ text: String) -> Bool {
    (1...128).contains(text.utf8.count)
      && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
  }

  fileprivate init(_ object: AccessObject) throws(AccessError) {
    try object.refuseUnknown(["id", "name", "sha256", "grants", "tenant", "limit", "created", "expires"])
    let idRule = "1 to \(PresentedKey.idLimit) letters and digits"
    guard let id = try object.string("id", expected: idRule, where: PresentedKey.isID) else {
      throw object.invalid("id", expected: idRule)
    }
    let nameRule = "1 to 128 bytes without control characters"
    guard let name = try object.string("name", expected: nameRule, where: Self.isName) else {
      throw object.invalid("name", expected: nameRule)
    }
    guard let digest = object["sha256"]?.string.flatMap({ Digest(hexadecimal: $0.utf8) }), !digest.isZero else {
      throw object.invalid("sha256", expected: "64 digits of lowercase hexadecimal")
    }
    guard let grants = try object.objects("grants", atMost: AccessPolicy.grantLimit), !grants.isEmpty else {
      throw object.invalid("grants", expected: "a list of 1 to \(AccessPolicy.grantLimit) objects")
    }
    self.init(
      id: id, name: name, digest: digest, grants: [],
      tenant: try object.string("tenant", expected: "a tenant's name", where: Tenant.isName),
      limit: try RequestRate(object.object("limit")), created: try object.time("created"),
      expires: try object.time("expires"))
    for grant in grants { self.grants.append(try Grant(grant)) }
  }
}

extension Grant {
  fileprivate init(_ object: AccessObject) throws(AccessError) {
    try object.refuseUnknown(["role", "models"])
    guard let role = object["role"]?.string.flatMap({ Role(rawValue: $0) }) else {
      throw object.invalid("role", expected: Role.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
    }
    guard let models = object["models"]?.string.flatMap({ ModelPattern($0) }) else {
      throw object.invalid("models", expected: "a pattern such as \"*\" or \"acme-*\"")
    }
    self.init(role, on: models)
  }
}

extension RequestRate {
  fileprivate init?(_ object: AccessObject?) throws(AccessError) {
    guard let object else { return nil }
    try object.refuseUnknown(["rate", "burst"])
    guard let rate = try object.number("rate", in: Self.rateRange) else {
      throw object.invalid("rate", expected: "requests per second")
    }
    self.init(rate: rate, burst: try object.integer("burst", in: Self.burstRange))
  }
}

extension Quota {
  fileprivate init?(_ object: AccessObject) throws(AccessError) {
    try object.refuseUnknown(["requests", "period_s"])
    guard let requests = try object.integer("requests", in: Self.requestRange) else {
      throw object.invalid("requests", expected: "requests in a period")
    }
    guard let period = try object.integer("period_s", in: Self.periodRange) else {
      throw object.invalid("period_s", expected: "seconds, such as 86400 for a day")
    }
    self.init(requests: requests, period: period)
  }
}
