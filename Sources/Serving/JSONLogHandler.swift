import Logging
import MassFormats

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Logs as JSON, one object a line, on standard error: `time`, `level`, `event` and the metadata's keys. What is logged for a
/// request that named itself or its trace has `request_id`, `trace_id` and `span_id`, too.
public struct JSONLogHandler: LogHandler {
  public var metadata: Logger.Metadata = [:]
  public var logLevel: Logger.Level

  public init(level: Logger.Level = .info) { logLevel = level }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var members: [(String, JSON)] = [
      ("time", .string(Self.now)), ("level", .string("\(event.level)")), ("event", .string("\(event.message)")),
    ]
    let all = Self.ofRequest.merging(metadata) { _, new in new }.merging(event.metadata ?? [:]) { _, new in new }
    for (key, value) in all.sorted(by: { $0.key < $1.key }) { members.append((key, Self.json(value))) }
    let line = Array((JSON.object(members).text(isIndented: false) + "\n").utf8)
    // One call, so that lines of several threads do not mix.
    unsafe line.withUnsafeBytes { bytes in _ = unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
  }

  /// Names the request that the current task works for.
  private static var ofRequest: Logger.Metadata {
    guard let context = RequestContext.current else { return [:] }
    var result: Logger.Metadata = ["request_id": "\(context.id)"]
    if let trace = context.trace {
      result["trace_id"] = "\(trace.traceID)"
      result["span_id"] = "\(trace.spanID)"
    }
    return result
  }

  /// Numbers and booleans that are given as such stay what they are.
  private static func json(_ value: Logger.MetadataValue) -> JSON {
    switch value {
    case .string(let text): .string(text)
    case .array(let values): .array(values.map(json))
    case .dictionary(let members): .object(members.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) })
    case .stringConvertible(let value as Int): .int(value)
    case .stringConvertible(let value as Double): .double(value)
    case .stringConvertible(let value as Bool): .bool(value)
    case .stringConvertible(let value): .string("\(value)")
    }
  }

  /// RFC 3339, in UTC, with milliseconds.
  private static var now: String {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    var parts = unsafe tm()
    unsafe gmtime_r(&time.tv_sec, &parts)
    func digits(_ value: Int, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    let day = unsafe "\(Int(parts.tm_year) + 1900)-\(digits(Int(parts.tm_mon) + 1, 2))-\(digits(Int(parts.tm_mday), 2))"
    let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map { digits(Int($0), 2) }.joined(separator: ":")
    return "\(day)T\(clock).\(digits(time.tv_nsec / 1_000_000, 3))Z"
  }
}
