import Logging
import Synchronization

/// Sees every request end: writes the request log and counts what was turned away.
public final class RequestObserver: Sendable {
  let refusals = RefusalCounts()
  private let log: Logger
  private let mode: Atomic<RequestLogging>
  private let budget = Mutex(LineBudget())

  init(_ log: Logger, logging: RequestLogging = .failed) {
    self.log = log
    mode = Atomic(logging)
  }

  /// Which requests the log has a line for. It may change at any time.
  public var logging: RequestLogging {
    get { mode.load(ordering: .relaxed) }
    set { mode.store(newValue, ordering: .relaxed) }
  }

  /// Writes a line, if the log is to have one. Of failures alone a second has no more than so many as `LineBudget` says.
  func write(_ record: @autoclosure () -> RequestRecord, isFailure: Bool) {
    switch logging {
    case .none: return
    case .failed:
      guard isFailure, let leftOut = budget.withLock({ $0.take(now: MonotonicClock.now()) }) else { return }
      write(record(), level: .warning, leftOut: leftOut)
    case .all: write(record(), level: isFailure ? .warning : .info, leftOut: 0)
    }
  }

  private func write(_ record: RequestRecord, level: Logger.Level, leftOut: UInt64) {
    var metadata = record.metadata
    if leftOut > 0 { metadata["left_out"] = .stringConvertible(Int(clamping: leftOut)) }
    log.log(level: level, "request", metadata: metadata)
  }

  /// Says how many lines were left out, once the flood is over. To be called about once a second.
  func settle() {
    guard let leftOut = budget.withLock({ $0.settle(now: MonotonicClock.now()) }) else { return }
    log.warning("requests left out", metadata: ["left_out": .stringConvertible(Int(clamping: leftOut))])
  }
}

/// What the request log says of one request.
struct RequestRecord: Sendable {
  /// `http` or `grpc`.
  var protocolName: String
  /// The method and its target, by the names the protocol has for them.
  var target: [(key: String, value: String)]
  var status: Logger.MetadataValue
  /// Nanoseconds of the monotonic clock.
  var start: UInt64
  var bytesIn: Int?
  var bytesOut: Int
  var context: RequestContext
  var subject: RequestContext.Subject

  var metadata: Logger.Metadata {
    var result: Logger.Metadata = [
      "protocol": "\(protocolName)", "status": status, "bytes_out": .stringConvertible(bytesOut),
      "duration_ms": Self.milliseconds(MonotonicClock.now() - start), "request_id": "\(context.id)",
      "peer": "\(context.peer)",
    ]
    for (key, value) in target { result[key] = "\(Self.bounded(value, 256))" }
    if let bytesIn { result["bytes_in"] = .stringConvertible(bytesIn) }
    if let model = subject.model { result["model"] = "\(Self.bounded(model, 128))" }
    if let version = subject.version { result["version"] = .stringConvertible(version) }
    if let error = subject.error { result["error"] = "\(Self.bounded(error, 512))" }
    if let timing = subject.timing {
      for (name, duration) in timing.stages { result["\(name)_ms"] = Self.milliseconds(duration) }
    }
    if let trace = context.trace {
      result["trace_id"] = "\(trace.traceID)"
      result["span_id"] = "\(trace.spanID)"
      if let parent = trace.parent { result["parent_span_id"] = "\(Hexadecimal.text(parent))" }
    }
    return result
  }

  private static func milliseconds(_ nanoseconds: UInt64) -> Logger.MetadataValue {
    .stringConvertible(Double(nanoseconds / 1000) / 1000)
  }

  /// At most so many bytes of a text, and a sign that there were more.
  private static func bounded(_ text: String, _ limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    var result = text.unicodeScalars.prefix(0)
    var count = 0
    for scalar in text.unicodeScalars {
      count += UTF8.width(scalar)
      if count > limit { break }
      result.append(scalar)
    }
    return String(result) + "…"
  }
}

extension StageTimes {
  fileprivate var stages: [(String, UInt64)] {
    [("queue", queue), ("input", input), ("compute", compute), ("output", output)]
  }
}
