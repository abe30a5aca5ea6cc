import MassFormats
import MassJSON
import MassRuntime

/// What a model's folder may say in `model.json`; every member is optional.
public struct ModelSettings: Hashable, Sendable {
  /// Which of the versions in the folder are served.
  public enum VersionPolicy: Hashable, Sendable {
    /// The highest so many.
    case latest(Int)
    case all
    case specific([Int])
  }

  public var versionPolicy = VersionPolicy.latest(1)
  public var instances: InstanceOptions
  /// Versions that can be asked for by a name such as `stable`.
  public var labels: [String: Int] = [:]
  /// Input shapes that an ONNX model is tuned for when it is compiled.
  public var shapes: [String: [Int]] = [:]
  public var traffic = TrafficSettings()
  /// nil for requests that run one by one.
  public var batching: BatchRules?
  public var warmUp = WarmUpRules()
  /// Nanoseconds without a request after which the model leaves the memory until the next one; nil for never.
  public var unloadAfter: UInt64?

  public init(instances: InstanceOptions = InstanceOptions()) { self.instances = instances }

  static let fileName = "model.json"

  /// Reads settings over the server's own.
  ///
  /// - Throws: `invalidArgument` naming the file, the member and what was expected.
  static func read(_ text: [UInt8], path: String, defaults: InstanceOptions) throws(ServingError) -> ModelSettings {
    let document: JSONDocument
    do throws(JSONError) {
      document = try unsafe JSONDocument(byteCount: text.count) { unsafe $0.copyBytes(from: text) }
    } catch { throw .invalid("\(path): \(error)") }
    var settings = ModelSettings(instances: defaults)
    let object = try SettingsObject(document.root, path: path, at: "")
    try object.refuseUnknown([
      "version_policy", "instances", "threads", "queue_limit", "labels", "shapes", "traffic", "batching", "warm_up",
      "unload_after_s",
    ])
    if let policy = object["version_policy"] { settings.versionPolicy = try readPolicy(policy, path) }
    settings.instances.count = try object.integer("instances", in: 1...256) ?? defaults.count
    settings.instances.threads = try object.integer("threads", in: 1...1024) ?? defaults.threads
    settings.instances.queueLimit = try object.integer("queue_limit", in: 1...1_000_000) ?? defaults.queueLimit
    if let traffic = object["traffic"] { settings.traffic = try TrafficSettings(traffic, path: path) }
    if let batching = object["batching"] { settings.batching = try BatchRules(batching, path: path) }
    if let warmUp = object["warm_up"] { settings.warmUp = try WarmUpRules(warmUp, path: path) }
    settings.unloadAfter = try object.number("unload_after_s", in: 0.1...31_536_000).map { UInt64($0 * 1e9) }
    if let labels = object["labels"] {
      for (label, value) in try SettingsObject(labels, path: path, at: "labels").members {
        guard let version = value.int64, version > 0 else {
          throw .invalid("\(path): labels.\(label): expected the number of a version")
        }
        settings.labels[label] = Int(version)
      }
    }
    if let shapes = object["shapes"] { settings.shapes = try readShapes(shapes, path, at: "shapes") }
    return settings
  }

  fileprivate static func readShapes(
    _ value: JSONValue, _ path: String, at place: String
  ) throws(ServingError) -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    for (input, value) in try SettingsObject(value, path: path, at: place).members {
      shapes[input] = try SettingsObject.integers(value, path: path, at: "\(place).\(input)")
    }
    return shapes
  }

  private static func readPolicy(_ value: JSONValue, _ path: String) throws(ServingError) -> VersionPolicy {
    if value.kind == .string, value.string == "all" { return .all }
    let expected = "\(path): version_policy: expected \"all\", {\"latest\": N} or {\"specific\": [N, …]}"
    guard value.kind == .object else { throw .invalid(expected) }
    let object = try SettingsObject(value, path: path, at: "version_policy")
    try object.refuseUnknown(["latest", "specific"])
    if let count = try object.integer("latest", in: 1...1_000_000), object.members.count == 1 { return .latest(count) }
    guard let list = object["specific"], object.members.count == 1 else { throw .invalid(expected) }
    return .specific(try SettingsObject.integers(list, path: path, at: "version_policy.specific"))
  }
}

extension BatchRules {
  init(_ value: JSONValue, path: String) throws(ServingError) {
    let object = try SettingsObject(value, path: path, at: "batching")
    try object.refuseUnknown(["max_size", "max_delay_ms", "exact"])
    guard let largest = try object.integer("max_size", in: 2...1024) else {
      throw object.invalid("max_size", "a number from 2 to 1024")
    }
    self.init(largest: largest)
    delay = try object.number("max_delay_ms", in: 0...10_000).map { UInt64($0 * 1e6) } ?? 0
    isExact = try object.bool("exact") ?? false
  }
}

extension WarmUpRules {
  init(_ value: JSONValue, path: String) throws(ServingError) {
    let object = try SettingsObject(value, path: path, at: "warm_up")
    try object.refuseUnknown(["runs", "shapes"])
    isRequired = true
    runs = try object.integer("runs", in: 0...1000) ?? runs
    guard let list = object["shapes"] else { return }
    guard list.kind == .array else { throw object.invalid("shapes", "a list of objects") }
    var elements: [JSONValue] = []
    list.forEachElement { elements.append($0) }
    for (i, element) in elements.enumerated() {
      shapes.append(try ModelSettings.readShapes(element, path, at: "warm_up.shapes[\(i)]"))
    }
  }
}

/// An object of a settings file, with its place for messages.
struct SettingsObject {
  let members: [(String, JSONValue)]
  private let path: String
  private let place: String

  init(_ value: JSONValue, path: String, at place: String) throws(ServingError) {
    self.path = path
    self.place = place
    guard value.kind == .object else {
      throw .invalid("\(path): \(place.isEmpty ? "" : "\(place): ")expected an object")
    }
    var members: [(String, JSONValue)] = []
    value.forEachMember { key, value in members.append((key, value)) }
    self.members = members
    var seen: Set<String> = []
    for (key, _) in members where !seen.insert(key).inserted {
      throw .invalid("\(path): '\(key)' stands twice")
    }
  }

  subscript(key: String) -> JSONValue? { members.first { $0.0 == key }?.1 }

  func refuseUnknown(_ known: [String]) throws(ServingError) {
    for (key, _) in members where !known.contains(key) {
      let nearest = NearestName.of(key, among: known)
      throw .invalid("\(path): unknown setting '\(place.isEmpty ? "" : place + ".")\(key)'; did you mean '\(nearest)'?")
    }
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(ServingError) -> Int? {
    guard let value = self[key] else { return nil }
    guard let number = value.int64, range.contains(Int(number)) else {
      throw invalid(key, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return Int(number)
  }

  func bool(_ key: String) throws(ServingError) -> Bool? {
    guard let value = self[key] else { return nil }
    guard let bool = value.bool else { throw invalid(key, "true or false") }
    return bool
  }

  func invalid(_ key: String, _ expected: String) -> ServingError {
    .invalid("\(path): \(place.isEmpty ? "" : place + ".")\(key): expected \(expected)")
  }

  static func integers(_ value: JSONValue, path: String, at place: String) throws(ServingError) -> [Int] {
    guard value.kind == .array else { throw .invalid("\(path): \(place): expected a list of numbers") }
    var result: [Int] = []
    var isWhole = true
    value.forEachElement { element in
      if let number = element.int64, number > 0 { result.append(Int(number)) } else { isWhole = false }
    }
    guard isWhole else { throw .invalid("\(path): \(place): expected numbers of at least 1") }
    return result
  }
}
