/// Why a request has no answer.
public enum LoadFailure: String, Hashable, Sendable, CaseIterable {
  /// It had none within the timeout, whether it was sent or waited for a connection.
  case timeout
  /// The server closed the connection before the answer was complete.
  case closed
  /// The answer was not HTTP.
  case malformed
}

/// What became of the requests that were due while it was measured. Accounts of several threads add up.
public struct LoadAccount: Sendable {
  public internal(set) var scheduled = 0
  public internal(set) var sent = 0
  /// Answers by their HTTP status.
  public internal(set) var statuses: [Int: Int] = [:]
  public internal(set) var failures: [LoadFailure: Int] = [:]
  /// Requests that had neither answer nor failure when the run was ended early.
  public internal(set) var unfinished = 0
  /// Good answers that kept the objective.
  public internal(set) var withinObjective = 0
  /// Good answers that came while it was measured, whenever their requests were due.
  public internal(set) var answeredInWindow = 0
  /// From the moment a request was due to the last byte of its answer: good answers, and timeouts at what they waited.
  public internal(set) var response = LatencyHistogram()
  /// From the write of a request to the last byte of its answer: good answers only.
  public internal(set) var service = LatencyHistogram()
  /// How late the client itself was in looking at a request that was due.
  public internal(set) var lag = LatencyHistogram()

  public init() {}

  /// Answers of status 200 to 299.
  public var succeeded: Int { statuses.reduce(0) { $0 + (200...299 ~= $1.key ? $1.value : 0) } }
  public var answered: Int { statuses.values.reduce(0, +) }
  public var failed: Int { answered - succeeded + failures.values.reduce(0, +) }

  public mutating func add(_ other: LoadAccount) {
    scheduled += other.scheduled
    sent += other.sent
    statuses.merge(other.statuses, uniquingKeysWith: +)
    failures.merge(other.failures, uniquingKeysWith: +)
    unfinished += other.unfinished
    withinObjective += other.withinObjective
    answeredInWindow += other.answeredInWindow
    response.add(other.response)
    service.add(other.service)
    lag.add(other.lag)
  }
}
