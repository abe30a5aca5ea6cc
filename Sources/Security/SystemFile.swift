#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Why the system did not do something with a file.
struct FileFault: Error, Hashable, CustomStringConvertible {
  var path: String
  var reason: String
  var code: Int32 = 0

  var description: String { "\(path): \(reason)" }
  var isMissing: Bool { code == ENOENT }

  /// The last error of the system.
  static func system(_ path: String) -> FileFault {
    let code = errno
    return FileFault(path: path, reason: unsafe String(cString: strerror(code)), code: code)
  }
}

/// What tells one state of a file from another without reading it.
struct FileStamp: Hashable, Sendable {
  var device: UInt64
  var inode: UInt64
  var byteCount: Int
  var seconds: Int
  var nanoseconds: Int

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    byteCount = Int(status.st_size)
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
  }

  /// Of the file at a path; nil where there is none.
  init?(path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    self.init(status)
  }
}

/// Files that decide who may do what.
enum SystemFile {
  /// The content of a regular file, and the state it was in.
  ///
  /// - Throws: Also where everybody may write it, or it is larger than `limit`.
  static func read(_ path: String, limit: Int) throws(FileFault) -> (bytes: [UInt8], stamp: FileStamp) {
    // A pipe would keep the open waiting for its other end.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system(path) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .system(path) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileFault(path: path, reason: "not a regular file") }
    guard status.st_mode & S_IWOTH == 0 else {
      throw FileFault(path: path, reason: "everybody may write it; run chmod o-w on it")
    }
    guard status.st_size <= limit else {
      throw FileFault(path: path, reason: "expected a file of at most \(limit) bytes, got \(status.st_size)")
    }
    return (try content(descriptor, path: path, limit: limit), FileStamp(status))
  }

  private static func content(_ descriptor: Int32, path: String, limit: Int) throws(FileFault) -> [UInt8] {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe part.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .system(path) }
      if count == 0 { return bytes }
      bytes += part[..<count]
      guard bytes.count <= limit else {
        throw FileFault(path: path, reason: "expected a file of at most \(limit) bytes")
      }
    }
  }

  /// Replaces a file as a whole, or makes it, readable for its owner alone; durable on return.
  ///
  /// The new file belongs to whom the old one belonged.
  static func replace(_ path: String, with bytes: [UInt8]) throws(FileFault) {
    let aside = "\(path).partial"
    unsafe _ = unlink(aside)
    do throws(FileFault) {
      try write(bytes, to: aside, ownedAs: path)
      guard unsafe rename(aside, path) == 0 else { throw .system(path) }
    } catch {
      unsafe _ = unlink(aside)
      throw error
    }
    try synchronize(folder: folder(of: path))
  }

  private static func write(_ bytes: [UInt8], to path: String, ownedAs old: String) throws(FileFault) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .system(path) }
    defer { close(descriptor) }
    var status = stat()
    if unsafe stat(old, &status) == 0, status.st_uid != geteuid() || status.st_gid != getegid() {
      guard fchown(descriptor, status.st_uid, status.st_gid) == 0 || status.st_uid == geteuid() else {
        throw FileFault(path: old, reason: "belongs to another user; change it as that user or as root")
      }
    }
    var position = 0
    while position < bytes.count {
      let count = unsafe bytes[position...].withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw .system(path) }
      position += count
    }
    guard fsync(descriptor) == 0 else { throw .system(path) }
  }

  static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Makes the entries of a folder durable. File systems that cannot are left alone.
  static func synchronize(folder: String) throws(FileFault) {
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP, errno != EROFS else { return }
    throw .system(folder)
  }

  /// The path without symbolic links; the same path where nothing is.
  static func resolved(_ path: String) -> String {
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }
}

/// A lock between processes, held as long as the value lives. The system releases it when the process ends.
final class FileLock: Sendable {
  private let descriptor: Int32

  /// Waits for the lock on a file, which is made where it is missing and never removed.
  init(waitingOn path: String) throws(FileFault) {
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .system(path) }
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else {
        let fault = FileFault.system(path)
        close(descriptor)
        throw fault
      }
    }
  }

  deinit { close(descriptor) }
}

/// The text between quotes, cut where it is long; what cannot be printed is left out.
func quoted(_ text: String) -> String {
  let printable = text.unicodeScalars.prefix(80).filter { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
  return "'\(String(String.UnicodeScalarView(printable)))'"
}
