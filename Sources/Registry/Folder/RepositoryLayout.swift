import MassFormats

/// Where things are in a repository's folder.
struct RepositoryLayout: Hashable, Sendable {
  let root: String

  /// What the registry keeps; serving takes no folder with a leading dot for a model.
  var registry: String { "\(root)/.mass" }
  var database: String { "\(registry)/registry.sqlite" }
  var openingLock: String { "\(registry)/registry.lock" }
  var staging: String { "\(registry)/staging" }
  var trash: String { "\(registry)/trash" }
  var models: String { "\(registry)/models" }

  init(root: String) {
    // A relative path could begin like a URI.
    self.root = root.hasPrefix("/") ? root : "./\(root)"
  }

  func model(_ name: String) -> String { "\(root)/\(name)" }
  func version(_ name: String, _ number: Int) -> String { "\(root)/\(name)/\(number)" }
  func record(_ name: String) -> String { "\(models)/\(name).json" }

  static let modelFiles = ["model.plan", "model.onnx"]

  /// Every number that stands in the model's folder, a version or not.
  func takenNumbers(_ name: String) throws(RegistryError) -> [Int] {
    try Files.names(in: model(name)).compactMap(VersionNumber.of)
  }

  /// Whether the folder holds a model.
  func holdsModel(_ name: String, _ number: Int) -> Bool {
    Self.modelFiles.contains { Files.isFile("\(version(name, number))/\($0)") }
  }

  /// The models that have a folder or a record, sorted.
  func modelNames() throws(RegistryError) -> [String] {
    let folders = try Files.names(in: root).filter { ModelName.isValid($0) && Files.isFolder(model($0)) }
    let suffix = ".json"
    let records = try Files.names(in: models).filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
    return Set(folders).union(records.filter(ModelName.isValid)).sorted()
  }

  /// Something nobody else will be called.
  static func uniqueName() -> String {
    let digits = String(UInt64.random(in: 0 ... .max), radix: 16) + String(UInt64.random(in: 0 ... .max), radix: 16)
    return String(repeating: "0", count: 32 - digits.utf8.count) + digits
  }
}
