import MassFormats
import Synchronization

/// Tells who presents a key, by an access policy that can be replaced at any time.
public final class Authenticator: Sendable {
  private struct Entry: Sendable {
    var digest: Digest
    var expires: UTCTime?
    var principal: Principal
  }

  private final class Snapshot: Sendable {
    let policy: AccessPolicy
    let entries: [String: Entry]
    let stamp: FileStamp?

    init(_ policy: AccessPolicy, stamp: FileStamp?) {
      self.policy = policy
      self.stamp = stamp
      let tenants = Dictionary(policy.tenants.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
      var entries: [String: Entry] = [:]
      for key in policy.keys {
        // A tenant that is not there reaches nothing.
        let membership = key.tenant.map { tenants[$0] ?? Tenant(name: $0, models: []) }
        let principal = Principal(
          id: key.id, name: key.name, grants: key.grants, membership: membership, limit: key.limit)
        entries[key.id] = Entry(digest: key.digest, expires: key.expires, principal: principal)
      }
      self.entries = entries
    }
  }

  private let snapshot: Mutex<Snapshot>
  /// What a secret of an unknown key is compared with.
  private let nobody: Digest

  public convenience init(path: String) throws(AccessError) {
    let (policy, stamp) = try AccessPolicy.stamped(path)
    try self.init(Snapshot(policy, stamp: stamp))
  }

  public convenience init(policy: AccessPolicy) throws(AccessError) { try self.init(Snapshot(policy, stamp: nil)) }

  private init(_ snapshot: Snapshot) throws(AccessError) {
    guard let nobody = PresentedKey.digest(ofSecret: RandomText.secret()) else { throw .noDigest }
    self.snapshot = Mutex(snapshot)
    self.nobody = nobody
  }

  /// What applies now.
  public var policy: AccessPolicy { current.policy }

  private var current: Snapshot { snapshot.withLock { $0 } }

  /// Takes an access file over. Requests that were let in go on.
  ///
  /// - Throws: As `AccessPolicy.read`; the policy stays as it was then.
  public func reload(from path: String) throws(AccessError) {
    let (policy, stamp) = try AccessPolicy.stamped(path)
    let next = Snapshot(policy, stamp: stamp)
    snapshot.withLock { $0 = next }
  }

  /// Takes an access file over if it is not the one that was read last.
  ///
  /// - Returns: Whether it was another.
  public func reloadIfChanged(from path: String) throws(AccessError) -> Bool {
    guard FileStamp(path: path) != current.stamp else { return false }
    try reload(from: path)
    return true
  }

  /// The one whose key this is.
  ///
  /// Secrets are compared as a whole, and an unknown key takes the time of a known one with a wrong secret.
  ///
  /// - Throws: `missingKey`, `malformedKey`, `unknownKey`, or `expiredKey` where the secret is right.
  public func authenticate(_ presented: String, now: UTCTime = .now()) throws(AccessError) -> Principal {
    let key = try PresentedKey(presented)
    guard let digest = PresentedKey.digest(ofSecret: key.secret) else { throw .noDigest }
    let entry = current.entries[key.id]
    let isRight = (entry?.digest ?? nobody).isSame(as: digest)
    guard let entry, isRight else { throw .unknownKey }
    if let expires = entry.expires, expires <= now {
      throw AccessError(
        .expiredKey, "key '\(key.id)' expired at \(expires); a new one is made by 'mass key create'")
    }
    return entry.principal
  }

  /// The key in the headers `Authorization` (scheme Bearer) and `X-API-Key`, of which one is enough.
  ///
  /// - Throws: `missingKey` where there is none, `malformedKey` for another scheme or two keys that differ.
  public static func presentedKey(authorization: String?, apiKey: String?) throws(AccessError) -> String {
    guard let authorization else {
      guard let apiKey else { throw .missingKey }
      return apiKey
    }
    let parts = authorization.split(separator: " ", omittingEmptySubsequences: true)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else {
      throw AccessError(.malformedKey, "Authorization: expected 'Bearer mass_…'")
    }
    let key = String(parts[1])
    guard apiKey == nil || apiKey == key else {
      throw AccessError(.malformedKey, "Authorization and X-API-Key hold different keys; send one")
    }
    return key
  }
}

extension AccessError {
  static let noDigest = AccessError(.storage, "SHA-256 is not available: OpenSSL refused it")
}
