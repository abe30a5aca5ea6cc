import MassJSON

/// What `traffic` in a model's settings may say; every member is optional.
public struct TrafficSettings: Hashable, Sendable {
  /// A version on trial, watched against the others.
  public struct Canary: Hashable, Sendable {
    public var version: Int
    public var limits = CanaryLimits()
    /// Whether a canary that fails is taken out of service; else the log says so.
    public var rollsBack = true

    public init(version: Int) { self.version = version }
  }

  /// Shares of the requests that name no version, on any scale; nil gives all to the current version.
  public var split: [Int: Double]?
  /// The request header whose value decides on the version; nil for chance.
  public var stickyHeader: String?
  public var canary: Canary?
  /// For each version by itself; nil for none.
  public var breaker: BreakerOptions?
  /// Requests of the model that are let in; nil for all.
  public var limit: RateLimit?
  public var queue = QueueRules()
  /// Whether answers are kept for requests that come again.
  public var caches = false

  public init() {}
}

/// Who waits for an instance, and in which order.
public struct QueueRules: Hashable, Sendable {
  /// One level: the order is that of arrival.
  public var policy = QueuePolicy(levels: 1)
  /// Of requests that name none.
  public var defaultPriority = 1
  /// Nanoseconds that a request may be expected to wait, or it is refused at once; nil for any.
  public var longestWait: UInt64?

  public init() {}
}

extension TrafficSettings {
  init(_ value: JSONValue, path: String) throws(ServingError) {
    let object = try SettingsObject(value, path: path, at: "traffic")
    try object.refuseUnknown(["split", "sticky_header", "canary", "breaker", "limit", "queue", "cache"])
    if let split = object["split"] { self.split = try Self.split(split, path) }
    if let name = object["sticky_header"] {
      guard let text = name.string, !text.isEmpty, text.utf8.allSatisfy(Self.isHeaderByte) else {
        throw .invalid("\(path): traffic.sticky_header: expected the name of a header")
      }
      stickyHeader = text.lowercased()
    }
    if let canary = object["canary"] { self.canary = try Canary(canary, path: path) }
    if let breaker = object["breaker"] { self.breaker = try BreakerOptions(breaker, path: path) }
    if let limit = object["limit"] { self.limit = try Self.limit(limit, path) }
    if let cache = object["cache"] {
      guard let flag = cache.bool else { throw object.invalid("cache", "true or false") }
      caches = flag
    }
    if let queue = object["queue"] { self.queue = try QueueRules(queue, path: path) }
  }

  private static func isHeaderByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func split(_ value: JSONValue, _ path: String) throws(ServingError) -> [Int: Double] {
    var weights: [Int: Double] = [:]
    for (key, weight) in try SettingsObject(value, path: path, at: "traffic.split").members {
      guard let version = Int(key), version > 0, String(version) == key else {
        throw .invalid("\(path): traffic.split: '\(key)' is no version")
      }
      guard let number = weight.double ?? weight.int64.map(Double.init) else {
        throw .invalid("\(path): traffic.split.\(key): expected a number of at least 0")
      }
      weights[version] = number
    }
    do throws(ServingError) { _ = try TrafficSplit(weights) } catch {
      throw .invalid("\(path): traffic.split: \(error)")
    }
    return weights
  }

  private static func limit(_ value: JSONValue, _ path: String) throws(ServingError) -> RateLimit {
    let object = try SettingsObject(value, path: path, at: "traffic.limit")
    try object.refuseUnknown(["rate", "burst"])
    guard let rate = try object.number("rate", in: 1e-6...1e9) else {
      throw .invalid("\(path): traffic.limit.rate is missing: requests per second")
    }
    let burst = try object.integer("burst", in: 1...1_000_000_000) ?? max(1, Int(rate.rounded(.up)))
    guard let limit = RateLimit(perSecond: rate, burst: UInt64(burst)) else {
      throw .invalid("\(path): traffic.limit: expected a rate from 0.000001 to 1000000000 per second")
    }
    return limit
  }
}

extension TrafficSettings.Canary {
  init(_ value: JSONValue, path: String) throws(ServingError) {
    let object = try SettingsObject(value, path: path, at: "traffic.canary")
    try object.refuseUnknown([
      "version", "window_s", "minimum_requests", "error_rate", "error_difference", "error_ratio", "latency_ratio",
      "latency_limit_ms", "on_failure",
    ])
    guard let version = try object.integer("version", in: 1...Int.max) else {
      throw .invalid("\(path): traffic.canary.version is missing")
    }
    self.init(version: version)
    if let window = try object.number("window_s", in: 1...86_400) { limits.window = UInt64(window * 1e9) }
    limits.minimumRequests = try object.integer("minimum_requests", in: 1...1_000_000) ?? limits.minimumRequests
    limits.errorRate = try object.number("error_rate", in: 0...1) ?? limits.errorRate
    limits.errorDifference = try object.number("error_difference", in: 0...1) ?? limits.errorDifference
    limits.errorRatio = try object.number("error_ratio", in: 1...1000) ?? limits.errorRatio
    let ratio = try object.number("latency_ratio", in: 1...1000)
    let longest = try object.milliseconds("latency_limit_ms")
    for i in limits.latencies.indices {
      limits.latencies[i].ratio = ratio ?? limits.latencies[i].ratio
      if limits.latencies[i].percent == 99 { limits.latencies[i].limit = longest }
    }
    switch object["on_failure"]?.string {
    case "rollback": rollsBack = true
    case "report": rollsBack = false
    default:
      guard object["on_failure"] == nil else {
        throw .invalid("\(path): traffic.canary.on_failure: expected \"rollback\" or \"report\"")
      }
    }
  }
}

extension QueueRules {
  init(_ value: JSONValue, path: String) throws(ServingError) {
    let object = try SettingsObject(value, path: path, at: "traffic.queue")
    try object.refuseUnknown(["levels", "default_priority", "ageing_ms", "longest_wait_ms"])
    self.init()
    policy.levels = try object.integer("levels", in: 1...64) ?? policy.levels
    policy.ageing = try object.milliseconds("ageing_ms") ?? policy.ageing
    defaultPriority = try object.integer("default_priority", in: 1...policy.levels) ?? defaultPriority
    longestWait = try object.milliseconds("longest_wait_ms")
  }
}

extension BreakerOptions {
  init(_ value: JSONValue, path: String) throws(ServingError) {
    let object = try SettingsObject(value, path: path, at: "traffic.breaker")
    try object.refuseUnknown([
      "window_s", "minimum_requests", "failure_share", "consecutive_failures", "cool_down_s", "longest_cool_down_s",
    ])
    self.init()
    func nanoseconds(_ key: String) throws(ServingError) -> UInt64? {
      try object.number(key, in: 0.001...86_400).map { UInt64($0 * 1e9) }
    }
    window = try nanoseconds("window_s") ?? window
    minimumRequests = try object.integer("minimum_requests", in: 1...1_000_000) ?? minimumRequests
    failureShare = try object.number("failure_share", in: 0.01...1) ?? failureShare
    consecutiveFailures = try object.integer("consecutive_failures", in: 1...1_000_000) ?? consecutiveFailures
    coolDown = try nanoseconds("cool_down_s") ?? coolDown
    longestCoolDown = try nanoseconds("longest_cool_down_s") ?? longestCoolDown
  }
}

extension SettingsObject {
  func number(_ key: String, in range: ClosedRange<Double>) throws(ServingError) -> Double? {
    guard let value = self[key] else { return nil }
    guard let number = value.double ?? value.int64.map(Double.init), range.contains(number) else {
      throw invalid(key, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// Nanoseconds, of at most a day.
  func milliseconds(_ key: String) throws(ServingError) -> UInt64? {
    try number(key, in: 0...86_400_000).map { UInt64($0 * 1e6) }
  }
}
