import MassFormats
import Synchronization

/// Counts the requests of tenants against their quotas.
///
/// A period begins at a multiple of its length since 1970, in UTC; the count then begins at zero. The counts are in
/// memory: a process that starts begins at zero, and each of several servers counts for itself.
public final class TenantQuotas: Sendable {
  public enum Decision: Hashable, Sendable {
    /// The request is counted.
    case admitted(remaining: Int)
    /// The quota is used up until so many milliseconds from now.
    case refused(retryAfterMilliseconds: Int)
  }

  public struct Usage: Hashable, Sendable {
    public var used: Int
    public var quota: Quota
    /// When the count begins again.
    public var ends: UTCTime
  }

  private struct Window {
    var quota: Quota
    var end: Int
    var used: Int
  }

  private let capacity: Int
  private let windows = Mutex<[String: Window]>([:])

  /// - Parameter capacity: Tenants that are counted at a time; beyond that the count goes that would end first.
  public init(capacity: Int = 2 * AccessPolicy.tenantLimit) { self.capacity = max(1, capacity) }

  /// Counts a request of a tenant, unless its quota is used up.
  ///
  /// A quota whose size changed applies at once, to what was counted; one whose period changed begins anew. A clock
  /// that is set back never gives a quota twice.
  ///
  /// - Complexity: O(1); O(capacity) for a tenant that is new when there is no room.
  public func take(_ tenant: String, _ quota: Quota, now: UTCTime = .now()) -> Decision {
    let now = now.millisecondsSince1970
    return windows.withLock { windows in
      if windows[tenant] == nil, windows.count >= capacity { Self.makeRoom(&windows, now) }
      let fresh = Window(quota: quota, end: Self.end(of: quota, now), used: 0)
      var window = windows[tenant] ?? fresh
      if window.end <= now || window.quota.period != quota.period { window = fresh }
      window.quota = quota
      let isAdmitted = window.used < quota.requests
      if isAdmitted { window.used += 1 }
      windows[tenant] = window
      return isAdmitted
        ? .admitted(remaining: quota.requests - window.used) : .refused(retryAfterMilliseconds: window.end - now)
    }
  }

  /// What was counted in the periods that go on, by tenant.
  public func usage(now: UTCTime = .now()) -> [String: Usage] {
    windows.withLock { windows in
      windows.filter { $0.value.end > now.millisecondsSince1970 }.mapValues { window in
        Usage(used: window.used, quota: window.quota, ends: UTCTime(millisecondsSince1970: window.end))
      }
    }
  }

  private static func end(of quota: Quota, _ now: Int) -> Int {
    let period = quota.period * 1000
    let elapsed = now % period
    return now - (elapsed < 0 ? elapsed + period : elapsed) + period
  }

  private static func makeRoom(_ windows: inout [String: Window], _ now: Int) {
    let count = windows.count
    windows = windows.filter { $0.value.end > now }
    guard windows.count == count, let first = windows.min(by: { $0.value.end < $1.value.end }) else { return }
    windows[first.key] = nil
  }
}
