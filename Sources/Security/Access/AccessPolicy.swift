import MassFormats

/// Requests per second, and how many at once.
public struct RequestRate: Hashable, Sendable {
  public static let rateRange = 1e-6...1e9
  public static let burstRange = 1...1_000_000_000

  public var rate: Double
  public var burst: Int

  /// Nil outside the ranges. Without a burst it is the requests of a second.
  public init?(rate: Double, burst: Int? = nil) {
    guard Self.rateRange.contains(rate) else { return nil }
    self.rate = rate
    self.burst = burst ?? max(1, Int(rate.rounded(.up)))
    guard Self.burstRange.contains(self.burst) else { return nil }
  }
}

/// Requests in a period.
public struct Quota: Hashable, Sendable {
  public static let requestRange = 1...1_000_000_000_000_000
  /// Up to a leap year.
  public static let periodRange = 1...31_622_400

  public var requests: Int
  /// In seconds. Periods begin at its multiples since 1970, in UTC.
  public var period: Int

  /// Nil outside the ranges.
  public init?(requests: Int, period: Int) {
    guard Self.requestRange.contains(requests), Self.periodRange.contains(period) else { return nil }
    self.requests = requests
    self.period = period
  }
}

/// Those who share models and limits.
public struct Tenant: Hashable, Sendable {
  public var name: String
  /// What none of its keys reaches beyond.
  public var models: [ModelPattern]
  /// For all its keys together.
  public var limit: RequestRate?
  public var quota: Quota?

  public init(name: String, models: [ModelPattern], limit: RequestRate? = nil, quota: Quota? = nil) {
    self.name = name
    self.models = models
    self.limit = limit
    self.quota = quota
  }

  public func reaches(_ model: String) -> Bool { models.contains { $0.matches(model) } }
}

/// What an access file says: who there is, and what each may do.
public struct AccessPolicy: Hashable, Sendable {
  public static let tenantLimit = 10_000
  public static let keyLimit = 10_000
  /// Grants of a key, and patterns of a tenant.
  public static let grantLimit = 64

  public var tenants: [Tenant] = []
  public var keys: [AccessKey] = []

  public init() {}

  public func tenant(_ name: String) -> Tenant? { tenants.first { $0.name == name } }
}

// MARK: Text

extension AccessPolicy {
  /// The access file.
  public var json: JSON {
    [
      "tenants": .object(tenants.map { ($0.name, $0.json) }),
      "keys": .array(
        keys.map { key in
          let optional: [(String, JSON?)] = [
            ("tenant", key.tenant.map { .string($0) }), ("limit", key.limit?.json),
            ("created", key.created.map { .string("\($0)") }), ("expires", key.expires.map { .string("\($0)") }),
          ]
          return .object(
            [
              ("id", .string(key.id)), ("name", .string(key.name)), ("sha256", .string(key.digest.hexadecimal)),
              ("grants", .array(key.grants.map(\.json))),
            ] + optional.compactMap { name, value in value.map { (name, $0) } })
        }),
    ]
  }
}

extension Grant {
  public var json: JSON { ["role": .string(role.rawValue), "models": .string("\(models)")] }
}

extension Tenant {
  /// All but the name.
  public var json: JSON {
    let quota = quota.map { ["requests": .int($0.requests), "period_s": .int($0.period)] as JSON }
    let optional: [(String, JSON?)] = [("limit", limit?.json), ("quota", quota)]
    return .object(
      [("models", .strings(models.map(\.description)))]
        + optional.compactMap { name, value in value.map { (name, $0) } })
  }
}

extension RequestRate {
  public var json: JSON { ["rate": .double(rate), "burst": .int(burst)] }
}
