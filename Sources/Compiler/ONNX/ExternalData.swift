import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Files beside a model that hold tensor data, each mapped once.
///
/// Only regular files inside the model's folder are opened, wherever links lead.
final class ExternalData: Sendable {
  /// nil refuses external data: the model has no folder.
  private let folder: String?
  private let files = Mutex<[String: ExternalFile]>([:])

  init(folder: String?) { self.folder = folder }

  /// The folder that `path` names a file in.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The bytes that a tensor's external entries name.
  func range(_ entries: [ONNXEntry], byteCount: Int) throws(ExternalDataError) -> ExternalRange {
    let values = Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
    guard let location = values["location"], !location.isEmpty else {
      throw ExternalDataError("expected a location of external data, got none")
    }
    let offset = try Self.number(values["offset"], "offset") ?? 0
    let length = try Self.number(values["length"], "length") ?? byteCount
    guard length == byteCount else {
      throw ExternalDataError("expected \(byteCount) bytes of external data, got a length of \(length)")
    }
    let file = try file(location)
    guard offset <= file.byteCount, length <= file.byteCount - offset else {
      throw ExternalDataError(
        "expected \(length) bytes at \(offset) of '\(location)', got a file of \(file.byteCount)",
        remedy: "is the file complete?")
    }
    return unsafe ExternalRange(file: file, bytes: file.bytes(offset, length))
  }

  private static func number(_ text: String?, _ key: String) throws(ExternalDataError) -> Int? {
    guard let text else { return nil }
    guard let number = Int(text), number >= 0 else {
      throw ExternalDataError("expected a number as \(key) of external data, got '\(text)'")
    }
    return number
  }

  private func file(_ location: String) throws(ExternalDataError) -> ExternalFile {
    if let open = files.withLock({ $0[location] }) { return open }
    let file = try ExternalFile(path: try resolved(location), location: location)
    return files.withLock { files in
      if let other = files[location] { return other }
      files[location] = file
      return file
    }
  }

  /// The real path of `location`, which lies inside the real folder.
  private func resolved(_ location: String) throws(ExternalDataError) -> String {
    guard let folder else {
      throw ExternalDataError(
        "external data '\(location)' of a model in memory is not read", remedy: "try opening the model from a file")
    }
    guard !location.hasPrefix("/"), !location.utf8.contains(0) else {
      throw ExternalDataError("expected a path relative to the model's folder, got '\(location)'")
    }
    guard let root = Self.realPath(folder) else {
      throw ExternalDataError("the model's folder '\(folder)' cannot be resolved")
    }
    guard let path = Self.realPath("\(root)/\(location)") else {
      throw ExternalDataError("external data '\(location)' is not there", remedy: "it belongs beside the model")
    }
    guard path.utf8.starts(with: (root == "/" ? root : root + "/").utf8) else {
      throw ExternalDataError(
        "external data '\(location)' lies outside the model's folder", remedy: "try a copy of it beside the model")
    }
    return path
  }

  private static func realPath(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }
}

/// Bytes of a mapped file, valid while it lives.
@unsafe struct ExternalRange {
  let file: ExternalFile
  let bytes: UnsafeRawBufferPointer
}

struct ExternalDataError: Error {
  var message: String
  var remedy: String

  init(_ message: String, remedy: String = "") {
    self.message = message
    self.remedy = remedy
  }
}

/// A regular file mapped read-only for as long as the object lives.
///
/// `Sendable` because nobody writes to the mapping. The file must not shrink meanwhile.
@safe final class ExternalFile: @unchecked Sendable {
  let byteCount: Int
  private let base: UnsafeRawPointer?

  init(path: String, location: String) throws(ExternalDataError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw ExternalDataError("external data '\(location)' cannot be opened: \(Self.lastError)")
    }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ExternalDataError("expected external data '\(location)' to be a file, got something else")
    }
    byteCount = Int(status.st_size)
    guard byteCount > 0 else {
      unsafe base = nil
      return
    }
    let mapping = unsafe mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let mapping = unsafe mapping, unsafe mapping != MAP_FAILED else {
      throw ExternalDataError("external data '\(location)' cannot be mapped: \(Self.lastError)")
    }
    unsafe base = UnsafeRawPointer(mapping)
  }

  deinit {
    if let base = unsafe base { unsafe munmap(UnsafeMutableRawPointer(mutating: base), byteCount) }
  }

  private static var lastError: String { unsafe String(cString: strerror(errno)) }

  /// - Precondition: `offset + length` is at most `byteCount`.
  func bytes(_ offset: Int, _ length: Int) -> UnsafeRawBufferPointer {
    precondition(offset >= 0 && length >= 0 && offset + length <= byteCount)
    return unsafe UnsafeRawBufferPointer(start: base.map { unsafe $0 + offset }, count: length)
  }
}
