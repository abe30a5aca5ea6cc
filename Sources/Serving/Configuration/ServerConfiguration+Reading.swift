import MassFormats
import MassJSON

extension ServerConfiguration {
  static let memberNames = [
    "repository", "host", "http_port", "grpc_port", "threads", "instances", "queue_limit", "max_body_bytes",
    "response_cache_bytes", "busy_poll_us", "drain_seconds", "watch_seconds", "plan_cache", "access", "tls",
    "audit_log", "signers", "log", "stuck_seconds",
  ]
  private static let byteLimit = 1 << 20

  /// Takes over what the file says. Paths in it are relative to the folder it lies in.
  ///
  /// - Throws: What is wrong with the file, naming the member, what was expected and what is there; nothing is taken over then.
  public mutating func read(_ path: String) throws(ServingError) {
    var changed = self
    try changed.read(try Self.content(of: path), path: path)
    self = changed
  }

  /// Everything that is wrong with the file, each as `read` says it.
  public static func problems(in path: String) -> [ServingError] {
    do throws(ServingError) {
      let bytes = try content(of: path)
      return SettingsProblems.all(bytes, path: path, nested: ["log"]) { text throws(ServingError) in
        var configuration = ServerConfiguration()
        try configuration.read(text, path: path)
      }
    } catch { return [error] }
  }

  private static func content(of path: String) throws(ServingError) -> [UInt8] {
    do throws(FormatError) { return try WholeFile.read(path, limit: byteLimit) } catch { throw .invalid("\(error)") }
  }

  private mutating func read(_ text: [UInt8], path: String) throws(ServingError) {
    let object = try SettingsObject(try SettingsObject.root(text, path), path: path, at: "")
    try object.refuseUnknown(Self.memberNames)
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    repository = try object.path("repository", in: folder) ?? repository
    host = try object.text("host") ?? host
    try readNumbers(object)
    planCache = try object.path("plan_cache", in: folder) ?? planCache
    access = try object.path("access", in: folder) ?? access
    auditLog = try object.path("audit_log", in: folder) ?? auditLog
    signers = try object.paths("signers", in: folder) ?? signers
    if let value = object["tls"] { tls = try TLSOptions(SettingsObject(value, path: path, at: "tls"), in: folder) }
    if let value = object["log"] {
      let log = try SettingsObject(value, path: path, at: "log")
      try log.refuseUnknown(["requests"])
      if let text = try log.text("requests") {
        guard let choice = RequestLogging(named: text) else {
          throw log.refused("requests", "\"none\", \"failed\" or \"all\"")
        }
        requestLog = choice
      }
    }
  }

  private mutating func readNumbers(_ object: SettingsObject) throws(ServingError) {
    httpPort = try object.whole("http_port", in: Limits.port) ?? httpPort
    grpcPort = try object.whole("grpc_port", in: Limits.port) ?? grpcPort
    threads = try object.whole("threads", in: Limits.threads) ?? threads
    instances = try object.whole("instances", in: Limits.instances) ?? instances
    queueLimit = try object.whole("queue_limit", in: Limits.queue) ?? queueLimit
    maxBodyBytes = try object.whole("max_body_bytes", in: Limits.body) ?? maxBodyBytes
    responseCacheBytes = try object.whole("response_cache_bytes", in: Limits.responseCache) ?? responseCacheBytes
    busyPollMicroseconds = try object.whole("busy_poll_us", in: Limits.busyPoll) ?? busyPollMicroseconds
    drainSeconds = try object.whole("drain_seconds", in: Limits.seconds) ?? drainSeconds
    watchSeconds = try object.whole("watch_seconds", in: Limits.seconds) ?? watchSeconds
    stuckSeconds = try object.whole("stuck_seconds", in: Limits.seconds) ?? stuckSeconds
  }
}

extension TLSOptions {
  fileprivate init(_ object: SettingsObject, in folder: String) throws(ServingError) {
    try object.refuseUnknown(["certificate", "private_key", "client_authorities"])
    guard let certificate = try object.path("certificate", in: folder) else {
      throw object.invalid("certificate", "a PEM file, which is missing")
    }
    guard let key = try object.path("private_key", in: folder) else {
      throw object.invalid("private_key", "a PEM file, which is missing")
    }
    self.init(
      certificate: certificate, privateKey: key, clientAuthorities: try object.path("client_authorities", in: folder))
  }
}

extension SettingsObject {
  /// - Throws: `invalidArgument` naming the file and the place in it.
  static func root(_ text: [UInt8], _ path: String) throws(ServingError) -> JSONValue {
    do throws(JSONError) {
      return try unsafe JSONDocument(byteCount: text.count) { unsafe $0.copyBytes(from: text) }.root
    } catch { throw .invalid("\(path): \(error)") }
  }

  /// What was expected, and what is there.
  func refused(_ key: String, _ expected: String) -> ServingError {
    invalid(key, "\(expected), got \(self[key]?.summary ?? "nothing")")
  }

  func whole(_ key: String, in range: ClosedRange<Int>) throws(ServingError) -> Int? {
    guard let value = self[key] else { return nil }
    guard let number = value.int64.flatMap({ Int(exactly: $0) }), range.contains(number) else {
      throw refused(key, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func text(_ key: String) throws(ServingError) -> String? {
    guard let value = self[key] else { return nil }
    guard let text = value.string, !text.isEmpty, !text.utf8.contains(0) else { throw refused(key, "a text") }
    return text
  }

  /// - Parameter folder: Empty, or with a slash at its end.
  func path(_ key: String, in folder: String) throws(ServingError) -> String? {
    guard let text = try text(key) else { return nil }
    return text.hasPrefix("/") ? text : folder + text
  }

  func paths(_ key: String, in folder: String) throws(ServingError) -> [String]? {
    guard let value = self[key] else { return nil }
    guard value.kind == .array else { throw refused(key, "a list of files") }
    var paths: [String] = []
    value.forEachElement { element in
      if let text = element.string, !text.isEmpty, !text.utf8.contains(0) {
        paths.append(text.hasPrefix("/") ? text : folder + text)
      }
    }
    guard paths.count == value.count else { throw invalid(key, "a list of files, got an element that names none") }
    return paths
  }
}

extension JSONValue {
  /// The value, or what it is, in a few words for a message.
  fileprivate var summary: String {
    switch kind {
    case .string:
      let text = string ?? ""
      return "\"\(text.prefix(60))\(text.count > 60 ? "…" : "")\""
    case .array: return "a list"
    case .object: return "an object"
    default: return "\(description.prefix(60))"
    }
  }
}
