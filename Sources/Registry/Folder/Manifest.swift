import MassFormats
import MassJSON

/// What `manifest.json` in a version's folder says: enough to know the version without the database.
struct Manifest: Hashable {
  static let fileName = "manifest.json"
  /// A thousand files with the longest names need less.
  private static let byteLimit = 4 << 20

  var model: String
  var version: Int
  /// By name.
  var files: [RegisteredFile]
  var publishedBy: String
  var publishedAt: UTCTime
  var note: String

  var text: String {
    let files = files.map { file in
      JSON.object([("name", .string(file.name)), ("size", .int(file.byteCount)), ("sha256", .string(file.sha256))])
    }
    let manifest = JSON.object([
      ("model", .string(model)), ("version", .int(version)), ("files", .array(files)),
      ("published_by", .string(publishedBy)), ("published_at", .string("\(publishedAt)")), ("note", .string(note)),
    ])
    return manifest.text() + "\n"
  }
}

// MARK: Reading

extension Manifest {
  /// The manifest of a version's folder; nil where there is none.
  ///
  /// - Throws: `corrupt` where it is not the manifest of this version.
  static func read(folder: String, model: String, version: Int) throws(RegistryError) -> Manifest? {
    let path = "\(folder)/\(fileName)"
    guard let object = try RecordFile.read(path, limit: byteLimit) else { return nil }
    guard let manifest = Manifest(object) else {
      throw RegistryError(
        .corrupt, "\(path) does not describe a version; put the right one back, or publish the files again")
    }
    guard manifest.model == model, manifest.version == version else {
      let other = "version \(manifest.version) of \(quoted(manifest.model))"
      throw RegistryError(.corrupt, "\(path) is of \(other); put the folder where it belongs, or publish it again")
    }
    return manifest
  }

  private init?(_ object: JSONValue) {
    guard let model = object.member("model")?.string, ModelName.isValid(model),
      let version = object.member("version")?.int64.flatMap({ Int(exactly: $0) }), VersionNumber.isValid(version),
      let list = object.member("files"), list.kind == .array, 1...1000 ~= list.count,
      let time = object.member("published_at")?.string.flatMap({ UTCTime($0)?.inSeconds })
    else { return nil }
    let files = list.elements.compactMap { RegisteredFile($0) }.sorted { $0.name < $1.name }
    guard files.count == list.count, Set(files.map(\.name)).count == files.count, files.totalBytes != nil,
      RepositoryLayout.modelFiles.filter({ name in files.contains { $0.name == name } }).count == 1
    else { return nil }
    let actor = object.member("published_by")?.string ?? ""
    let note = object.member("note")?.string ?? ""
    guard PublishedText.isActor(actor), PublishedText.isNote(note) else { return nil }
    self.init(
      model: model, version: version, files: files, publishedBy: actor, publishedAt: time, note: note)
  }
}

extension RegisteredFile {
  fileprivate init?(_ object: JSONValue) {
    guard let name = object.member("name")?.string, PublishedText.isFileName(name),
      let size = object.member("size")?.int64.flatMap({ Int(exactly: $0) }), size >= 0,
      let digest = object.member("sha256")?.string, ContentDigest.isDigest(digest)
    else { return nil }
    self.init(name: name, byteCount: size, sha256: digest)
  }
}
