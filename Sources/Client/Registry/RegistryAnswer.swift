import MassJSON

/// An object of a registry's answer; what is missing or has another type is named.
struct RegistryAnswer {
  let object: JSONValue
  /// What errors call it.
  let name: String

  init(_ value: JSONValue, _ name: String) throws(RegistryClientError) {
    guard value.kind == .object else { throw .malformed("\(name) is no object") }
    object = value
    self.name = name
  }

  private func required<Value>(
    _ key: String, _ type: String, _ read: (JSONValue) -> Value?
  ) throws(RegistryClientError) -> Value {
    guard let value = object.member(key).flatMap(read) else { throw .malformed("\(name) has no \(type) '\(key)'") }
    return value
  }

  /// Nil where the member is null or missing.
  private func optional<Value>(
    _ key: String, _ type: String, _ read: (JSONValue) -> Value?
  ) throws(RegistryClientError) -> Value? {
    guard let value = object.member(key), !value.isNull else { return nil }
    return try required(key, type, read)
  }

  func text(_ key: String) throws(RegistryClientError) -> String { try required(key, "text") { $0.string } }
  func bool(_ key: String) throws(RegistryClientError) -> Bool { try required(key, "bool") { $0.bool } }
  func number(_ key: String) throws(RegistryClientError) -> Int { try required(key, "number", Self.number) }

  func optionalText(_ key: String) throws(RegistryClientError) -> String? { try optional(key, "text") { $0.string } }
  func optionalBool(_ key: String) throws(RegistryClientError) -> Bool? { try optional(key, "bool") { $0.bool } }
  func optionalNumber(_ key: String) throws(RegistryClientError) -> Int? { try optional(key, "number", Self.number) }

  func numbers(_ key: String) throws(RegistryClientError) -> [Int] { try list(key, "numbers", Self.number) }
  func texts(_ key: String) throws(RegistryClientError) -> [String] { try list(key, "texts") { $0.string } }

  /// The objects of a list, each read by `read`.
  func objects<Value>(
    _ key: String, _ read: (RegistryAnswer) throws(RegistryClientError) -> Value
  ) throws(RegistryClientError) -> [Value] {
    var values: [Value] = []
    for (i, element) in try list(key, "objects", { $0 }).enumerated() {
      values.append(try read(RegistryAnswer(element, "entry \(i) of '\(key)'")))
    }
    return values
  }

  /// The members of an object of numbers.
  func numbersByName(_ key: String) throws(RegistryClientError) -> [String: Int] {
    let members = try required(key, "object") { $0.kind == .object ? $0 : nil }
    var numbers: [String: Int] = [:]
    members.forEachMember { name, value in
      if let number = Self.number(value) { numbers[name] = number }
    }
    guard numbers.count == members.count else { throw .malformed("'\(key)' of \(name) has values that are no number") }
    return numbers
  }

  private func list<Value>(
    _ key: String, _ type: String, _ read: (JSONValue) -> Value?
  ) throws(RegistryClientError) -> [Value] {
    let list = try required(key, "list") { $0.kind == .array ? $0 : nil }
    let values = list.elements.compactMap(read)
    guard values.count == list.count else { throw .malformed("'\(key)' of \(name) is no list of \(type)") }
    return values
  }

  private static func number(_ value: JSONValue) -> Int? { value.int64.flatMap { Int(exactly: $0) } }
}

extension PublishedModel {
  /// The number of versions is counted where the versions themselves are given.
  init(_ answer: RegistryAnswer, versions: [PublishedVersion]?) throws(RegistryClientError) {
    name = try answer.text("name")
    current = try answer.optionalNumber("current")
    active = try answer.numbers("active")
    labels = try answer.numbersByName("labels")
    byteCount = try answer.number("size")
    highestVersion = try answer.number("highest_version")
    isManaged = try answer.bool("managed")
    if let versions {
      versionCount = versions.count { $0.state != .removed }
    } else {
      versionCount = try answer.number("versions")
    }
  }
}

extension PublishedVersion {
  init(_ answer: RegistryAnswer) throws(RegistryClientError) {
    let stateName = try answer.text("state")
    guard let state = State(rawValue: stateName) else {
      throw .malformed("\(answer.name) is in the unknown state '\(stateName)'")
    }
    self.init(
      model: try answer.text("model"), number: try answer.number("version"), state: state,
      isCurrent: try answer.bool("current"), labels: try answer.texts("labels"),
      digest: try answer.optionalText("digest"), byteCount: try answer.number("size"),
      files: try answer.objects("files") { (file) throws(RegistryClientError) in try PublishedFile(file) },
      publishedBy: try answer.text("published_by"), publishedAt: try answer.text("published_at"),
      note: try answer.text("note"),
      counts: Counts(
        requests: try answer.number("requests"), failures: try answer.number("failures"),
        lastUsed: try answer.optionalText("last_used")),
      isServing: try answer.optionalBool("serving"))
  }
}

extension PublishedFile {
  init(_ answer: RegistryAnswer) throws(RegistryClientError) {
    self.init(
      name: try answer.text("name"), byteCount: try answer.number("size"), sha256: try answer.text("sha256"))
  }
}

extension RegistryLogEntry {
  init(_ answer: RegistryAnswer) throws(RegistryClientError) {
    self.init(
      id: try answer.number("id"), time: try answer.text("time"), user: try answer.text("user"),
      action: try answer.text("action"), model: try answer.text("model"),
      version: try answer.optionalNumber("version"), detail: try answer.text("detail"))
  }
}
