import Logging
import MassSecurity
import Synchronization

/// Writes down who changed what: in the audit log, where there is one.
///
/// What cannot be written down is not done: after an entry that failed, changes are refused until one succeeds again.
public final class AuditTrail: Sendable {
  private struct State {
    /// An entry is missing of something that was done.
    var hasGap = false
    /// Seconds of the monotonic clock in which refusals were last written down, and those left out since.
    var lastRefusal: UInt64 = 0
    var leftOut = 0
  }

  private let audit: AuditLog
  private let log: Logger
  private let state = Mutex(State())

  /// - Throws: `invalidArgument` if the file cannot be written, is damaged, or another process writes it.
  public init(path: String, log: Logger) throws(ServingError) {
    do throws(AuditError) { audit = try AuditLog(path: path) } catch { throw .invalid("audit_log: \(error)") }
    self.log = log
  }

  /// Makes a change and writes down what became of it.
  ///
  /// - Throws: What the change throws; `unavailable`, without making it, while entries cannot be written.
  func recording<Value>(
    _ action: String, _ target: String, detail: String = "", _ change: () async throws(ServingError) -> Value
  ) async throws(ServingError) -> Value {
    try await mend()
    var record = Self.record(action, target, detail)
    do throws(ServingError) {
      let value = try await change()
      await append(record)
      return value
    } catch {
      record.outcome = error.code == .permissionDenied || error.code == .unauthenticated ? .denied : .failure
      record.detail = detail.isEmpty ? error.message : "\(detail): \(error.message)"
      await append(record)
      throw error
    }
  }

  /// Writes down what the server did by itself.
  func note(_ action: String, _ target: String, detail: String = "") async {
    var record = Self.record(action, target, detail)
    record.actor = "server"
    await append(record)
  }

  /// Writes down that somebody was not let in; of a flood of those one a second.
  func refused(_ error: ServingError, actor: String, target: String, peer: String) async {
    let second = MonotonicClock.now() / 1_000_000_000
    let leftOut: Int? = state.withLock { state in
      guard state.lastRefusal != second else {
        state.leftOut += 1
        return nil
      }
      defer { state.leftOut = 0 }
      state.lastRefusal = second
      return state.leftOut
    }
    guard let leftOut else { return }
    let more = leftOut > 0 ? " (and \(leftOut) more before)" : ""
    await append(
      AuditRecord(
        actor: actor, action: "access", target: target, outcome: .denied, detail: error.message + more, peer: peer,
        requestID: RequestContext.current?.clientID))
  }

  private static func record(_ action: String, _ target: String, _ detail: String) -> AuditRecord {
    let context = RequestContext.current
    let actor = context?.principal?.actor ?? context?.peer ?? "server"
    return AuditRecord(
      actor: actor, action: action, target: target, detail: detail, peer: context?.peer, requestID: context?.clientID)
  }

  /// Waits for the disk, where that may be.
  private func append(_ record: AuditRecord) async {
    await withTaskExecutorPreference(ThreadPoolExecutor.shared) {
      do throws(AuditError) {
        _ = try audit.append(record)
        state.withLock { $0.hasGap = false }
      } catch {
        state.withLock { $0.hasGap = true }
        log.critical(
          "not written down",
          metadata: ["action": "\(record.action)", "target": "\(record.target)", "reason": "\(error)"])
      }
    }
  }

  private func mend() async throws(ServingError) {
    guard state.withLock({ $0.hasGap }) else { return }
    await note("audit.gap", "", detail: "something before this entry was done and could not be written down")
    guard state.withLock({ $0.hasGap }) else { return }
    throw ServingError(.unavailable, "the audit log cannot be written: no change is made", retryAfter: 10)
  }
}

extension AuditTrail? {
  /// As `AuditTrail.recording`, or the change alone where nothing is written down.
  func recording<Value>(
    _ action: String, _ target: String, detail: String = "", _ change: () async throws(ServingError) -> Value
  ) async throws(ServingError) -> Value {
    guard let self else { return try await change() }
    return try await self.recording(action, target, detail: detail, change)
  }
}
