import MassFormats

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What tells one state of a folder's files from another without reading them.
struct FolderStamp: Hashable, Sendable {
  struct File: Hashable, Sendable {
    var name: String
    var byteCount: Int
    var modified: Int
    var inode: UInt64
  }

  var files: [File]

  /// The regular files directly in the folder, sorted by name.
  init(folder: String) {
    files = (FileSystem.names(in: folder) ?? []).compactMap { name in
      var status = stat()
      guard unsafe stat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      let modified = Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)
      return File(name: name, byteCount: Int(status.st_size), modified: modified, inode: UInt64(status.st_ino))
    }
  }
}

/// `models/<name>/` with its versions.
struct ModelFolder {
  let name: String
  let path: String
  /// The model's only file, where there are no versions: it is version 1.
  var singleFile: String?

  /// The numbers of the versions that hold a model, ascending. A folder whose name is no plain number is ignored.
  var versions: [Int] {
    if singleFile != nil { return [1] }
    return (FileSystem.names(in: path) ?? []).compactMap { name in
      guard let number = Int(name), number > 0, String(number) == name else { return nil }
      return modelFile(number) == nil ? nil : number
    }.sorted()
  }

  func versionPath(_ number: Int) -> String { singleFile == nil ? "\(path)/\(number)" : path }

  /// The plan of a version, or else its ONNX model.
  func modelFile(_ number: Int) -> String? {
    if let singleFile { return number == 1 ? singleFile : nil }
    return ["model.plan", "model.onnx"].map { "\(versionPath(number))/\($0)" }.first(where: FileSystem.exists)
  }

  /// - Throws: What is wrong with `model.json`.
  func settings(_ defaults: InstanceOptions) throws(ServingError) -> ModelSettings {
    let file = "\(path)/\(ModelSettings.fileName)"
    guard FileSystem.exists(file) else { return ModelSettings(instances: defaults) }
    let bytes: [UInt8]
    do throws(FormatError) { bytes = try WholeFile.read(file, limit: 1 << 20) } catch { throw .invalid("\(error)") }
    return try ModelSettings.read(bytes, path: file, defaults: defaults)
  }

  /// Class names, one a line, of a version that has them.
  func classLabels(_ number: Int) -> [String] {
    guard let bytes = try? WholeFile.read("\(versionPath(number))/labels.txt", limit: 16 << 20) else { return [] }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    return lines.map { String($0.hasSuffix("\r") ? $0.dropLast() : $0) }
  }

  /// The versions that a policy selects among those in the folder, ascending.
  func selected(_ policy: ModelSettings.VersionPolicy) -> [Int] {
    switch policy {
    case .latest(let count): Array(versions.suffix(count))
    case .all: versions
    case .specific(let numbers): versions.filter { numbers.contains($0) }
    }
  }
}
