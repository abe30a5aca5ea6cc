import HTTPTypes
import MassFormats
import MassJSON
import MassRegistry
import MassSecurity

extension RegistryFront {
  /// - Parameter path: What stands behind the model's name.
  /// - Parameter entry: Is told which version it is about.
  func change(
    _ head: HTTPRequestHead, _ name: String, _ path: [String], _ request: RegistryRequest, _ actor: String,
    _ entry: inout AuditRecord
  ) async throws(ServingError) -> HTTPAnswer? {
    switch (head.method, path[0], path.count) {
    case (.post, "versions", 1): return try await publish(name, request, actor, &entry)
    case (.post, "activate", 1):
      try request.allow(["version", "exclusive", "current"])
      let number = try request.version()
      entry.detail = "version \(number)"
      return .json(
        json(
          try await repository.activate(
            name, number, isExclusive: try request.bool("exclusive") ?? true,
            isCurrent: try request.bool("current") ?? true, by: actor)))
    case (.post, "deactivate", 1):
      try request.allow(["version"])
      let number = try request.version()
      entry.detail = "version \(number)"
      return .json(json(try await repository.deactivate(name, number, by: actor)))
    case (.post, "rollback", 1):
      try request.allow([])
      let version = try await repository.rollback(name, by: actor)
      entry.detail = "version \(version.number)"
      return .json(json(version))
    case (.put, "labels", 2), (.delete, "labels", 2):
      return try await label(name, path[1], head.method == .put ? request : nil, actor, &entry)
    case (.delete, "versions", 2):
      let (number, isForced) = (try Self.number(path[1]), head.queryValue("force") == "true")
      entry.detail = "version \(number)\(isForced ? ", forced" : "")"
      try await repository.remove(name, number, isForced: isForced, by: actor)
      return .json([:])
    default: return nil
    }
  }

  /// - Parameter request: Names the version; nil to take the label away.
  private func label(
    _ name: String, _ label: String, _ request: RegistryRequest?, _ actor: String, _ entry: inout AuditRecord
  ) async throws(ServingError) -> HTTPAnswer {
    entry.detail = "label '\(label)'"
    guard let request else {
      try await repository.label(name, label, nil, by: actor)
      return .json([:])
    }
    try request.allow(["version"])
    let number = try request.version()
    entry.detail += ", version \(number)"
    try await repository.label(name, label, number, by: actor)
    return .json(json(try repository.read { registry throws(RegistryError) in try registry.version(name, number) }))
  }

  private func publish(
    _ name: String, _ request: RegistryRequest, _ actor: String, _ entry: inout AuditRecord
  ) async throws(ServingError) -> HTTPAnswer {
    try request.allow(["upload", "version", "note", "activate", "files"])
    guard let id = try request.string("upload") else {
      throw .invalid("'upload' is missing: begin one with POST /v2/registry/uploads")
    }
    let upload = try uploads.find(id, of: Self.owner)
    try request.compareFiles(upload.files)
    let number = request.has("version") ? try request.version() : nil
    if let number { entry.detail = "version \(number)" }
    let isActivated = try request.bool("activate") ?? false
    var version = try await repository.publish(
      upload, name, version: number, note: try request.string("note") ?? "", activate: false, by: actor)
    uploads.end(id)
    entry.detail = "version \(version.number)"
    if isActivated {
      entry.detail += ", published and not activated"
      version = try await repository.activate(name, version.number, isExclusive: true, isCurrent: true, by: actor)
      entry.detail = "version \(version.number), activated"
    }
    return .json(json(version), status: 201)
  }
}

/// The JSON object that comes with a change; no body is as good as an empty one.
struct RegistryRequest {
  private let members: [(String, JSONValue)]

  init(_ body: BodyBytes) throws(ServingError) {
    guard body.count > 0 else {
      members = []
      return
    }
    let document: JSONDocument
    do throws(JSONError) {
      document = try unsafe JSONDocument(byteCount: body.count) { unsafe body.copy(to: $0) }
    } catch { throw .invalid("the body is no JSON: \(error)") }
    members = try SettingsObject(document.root, path: "the body", at: "").members
  }

  func has(_ key: String) -> Bool { members.contains { $0.0 == key } }

  private subscript(key: String) -> JSONValue? { members.first { $0.0 == key }?.1 }

  func allow(_ known: [String]) throws(ServingError) {
    for (key, _) in members where !known.contains(key) {
      let expected = known.isEmpty ? "none are taken" : "expected \(known.joined(separator: ", "))"
      throw .invalid("unknown member '\(key)': \(expected)")
    }
  }

  func string(_ key: String) throws(ServingError) -> String? {
    guard let value = self[key] else { return nil }
    guard let text = value.string else { throw .invalid("'\(key)' is no string") }
    return text
  }

  func bool(_ key: String) throws(ServingError) -> Bool? {
    guard let value = self[key] else { return nil }
    guard let flag = value.bool else { throw .invalid("'\(key)' is no bool") }
    return flag
  }

  func version() throws(ServingError) -> Int {
    guard let number = self["version"]?.int64, VersionNumber.isValid(Int(number)) else {
      throw .invalid("'version' is missing or no whole number from 1")
    }
    return Int(number)
  }

  /// Checks the files that were uploaded against what the client says they are, if it does.
  func compareFiles(_ uploaded: [RegisteredFile]) throws(ServingError) {
    guard let value = self["files"] else { return }
    let files = try SettingsObject(value, path: "the body", at: "files").members
    let (expected, got) = (files.map(\.0).sorted(), uploaded.map(\.name).sorted())
    guard expected == got else {
      throw .invalid("'files' names \(expected.joined(separator: ", ")); uploaded are \(got.joined(separator: ", "))")
    }
    for (name, value) in files {
      let object = try SettingsObject(value, path: "the body", at: "files.\(name)")
      try object.refuseUnknown(["sha256", "size"])
      guard let file = uploaded.first(where: { $0.name == name }) else { continue }
      if let size = object["size"], size.int64 != Int64(file.byteCount) {
        throw .invalid("file '\(name)' has \(file.byteCount) bytes, not those that 'files' says")
      }
      if let digest = object["sha256"], digest.string?.lowercased() != file.sha256 {
        throw .invalid("file '\(name)' has SHA-256 \(file.sha256), not the one that 'files' says")
      }
    }
  }
}
