import MassFormats
import Testing

@testable import MassSecurity

@Suite struct AuthenticatorTests {
  private let now = UTCTime(millisecondsSince1970: 1_900_000_000_000)

  private func policy(_ grants: [Grant], tenant: Tenant? = nil, expires: UTCTime? = nil) throws -> (
    AccessPolicy, NewAccessKey
  ) {
    var policy = AccessPolicy()
    if let tenant { try policy.setTenant(tenant) }
    let new = try policy.createKey(name: "ci", grants: grants, tenant: tenant?.name, expires: expires, now: now)
    return (policy, new)
  }

  private func kind(_ authenticator: Authenticator, _ key: String, _ now: UTCTime? = nil) -> AccessError.Kind? {
    do throws(AccessError) {
      _ = try authenticator.authenticate(key, now: now ?? self.now)
      return nil
    } catch { return error.kind }
  }

  @Test func keysAreKnownByTheirSecret() throws {
    let (policy, new) = try policy([Grant(.predictor)])
    let authenticator = try Authenticator(policy: policy)
    let principal = try authenticator.authenticate(new.text, now: now)
    #expect(principal.id == new.key.id && principal.name == "ci" && principal.actor == "ci (\(new.key.id))")
    #expect(new.text.utf8.count == 61 && new.text.hasPrefix("mass_\(new.key.id)_"))
    let other = try self.policy([Grant(.admin)]).1.text
    #expect(kind(authenticator, other) == .unknownKey)
    let secret = new.text.split(separator: "_")[2]
    #expect(kind(authenticator, "mass_knobody_\(secret)") == .unknownKey)
    #expect(kind(authenticator, String(new.text.dropLast())) == .unknownKey)
    #expect(kind(authenticator, new.text + "0") == .unknownKey)
    // The file does not hold the secret.
    #expect(!policy.json.text().contains(secret))
  }

  @Test(arguments: [
    "mass", "mass_", "mass_k1", "mass_k1_", "mass__aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "MASS_k1_aaaaaaaaaaaaaaaaaaaaaaaa",
    "mass_k1_short", "mass_k1_aaaaaaaaaaaaaaaaaaaaaaaa_b", "mass_k1_aaaaaaaaaaaaaaaaaaaaaaaa\n", "Bearer mass_k1_a",
    "mass_k1_" + String(repeating: "a", count: 129), String(repeating: "mass_", count: 100_000),
    "mass_k1_\u{0}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "mass_k\u{e9}_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
  ])
  func malformed(_ text: String) throws {
    let authenticator = try Authenticator(policy: try policy([Grant(.admin)]).0)
    #expect(kind(authenticator, text) == .malformedKey)
  }

  @Test func headers() throws {
    #expect(try Authenticator.presentedKey(authorization: "bearer  mass_a_b", apiKey: nil) == "mass_a_b")
    #expect(try Authenticator.presentedKey(authorization: nil, apiKey: "mass_a_b") == "mass_a_b")
    #expect(try Authenticator.presentedKey(authorization: "Bearer x", apiKey: "x") == "x")
    #expect(throws: AccessError.missingKey) { _ = try Authenticator.presentedKey(authorization: nil, apiKey: nil) }
    for (authorization, key) in [("Basic x", nil), ("Bearer", nil), ("Bearer x", "y"), ("", nil), ("Bearer x y", nil)] {
      let error = #expect(throws: AccessError.self) {
        _ = try Authenticator.presentedKey(authorization: authorization, apiKey: key)
      }
      #expect(error?.kind == .malformedKey)
    }
    #expect(kind(try Authenticator(policy: AccessPolicy()), "") == .missingKey)
  }

  @Test func expiryIsToldOnlyToWhoHasTheSecret() throws {
    let (policy, new) = try policy([Grant(.reader)], expires: now.advanced(bySeconds: 60))
    let authenticator = try Authenticator(policy: policy)
    #expect(kind(authenticator, new.text, now.advanced(bySeconds: 59)) == nil)
    #expect(kind(authenticator, new.text, now.advanced(bySeconds: 60)) == .expiredKey)
    let wrong = "mass_\(new.key.id)_" + String(repeating: "a", count: 43)
    #expect(kind(authenticator, wrong, now.advanced(bySeconds: 60)) == .unknownKey)
  }

  @Test func aTenantsKeyNeverReachesBeyondIt() throws {
    let acme = Tenant(
      name: "acme", models: [try #require(ModelPattern("acme-*")), try #require(ModelPattern("shared"))])
    let (policy, new) = try policy([Grant(.admin)], tenant: acme)
    let principal = try Authenticator(policy: policy).authenticate(new.text, now: now)
    #expect(principal.tenant == "acme")
    for model in ["acme-a", "shared"] { #expect(principal.allows(.admin, on: model) && principal.sees(model)) }
    for model in ["other", "acme", "sharedX", ""] {
      for role in Role.allCases { #expect(!principal.allows(role, on: model)) }
    }
    for role in Role.allCases { #expect(!principal.allowsEverywhere(role)) }
    #expect(throws: AccessError.self) { try principal.require(.reader, on: "other") }
    #expect(throws: AccessError.self) { try principal.requireEverywhere(.reader) }
  }

  @Test func grantsEachOnTheirModels() throws {
    let models = try #require(ModelPattern("digits*"))
    let principal = Principal(id: "k1", name: "ci", grants: [Grant(.reader), Grant(.publisher, on: models)])
    #expect(principal.allows(.publisher, on: "digits2") && !principal.allows(.predictor, on: "faces"))
    #expect(principal.sees("faces") && principal.allowsEverywhere(.reader) && !principal.allowsEverywhere(.predictor))
    #expect(Principal.unrestricted.allowsEverywhere(.admin) && Principal.unrestricted.sees("anything"))
  }

  @Test func reloadingKeepsThePolicyWhenTheFileIsBad() throws {
    let folder = TemporaryFolder()
    let (policy, new) = try policy([Grant(.reader)])
    RawFile.write(policy.json.text(), to: folder.access)
    let authenticator = try Authenticator(path: folder.access)
    #expect(try !authenticator.reloadIfChanged(from: folder.access))
    RawFile.write("{", to: folder.access)
    #expect(throws: AccessError.self) { try authenticator.reload(from: folder.access) }
    #expect(throws: AccessError.self) { _ = try authenticator.reloadIfChanged(from: folder.access) }
    #expect(kind(authenticator, new.text) == nil)
    RawFile.write("{}", to: folder.access)
    #expect(try authenticator.reloadIfChanged(from: folder.access))
    #expect(kind(authenticator, new.text) == .unknownKey)
  }

  @Test func authenticatingTakesFewMicroseconds() throws {
    var (policy, new) = try policy([Grant(.reader)])
    for i in 0..<200 { _ = try policy.createKey(name: "\(i)", grants: [Grant(.reader)], now: now) }
    let authenticator = try Authenticator(policy: policy)
    let elapsed = try ContinuousClock().measure {
      for _ in 0..<2000 { _ = try authenticator.authenticate(new.text, now: now) }
    }
    #expect(elapsed < .seconds(2))
  }

  @Test func manyAtATimeWhileItChanges() async throws {
    let folder = TemporaryFolder()
    let (policy, new) = try policy([Grant(.reader)])
    RawFile.write(policy.json.text(), to: folder.access)
    let authenticator = try Authenticator(path: folder.access)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask { for _ in 0..<500 { _ = try authenticator.authenticate(new.text, now: now) } }
        group.addTask { for _ in 0..<50 { try authenticator.reload(from: folder.access) } }
      }
      try await group.waitForAll()
    }
  }
}

@Suite struct KeyChangeTests {
  private let now = UTCTime(millisecondsSince1970: 1_900_000_000_000)

  @Test func rotatingGivesTheFormerKeyAGrace() throws {
    var policy = AccessPolicy()
    let first = try policy.createKey(
      name: "ci", grants: [Grant(.publisher)], expires: now.advanced(bySeconds: 1000), now: now)
    let later = now.advanced(bySeconds: 100)
    let (former, second) = try policy.rotateKey("ci", graceSeconds: 60, now: later)
    #expect(former.id == first.key.id && former.expires == later.advanced(bySeconds: 60))
    #expect(second.key.name == "ci" && second.key.id != former.id && second.key.grants == [Grant(.publisher)])
    #expect(second.key.expires == later.advanced(bySeconds: 1000))
    let authenticator = try Authenticator(policy: policy)
    _ = try authenticator.authenticate(first.text, now: later)
    _ = try authenticator.authenticate(second.text, now: later)
    #expect(throws: AccessError.self) { _ = try policy.rotateKey("ci", graceSeconds: 60, now: later) }
    _ = try policy.rotateKey("ci", graceSeconds: 0, now: later.advanced(bySeconds: 61))
    #expect(policy.removeExpiredKeys(now: later.advanced(bySeconds: 61)).count == 2)
    #expect(policy.keys.count == 1)
  }

  @Test func aGraceNeverProlongsAKey() throws {
    var policy = AccessPolicy()
    let key = try policy.createKey(name: "ci", grants: [Grant(.reader)], expires: now.advanced(bySeconds: 10), now: now)
    _ = try policy.rotateKey(key.key.id, graceSeconds: 100, now: now)
    #expect(policy.keys.first?.expires == now.advanced(bySeconds: 10))
  }

  @Test func refusals() throws {
    var policy = AccessPolicy()
    let key = try policy.createKey(name: "ci", grants: [Grant(.reader)], now: now)
    func kind(_ body: (inout AccessPolicy) throws(AccessError) -> Void) -> AccessError.Kind? {
      var copy = policy
      do throws(AccessError) {
        try body(&copy)
        return nil
      } catch { return error.kind }
    }
    #expect(kind { (p) throws(AccessError) in _ = try p.createKey(name: "ci", grants: [Grant(.reader)]) } == .conflict)
    #expect(kind { (p) throws(AccessError) in _ = try p.createKey(name: "", grants: [Grant(.reader)]) } == .invalid)
    #expect(kind { (p) throws(AccessError) in _ = try p.createKey(name: "x", grants: []) } == .invalid)
    #expect(
      kind { (p) throws(AccessError) in _ = try p.createKey(name: "x", grants: [Grant(.reader)], tenant: "t") }
        == .notFound)
    #expect(
      kind { (p) throws(AccessError) in
        _ = try p.createKey(name: "x", grants: [Grant(.reader)], expires: now, now: now)
      } == .invalid)
    #expect(kind { (p) throws(AccessError) in _ = try p.revokeKeys("nobody") } == .notFound)
    #expect(kind { (p) throws(AccessError) in _ = try p.revokeKeys(key.key.id) } == nil)
    #expect(kind { (p) throws(AccessError) in try p.removeTenant("t") } == .notFound)
    try policy.setTenant(Tenant(name: "t", models: [.all]))
    _ = try policy.createKey(name: "member", grants: [Grant(.reader)], tenant: "t", now: now)
    #expect(kind { (p) throws(AccessError) in try p.removeTenant("t") } == .conflict)
  }
}
