import MassFormats

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Changes to the file system that survive a crash once they return.
enum Files {
  static var lastError: Int32 { errno }

  static func text(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }

  /// Whether the error says that this process may not write there.
  static func isRefusal(_ code: Int32) -> Bool { code == EROFS || code == EACCES || code == EPERM }

  static func mode(_ path: String) -> mode_t? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  static func isFolder(_ path: String) -> Bool { mode(path) == S_IFDIR }
  static func isFile(_ path: String) -> Bool { mode(path) == S_IFREG }

  /// Names in a folder, sorted; none where there is no folder.
  ///
  /// - Throws: `storage` where a folder cannot be read.
  static func names(in folder: String) throws(RegistryError) -> [String] {
    if let names = FileSystem.names(in: folder) { return names }
    let code = lastError
    guard code == ENOENT || code == ENOTDIR else { throw RegistryError(.storage, "\(folder): \(text(code))") }
    return []
  }

  /// Makes a folder where there is none.
  ///
  /// - Returns: Whether there was none.
  @discardableResult
  static func makeFolder(_ path: String) throws(RegistryError) -> Bool {
    if unsafe mkdir(path, 0o755) == 0 { return true }
    let code = lastError
    guard code == EEXIST, isFolder(path) else { throw .system(path, code) }
    return false
  }

  /// Makes the entries of a folder durable. File systems that cannot are left alone.
  static func synchronize(folder: String) throws(RegistryError) {
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP, errno != EROFS else { return }
    throw .system(folder)
  }

  /// Moves a folder to where nothing is, or an empty folder: what is there is never replaced.
  ///
  /// - Throws: `conflict` where something is.
  static func move(folder: String, to path: String) throws(RegistryError) {
    guard unsafe rename(folder, path) != 0 else { return }
    let code = lastError
    if code == ENOTEMPTY || code == EEXIST || code == ENOTDIR {
      throw RegistryError(.conflict, "\(path) exists already")
    }
    throw .system(path, code)
  }

  /// Writes beside `path` and renames into place.
  static func write(_ text: String, to path: String) throws(RegistryError) {
    let aside = "\(path).partial"
    do throws(RegistryError) {
      let file = try OutputFile(path: aside, replacing: true)
      try unsafe file.write([UInt8](text.utf8).span.bytes)
      try file.close()
      guard unsafe rename(aside, path) == 0 else { throw .system(path) }
    } catch {
      unsafe _ = unlink(aside)
      throw error
    }
  }

  static func removeFile(_ path: String) { unsafe _ = unlink(path) }

  /// Removes an empty folder; others stay.
  static func removeEmptyFolder(_ path: String) { unsafe _ = rmdir(path) }

  /// Removes a file, or a folder with all that is in it. Links are removed, not followed. What cannot be removed stays.
  static func removeTree(_ path: String) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else { return removeFile(path) }
    for name in FileSystem.names(in: path) ?? [] { removeTree("\(path)/\(name)") }
    removeEmptyFolder(path)
  }
}

/// A file that is written from its start to its end.
final class OutputFile {
  let path: String
  private var descriptor: Int32

  /// - Throws: `conflict` where there is such a file that is not to be replaced.
  init(path: String, replacing: Bool = false) throws(RegistryError) {
    self.path = path
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (replacing ? O_TRUNC : O_EXCL)
    descriptor = unsafe open(path, flags, 0o644)
    let code = Files.lastError
    if descriptor < 0 {
      throw code == EEXIST ? RegistryError(.conflict, "\(path) exists already") : .system(path, code)
    }
  }

  deinit {
    if descriptor >= 0 { Glibc.close(descriptor) }
  }

  func write(_ bytes: RawSpan) throws(RegistryError) {
    var position = 0
    while position < bytes.byteCount {
      let count = unsafe bytes.extracting(position...).withUnsafeBytes { part in
        unsafe Glibc.write(descriptor, part.baseAddress, part.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw .system(path) }
      position += count
    }
  }

  /// Makes the content durable and closes the file.
  func close() throws(RegistryError) {
    guard fsync(descriptor) == 0 else { throw .system(path) }
    let closed = Glibc.close(descriptor)
    descriptor = -1
    guard closed == 0 else { throw .system(path) }
  }
}

/// A regular file that is read from its start to its end.
enum SourceFile {
  /// Hands over the file in parts.
  static func read(
    _ path: String, _ body: (RawSpan) throws(RegistryError) -> Void
  ) throws(RegistryError) {
    // A pipe would keep the open waiting for its other end.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let code = Files.lastError
      throw RegistryError(code == ENOENT ? .notFound : .storage, "\(path): \(Files.text(code))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .system(path) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw RegistryError(.invalid, "\(path) is not a regular file") }
    var part = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = unsafe part.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw RegistryError(.storage, "\(path): \(Files.text(Files.lastError))") }
      if count == 0 { return }
      try unsafe body(part.span.bytes.extracting(..<count))
    }
  }
}
