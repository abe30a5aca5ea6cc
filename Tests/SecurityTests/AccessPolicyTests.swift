import MassFormats
import Testing

@testable import MassSecurity

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct AccessPolicyTests {
  static let digest = String(repeating: "ab", count: 32)

  static func key(_ members: String = "", grants: String = #"[{"role": "reader", "models": "*"}]"#) -> String {
    #"{"id": "k1", "name": "ci", "sha256": "\#(digest)", "grants": \#(grants)\#(members)}"#
  }

  static func policy(_ text: String) throws(AccessError) -> AccessPolicy {
    try AccessPolicy(Array(text.utf8), path: "access.json")
  }

  @Test func readsEveryMember() throws {
    let policy = try Self.policy(
      """
      {"tenants": {"acme": {"models": ["acme-*", "shared"], "limit": {"rate": 100, "burst": 200},
                            "quota": {"requests": 100000, "period_s": 86400}}},
       "keys": [\(Self.key(#", "tenant": "acme", "limit": {"rate": 0.5}, "created": "2031-01-01T00:00:00Z", "expires": "2032-01-01""#))]}
      """)
    let tenant = try #require(policy.tenant("acme"))
    #expect(tenant.models.map(\.description) == ["acme-*", "shared"])
    #expect(tenant.limit == RequestRate(rate: 100, burst: 200))
    #expect(tenant.quota == Quota(requests: 100_000, period: 86_400))
    let key = try #require(policy.keys.first)
    #expect(key.id == "k1" && key.name == "ci" && key.grants == [Grant(.reader)] && key.tenant == "acme")
    #expect(key.limit == RequestRate(rate: 0.5, burst: 1))
    #expect(key.expires == UTCTime("2032-01-01T00:00:00Z"))
    #expect(try Self.policy(policy.json.text()) == policy)
  }

  @Test(arguments: [
    ("{", "access.json: "), ("[]", "access.json: expected an object, got array"),
    (#"{"key": []}"#, "unknown member 'key'; did you mean 'keys'?"),
    (#"{"keys": [], "keys": []}"#, "'keys' stands twice"),
    (#"{"keys": {}}"#, "keys: expected a list of at most 10000 objects"),
    (#"{"keys": [1]}"#, "keys[0]: expected an object, got integer"),
    (#"{"keys": [{}]}"#, "keys[0]: id is missing: expected 1 to 32 letters and digits"),
    (#"{"keys": [\#(key(#", "expire": "x""#))]}"#, "keys[0]: unknown member 'expire'; did you mean 'expires'?"),
    (#"{"keys": [\#(key(#", "expires": "soon""#))]}"#, "keys[0]: expires: expected a time such as"),
    (#"{"keys": [\#(key(#", "tenant": "acme""#))]}"#, "keys[0]: tenant: 'acme' is not among the tenants"),
    (#"{"keys": [\#(key()), \#(key())]}"#, "keys[1]: id: 'k1' stands twice"),
    (#"{"keys": [\#(key(grants: "[]"))]}"#, "keys[0]: grants: expected a list of 1 to 64 objects"),
    (
      #"{"keys": [\#(key(grants: #"[{"role": "root", "models": "*"}]"#))]}"#,
      "keys[0].grants[0]: role: expected \"reader\""
    ),
    (#"{"keys": [\#(key(grants: #"[{"role": "admin"}]"#))]}"#, "keys[0].grants[0]: models is missing"),
    (#"{"keys": [\#(key(#", "limit": {"rate": 0}"#))]}"#, "keys[0].limit: rate: expected a number from"),
    (#"{"tenants": {"a/b": {"models": ["*"]}}}"#, "tenants: 'a/b': expected a tenant's name"),
    (#"{"tenants": {"a": {"models": []}}}"#, "tenants.a: models: expected a list of 1 to 64 patterns"),
    (#"{"tenants": {"a": {"models": ["*"], "quota": {"requests": 5}}}}"#, "tenants.a.quota: period_s is missing"),
    (#"{"tenants": {"a": {"models": ["[x]"]}}}"#, "tenants.a: models: expected a list"),
  ])
  func refuses(_ text: String, _ message: String) {
    let error = #expect(throws: AccessError.self) { _ = try Self.policy(text) }
    #expect(error?.kind == .invalid)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test func aDigestOfZerosIsRefused() {
    let text = #"{"keys": [\#(Self.key())]}"#.replacing(Self.digest, with: String(repeating: "0", count: 64))
    #expect(throws: AccessError.self) { _ = try Self.policy(text) }
  }

  @Test func damagedTextsAreRefusedOrRead() throws {
    let text = Array(
      """
      {"tenants": {"acme": {"models": ["acme-*"], "limit": {"rate": 1e3, "burst": 2}, "quota": {"requests": 1, "period_s": 2}}},
       "keys": [\(Self.key(#", "tenant": "acme", "limit": {"rate": 0.5}, "expires": "2032-01-01T00:00:00.5+01:00""#))]}
      """.utf8)
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<3000 {
      var bytes = text
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let i = Int.random(in: bytes.indices, using: &generator)
        bytes[i] = Bool.random(using: &generator) ? UInt8(ascii: "9") : UInt8.random(in: 0...255, using: &generator)
      }
      do throws(AccessError) {
        let policy = try AccessPolicy(bytes, path: "access.json")
        #expect(try Self.policy(policy.json.text()) == policy)
      } catch { #expect(error.kind == .invalid) }
    }
  }

  // MARK: Files

  @Test func filesThatDoNotExistOrEverybodyMayWrite() {
    let folder = TemporaryFolder()
    #expect(throws: AccessError(.notFound, "\(folder.access): No such file or directory")) {
      _ = try AccessPolicy.read(folder.access)
    }
    RawFile.write("{}", to: folder.access, mode: 0o666)
    #expect(throws: AccessError(.storage, "\(folder.access): everybody may write it; run chmod o-w on it")) {
      _ = try AccessPolicy.read(folder.access)
    }
    unsafe _ = mkfifo(folder.file("fifo"), 0o600)
    #expect(throws: AccessError.self) { _ = try AccessPolicy.read(folder.file("fifo")) }
  }

  @Test func changesAreReplacedAsAWholeForTheOwnerAlone() throws {
    let folder = TemporaryFolder()
    #expect(throws: AccessError.self) { try AccessFile.change(folder.access) { _ in } }
    try AccessFile.change(folder.access, creating: true) { (policy) throws(AccessError) in
      try policy.setTenant(Tenant(name: "acme", models: [.all]))
    }
    #expect(RawFile.mode(folder.access) == 0o600)
    let before = RawFile.bytes(folder.access)
    #expect(throws: AccessError.self) {
      try AccessFile.change(folder.access) { (policy) throws(AccessError) in
        policy.tenants = []
        throw AccessError(.conflict, "no")
      }
    }
    #expect(RawFile.bytes(folder.access) == before)
    // A link stays one.
    unsafe _ = symlink(folder.access, folder.file("link.json"))
    try AccessFile.change(folder.file("link.json")) { (policy) throws(AccessError) in try policy.removeTenant("acme") }
    #expect(try AccessPolicy.read(folder.access).tenants.isEmpty)
    #expect(!RawFile.bytes(folder.file("link.json")).isEmpty)
  }

  @Test func aFileThatDoesNotReadStaysAsItIs() {
    let folder = TemporaryFolder()
    RawFile.write(#"{"keyz": []}"#, to: folder.access)
    #expect(throws: AccessError.self) { try AccessFile.change(folder.access, creating: true) { _ in } }
    #expect(RawFile.bytes(folder.access) == Array(#"{"keyz": []}"#.utf8))
  }

  @Test func changesAtTheSameTimeAllCount() async throws {
    let folder = TemporaryFolder()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for i in 0..<16 {
        group.addTask {
          try AccessFile.change(folder.access, creating: true) { (policy) throws(AccessError) in
            _ = try policy.createKey(name: "key \(i)", grants: [Grant(.reader)])
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try AccessPolicy.read(folder.access).keys.count == 16)
  }
}
