import Synchronization

/// What tenants asked of models, for the metrics: as many series as there are tenants.
final class TenantCounts: Sendable {
  enum Outcome: String, Hashable, Sendable, CaseIterable { case success, failure, rejected }

  private struct Tenant {
    var counts: [Outcome: UInt64] = [:]
    /// Of answered requests.
    var duration = LatencyHistogram()
  }

  /// By name; empty for keys of no tenant.
  private let tenants = Mutex([String: Tenant]())

  func count(_ tenant: String?, _ outcome: Outcome) {
    tenants.withLock { $0[tenant ?? "", default: Tenant()].counts[outcome, default: 0] &+= 1 }
  }

  /// - Parameter start: Nanoseconds of the monotonic clock at which the request came.
  func answered(_ tenant: String?, since start: UInt64) {
    let duration = MonotonicClock.now().subtractingClamped(start)
    tenants.withLock { tenants in
      tenants[tenant ?? "", default: Tenant()].counts[.success, default: 0] &+= 1
      tenants[tenant ?? "", default: Tenant()].duration.record(nanoseconds: duration)
    }
  }

  var families: [MetricFamily] {
    let tenants = tenants.withLock { $0 }.sorted { $0.key < $1.key }
    let requests = MetricFamily(
      "mass_tenant_requests_total", .counter, "Requests to models by the tenant of their key; empty for keys of none.",
      tenants.flatMap { name, tenant in
        Outcome.allCases.map { outcome in
          MetricFamily.Sample([("tenant", name), ("outcome", outcome.rawValue)], "\(tenant.counts[outcome] ?? 0)")
        }
      })
    var durations = MetricFamily(
      "mass_tenant_request_duration_seconds", .histogram, "Time that answered requests took by the tenant of their key."
    )
    durations.histograms = tenants.map { name, tenant in ([("tenant", name)], tenant.duration) }
    return [requests, durations]
  }
}
