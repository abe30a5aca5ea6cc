import MassRuntime

/// Everything that a server can be told, with what holds when it is told nothing.
///
/// A file gives it as JSON, see `read(_:)`; the command line has the last word.
public struct ServerConfiguration: Hashable, Sendable {
  /// The folder of models.
  public var repository: String?
  public var host = "127.0.0.1"
  public var httpPort = 8000
  public var grpcPort = 8001
  /// Of an instance, for models whose settings do not say otherwise, as the next two.
  public var threads = ThreadCount.default
  public var instances = 1
  public var queueLimit = 256
  public var maxBodyBytes = 64 << 20
  public var responseCacheBytes = 64 << 20
  public var drainSeconds = 0
  /// How long event loops look for the next request before they sleep; 0 for not at all.
  public var busyPollMicroseconds = ThreadCount.default > 1 ? 50 : 0
  public var watchSeconds = 1
  /// Where plans of ONNX models are kept; nil for the user's cache.
  public var planCache: String?
  /// The file of keys and tenants.
  public var access: String?
  public var tls: TLSOptions?
  public var auditLog: String?
  /// Files of public keys; where there are any, each model file must be signed with one of them.
  public var signers: [String] = []
  /// Which requests get a line of the log.
  public var requestLog = RequestLogging.failed
  /// Seconds after which what still runs is taken for stuck; 0 for never.
  public var stuckSeconds = 60

  public init() {}

  /// What the numbers may be, on the command line as in the file.
  public enum Limits {
    public static let port = 0...65535
    public static let threads = 1...1024
    public static let instances = 1...256
    public static let queue = 1...1_000_000
    public static let body = 1...2 << 30
    public static let responseCache = 0...1 << 40
    public static let busyPoll = 0...10_000
    public static let seconds = 0...3600
  }
}

extension ServerConfiguration {
  /// Names of the members that differ, as the file spells them.
  public func changes(from former: ServerConfiguration) -> [String] {
    zip(values, former.values).compactMap { new, old in new.value == old.value ? nil : new.member }
  }

  /// Each member of the file with its value.
  private var values: [(member: String, value: AnyHashable?)] {
    [
      ("repository", repository), ("host", host), ("http_port", httpPort), ("grpc_port", grpcPort),
      ("threads", threads), ("instances", instances), ("queue_limit", queueLimit), ("max_body_bytes", maxBodyBytes),
      ("response_cache_bytes", responseCacheBytes), ("busy_poll_us", busyPollMicroseconds),
      ("drain_seconds", drainSeconds), ("watch_seconds", watchSeconds),
      ("plan_cache", planCache), ("access", access), ("tls", tls), ("audit_log", auditLog), ("signers", signers),
      ("log.requests", requestLog), ("stuck_seconds", stuckSeconds),
    ]
  }
}
