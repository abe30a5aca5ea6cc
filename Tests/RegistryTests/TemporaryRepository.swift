import Testing

@testable import MassRegistry

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A repository's folder that goes with the value.
final class TemporaryRepository: Sendable {
  let path = "/tmp/mass-registry-\(getpid())-\(RepositoryLayout.uniqueName())"

  init() throws { try Files.makeFolder(path) }

  deinit { Files.removeTree(path) }

  var layout: RepositoryLayout { RepositoryLayout(root: path) }

  func open(_ options: RegistryOptions = RegistryOptions()) throws -> Registry {
    try Registry(repository: path, options: options)
  }

  func exists(_ name: String) -> Bool { Files.mode("\(path)/\(name)") != nil }

  func write(_ text: String, to name: String) throws {
    var folder = path
    for part in name.split(separator: "/").dropLast() {
      folder += "/\(part)"
      try Files.makeFolder(folder)
    }
    try Files.write(text, to: "\(path)/\(name)")
  }

  func text(_ name: String) throws -> String { try fileText("\(path)/\(name)") }

  func names(_ folder: String) throws -> [String] { try Files.names(in: "\(path)/\(folder)") }

  /// Takes the database away, as an operator would.
  func loseDatabase() {
    Files.removeFile(layout.database)
    Files.removeFile("\(layout.database)-journal")
  }
}

func fileText(_ path: String) throws(RegistryError) -> String {
  var bytes: [UInt8] = []
  try SourceFile.read(path) { part in unsafe part.withUnsafeBytes { unsafe bytes += $0 } }
  return String(decoding: bytes, as: UTF8.self)
}

extension Registry {
  /// Publishes a model whose plan is a text.
  @discardableResult
  func publish(
    _ model: String, _ plan: String = "plan", version: Int? = nil, by actor: String = "ana", note: String = "",
    activate: Bool = false
  ) throws(RegistryError) -> RegisteredVersion {
    let upload = try beginUpload()
    try upload.write(file: "model.plan", [UInt8](plan.utf8))
    try upload.finish(file: "model.plan")
    return try publish(upload, model: model, version: version, by: actor, note: note, activate: activate)
  }

  /// Everything there is to see of the models, apart from events.
  func everything() throws(RegistryError) -> [[RegisteredVersion]: RegisteredModel] {
    var everything: [[RegisteredVersion]: RegisteredModel] = [:]
    for model in try models() { everything[try versions(model.name)] = model }
    return everything
  }
}

/// Expects an error of a kind whose message says all of `words`.
func expect(
  _ kind: RegistryError.Kind, _ words: String..., at location: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) {
  let error = #expect(throws: RegistryError.self, sourceLocation: location, performing: body)
  guard let error else { return }
  #expect(error.kind == kind, sourceLocation: location)
  for word in words { #expect(error.message.contains(word), sourceLocation: location) }
}

/// SHA-256 of `plan`.
let planDigest = "64879f7d6b960a01909762d911a32d4582c20010c5641ee90278b644a9e3b525"
