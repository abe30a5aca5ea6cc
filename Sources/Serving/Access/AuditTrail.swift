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
    /// By whom was refused.
    var refusals: [String: Refusals] = [:]
  }

  private struct Refusals {
    /// Of the monotonic clock, in which one was last written down.
    var second: UInt64
    /// Since then.
    var leftOut = 0
  }

  /// Actors whose refusals are counted at a time.
  private static let actorLimit = 1024

  private let audit: AuditLog
  private let log: Logger
  private let state = Mutex(State())

  /// - Throws: `invalidArgument` if the file cannot be written, is damaged, or another process writes it.
  public init(path: String, log: Logger) throws(ServingError) {
    do throws(AuditError) { audit = try AuditLog(path: path) } catch { throw .invalid("audit_log: \(error)") }
    self.log = log
  }

  /// Makes a change and writes down what became of it, with the details that the change adds to its entry.
  ///
  /// - Throws: What the change throws; `unavailable`, without making it, while entries cannot be written.
  func recording<Value>(
    _ action: String, _ target: String, _ change: (inout AuditRecord) async throws(ServingError) -> Value
  ) async throws(ServingError) -> Value {
    try await mend()
    var record = Self.record(action, target)
    do throws(ServingError) {
      let value = try await change(&record)
      await append(record)
      return value
    } catch {
      record.outcome = error.code == .permissionDenied || error.code == .unauthenticated ? .denied : .failure
      record.detail = record.detail.isEmpty ? error.message : "\(record.detail): \(error.message)"
      await append(record)
      throw error
    }
  }

  /// Writes down what the server did by itself.
  func note(_ action: String, _ target: String, detail: String = "") async {
    await append(AuditRecord(actor: "server", action: action, target: target, detail: detail))
  }

  /// Writes down that somebody was not let in, or may not do this; of a flood of those by one key, or without a key that
  /// is known, one a second.
  func refused(_ error: ServingError, _ action: String, _ target: String) async {
    var record = Self.record(action, target)
    record.actor = RequestContext.current?.principal?.actor ?? "unknown"
    guard let leftOut = state.withLock({ Self.leftOut(of: record.actor, &$0) }) else { return }
    record.outcome = .denied
    record.detail = error.message + (leftOut > 0 ? " (and \(leftOut) more before)" : "")
    await append(record)
  }

  /// How many refusals were left out before this one; nil where it is to be left out too.
  private static func leftOut(of actor: String, _ state: inout State) -> Int? {
    let second = MonotonicClock.now() / 1_000_000_000
    if let former = state.refusals[actor], former.second == second {
      state.refusals[actor]?.leftOut += 1
      return nil
    }
    if state.refusals.count >= actorLimit { state.refusals = state.refusals.filter { $0.value.second == second } }
    return state.refusals.updateValue(Refusals(second: second), forKey: actor)?.leftOut ?? 0
  }

  private static func record(_ action: String, _ target: String) -> AuditRecord {
    let context = RequestContext.current
    let actor = context?.principal?.actor ?? context?.peer ?? "server"
    return AuditRecord(
      actor: actor, action: action, target: target, peer: context?.peer, requestID: context?.clientID)
  }

  /// Waits for the disk, where that may be.
  private func append(_ record: AuditRecord) async {
    var record = record
    record.target = Self.shown(record.target)
    record.detail = Self.shown(record.detail)
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

  /// The text with escapes for what would not be seen, or would be obeyed by the terminal of a reader.
  private static func shown(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(1 << 13) {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        shown += "\\u{\(String(scalar.value, radix: 16))}"
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return shown
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
    _ action: String, _ target: String, _ change: (inout AuditRecord) async throws(ServingError) -> Value
  ) async throws(ServingError) -> Value {
    if let self { return try await self.recording(action, target, change) }
    var unwritten = AuditRecord(actor: "", action: action, target: target)
    return try await change(&unwritten)
  }

  /// As above, for a change of which there is no more to say.
  func recording<Value>(
    _ action: String, _ target: String, _ change: () async throws(ServingError) -> Value
  ) async throws(ServingError) -> Value {
    try await recording(action, target) { (_: inout AuditRecord) async throws(ServingError) in try await change() }
  }
}
