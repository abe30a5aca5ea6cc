import MassSecurity

/// Who is let in, and how often: the keys and tenants of an access file.
public final class AccessControl: Sendable {
  /// The access file.
  public let path: String
  private let authenticator: Authenticator
  private let limiter = RateLimiter()
  private let quotas = TenantQuotas()
  let counts = TenantCounts()

  /// - Throws: `invalidArgument` if the file cannot be read or breaks the rules.
  public init(path: String) throws(ServingError) {
    self.path = path
    do throws(AccessError) { authenticator = try Authenticator(path: path) } catch {
      let remedy = error.kind == .notFound ? "; 'mass key create --access \(path)' begins one" : ""
      throw .invalid("access: \(error)\(remedy)")
    }
  }

  /// Reads the file again if it changed; what holds goes on if the file is of no use.
  ///
  /// - Returns: Whether it was taken over.
  func reloadIfChanged() throws(ServingError) -> Bool {
    do throws(AccessError) { return try authenticator.reloadIfChanged(from: path) } catch {
      throw .invalid("access: \(error)")
    }
  }

  /// As `reloadIfChanged`, and writes down that another file holds.
  func reload(_ audit: AuditTrail?) async throws(ServingError) {
    guard try reloadIfChanged() else { return }
    await audit?.note("access.reload", path)
  }

  /// The one whose key the headers `Authorization` or `X-API-Key` hold.
  ///
  /// - Throws: `unauthenticated`.
  func principal(authorization: String?, apiKey: String?) throws(ServingError) -> Principal {
    do throws(AccessError) {
      return try authenticator.authenticate(
        try Authenticator.presentedKey(authorization: authorization, apiKey: apiKey))
    } catch { throw ServingError(error) }
  }

  /// Lets a request to a model in, by the limits of its key and of its tenant and by the tenant's quota.
  ///
  /// - Throws: `resourceExhausted`, with the seconds after which there is room.
  func admit(_ principal: Principal) throws(ServingError) {
    var claims: [RateLimiter.Claim] = []
    if let limit = principal.limit.flatMap(RateLimit.init) {
      claims.append(RateLimiter.Claim(RateKey(.key, principal.id), limit))
    }
    if let tenant = principal.membership, let limit = tenant.limit.flatMap(RateLimit.init) {
      claims.append(RateLimiter.Claim(RateKey(.tenant, tenant.name), limit))
    }
    if !claims.isEmpty, case .refused(let wait) = limiter.take(claims, now: MonotonicClock.now()) {
      throw ServingError(
        .resourceExhausted, "too many requests with this key or of its tenant: their rate is limited",
        retryAfter: ServingError.retryAfterSeconds(wait))
    }
    guard let tenant = principal.membership, let quota = tenant.quota,
      case .refused(let milliseconds) = quotas.take(tenant.name, quota)
    else { return }
    throw ServingError(
      .resourceExhausted, "the quota of tenant '\(tenant.name)' is used up: \(quota.requests) requests",
      retryAfter: max(1, (milliseconds + 999) / 1000))
  }
}

extension RateLimit {
  /// nil for a rate that no bucket can count.
  init?(_ limit: RequestRate) { self.init(perSecond: limit.rate, burst: UInt64(max(1, limit.burst))) }
}

extension ServingError {
  init(_ error: AccessError) {
    let code: Code =
      switch error.kind {
      case .missingKey, .malformedKey, .unknownKey, .expiredKey: .unauthenticated
      case .denied: .permissionDenied
      case .invalid, .conflict: .invalidArgument
      case .notFound: .notFound
      case .storage: .internalError
      }
    self.init(code, error.message)
  }
}
