import Synchronization

/// Why a request was turned away before a model ran it.
enum RefusalReason: String, Hashable, Sendable, CaseIterable {
  case bodyTooLarge = "body_too_large"
  case unauthenticated
  case permissionDenied = "permission_denied"
  case rateLimited = "rate_limited"
  /// The queue is full, the wait would be too long, or the version failed too often lately.
  case overloaded
  case deadline

  /// What the model's rules or its load did; nil for other errors.
  init?(_ error: ServingError) {
    switch error.code {
    case .resourceExhausted where !error.isFailureOfVersion: self = .rateLimited
    case .unavailable where error.retryAfter != nil && !error.isFailureOfVersion: self = .overloaded
    case .deadlineExceeded: self = .deadline
    default: return nil
    }
  }

  /// What the server did before it looked at the request's content; nil for other statuses.
  init?(status: Int) {
    switch status {
    case 401: self = .unauthenticated
    case 403: self = .permissionDenied
    case 413: self = .bodyTooLarge
    default: return nil
    }
  }
}

/// Counts refusals by their reason.
final class RefusalCounts: Sendable {
  private let counts = Mutex([RefusalReason: UInt64]())

  func count(_ reason: RefusalReason?) {
    guard let reason else { return }
    counts.withLock { $0[reason, default: 0] &+= 1 }
  }

  var family: MetricFamily {
    let counts = counts.withLock { $0 }
    return MetricFamily(
      "mass_requests_rejected_total", .counter, "Requests that were turned away before a model ran them, by reason.",
      RefusalReason.allCases.map { MetricFamily.Sample([("reason", $0.rawValue)], "\(counts[$0] ?? 0)") })
  }
}
