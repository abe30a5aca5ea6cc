import MassFormats
import MassSecurity

extension AccessKey {
  /// All that may be shown.
  func json(_ now: UTCTime) -> JSON {
    [
      "id": .string(id), "name": .string(name), "grants": .array(grants.map(\.json)),
      "tenant": tenant.map { .string($0) } ?? .null, "limit": limit?.json ?? .null,
      "created": created.map { .string("\($0)") } ?? .null,
      "expires": expires.map { .string("\($0)") } ?? .null, "expired": .bool(isExpired(now)),
    ]
  }

  static func table(_ keys: [AccessKey], _ now: UTCTime) -> String {
    let rows = keys.map { key in
      [
        key.id, key.name, key.grantList, key.tenant ?? "-", key.limit?.text ?? "-", key.created.map { "\($0)" } ?? "-",
        key.expires.map { "\($0)\(key.isExpired(now) ? ", expired" : "")" } ?? "-",
      ]
    }
    return Text.table([["id", "name", "grants", "tenant", "limit", "created", "expires"]] + rows)
  }

  private var grantList: String { grants.map(\.description).joined(separator: ",") }

  /// Such as `key k7… 'ci': predictor:acme-*, tenant acme, expires 2031-05-01T12:00:00Z`.
  var summary: String {
    let parts = [
      grantList, tenant.map { "tenant \($0)" }, limit.map { "\($0.text) requests per second" },
      expires.map { "expires \($0)" },
    ]
    return "key \(id) '\(name)': \(parts.compactMap(\.self).joined(separator: ", "))"
  }
}

extension RequestRate {
  var text: String { "\(Text.short(rate))+\(burst)" }
}

extension Tenant {
  func json(keys: Int) -> JSON {
    let quota = quota.map { ["requests": .int($0.requests), "period_s": .int($0.period)] as JSON }
    return [
      "name": .string(name), "models": .strings(models.map(\.description)), "limit": limit?.json ?? .null,
      "quota": quota ?? .null, "keys": .int(keys),
    ]
  }

  static func table(_ policy: AccessPolicy) -> String {
    let rows = policy.tenants.map { tenant in
      [
        tenant.name, tenant.models.map(\.description).joined(separator: ","), tenant.limit?.text ?? "-",
        tenant.quota.map { "\($0.requests) in \($0.period) s" } ?? "-", "\(policy.keys(of: tenant))",
      ]
    }
    return Text.table([["tenant", "models", "limit", "quota", "keys"]] + rows, right: [4])
  }
}

extension AccessPolicy {
  func keys(of tenant: Tenant) -> Int { keys.count { $0.tenant == tenant.name } }
}

extension AuditEntry {
  var json: JSON {
    [
      "seq": .int(sequence), "time": .string("\(time)"), "actor": .string(record.actor),
      "action": .string(record.action), "target": .string(record.target),
      "outcome": .string(record.outcome.rawValue), "detail": .string(record.detail),
      "peer": record.peer.map { .string($0) } ?? .null, "request_id": record.requestID.map { .string($0) } ?? .null,
      "hash": .string(hash),
    ]
  }

  static func table(_ entries: [AuditEntry]) -> String {
    let rows = entries.map { entry in
      [
        "\(entry.sequence)", "\(entry.time)", line(entry.record.actor), line(entry.record.action),
        line(entry.record.target), entry.record.outcome.rawValue, line(entry.record.peer ?? ""),
        line(entry.record.detail),
      ]
    }
    return Text.table(
      [["entry", "time", "actor", "action", "target", "outcome", "peer", "detail"]] + rows, right: [0])
  }

  /// The text on one line, without what a terminal would obey: names and paths come from outside.
  private static func line(_ text: String) -> String {
    guard !text.isEmpty else { return "-" }
    let scalars = text.unicodeScalars.map { scalar in
      scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "\u{FFFD}" : scalar
    }
    return String(String.UnicodeScalarView(scalars))
  }
}
