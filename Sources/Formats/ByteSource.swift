#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Bytes that are read once, from front to back.
protocol ByteSource: AnyObject {
  /// What errors call it.
  var place: String { get }
  /// Bytes not read yet.
  var remaining: Int { get }
  /// Fills the whole buffer.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(FormatError)
}

extension ByteSource {
  /// The next `count` bytes, which must be there.
  func bytes(_ count: Int) throws(FormatError) -> [UInt8] {
    guard count >= 0, count <= remaining else {
      throw FormatError(place, expected: "\(count) more bytes", got: "\(remaining)")
    }
    var failure: FormatError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(FormatError) { try unsafe read(into: UnsafeMutableRawBufferPointer(buffer)) } catch { failure = error }
      initialized = failure == nil ? count : 0
    }
    if let failure { throw failure }
    return bytes
  }
}

/// A regular file.
final class InputFile: ByteSource {
  let place: String
  private(set) var remaining: Int
  private let descriptor: Int32

  init(path: String) throws(FormatError) {
    place = path
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    remaining = 0
    guard descriptor >= 0 else { throw FormatError(path, Self.lastError) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw FormatError(path, Self.lastError) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FormatError(path, "not a regular file") }
    remaining = Int(status.st_size)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
    var position = 0
    while position < buffer.count, let base = buffer.baseAddress {
      let count = unsafe Glibc.read(descriptor, base + position, buffer.count - position)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FormatError(place, Self.lastError) }
      guard count > 0 else {
        throw FormatError(place, expected: "\(buffer.count - position) more bytes", got: "the end of the file")
      }
      position += count
    }
    remaining -= buffer.count
  }

  private static var lastError: String { unsafe String(cString: strerror(errno)) }
}

/// Whole files, for those formats whose decoders want all bytes at once.
public enum WholeFile {
  /// - Parameter limit: A larger file is refused before memory is taken for it.
  public static func read(_ path: String, limit: Int = 1 << 30) throws(FormatError) -> [UInt8] {
    let file = try InputFile(path: path)
    guard file.remaining <= limit else {
      throw FormatError(path, expected: "a file of at most \(limit) bytes", got: "\(file.remaining)")
    }
    return try file.bytes(file.remaining)
  }

  /// The first bytes of a file, fewer when it is shorter.
  public static func head(_ path: String, _ count: Int) throws(FormatError) -> [UInt8] {
    let file = try InputFile(path: path)
    return try file.bytes(min(count, file.remaining))
  }

  /// Writes beside `path` and renames into place: a reader never sees half a file.
  public static func write(_ bytes: [UInt8], to path: String) throws(FormatError) {
    try unsafe write(to: path) { put in unsafe bytes.withUnsafeBytes { unsafe put($0) } }
  }

  /// As above, for a file written in parts: `body` hands each to its argument, which says whether it could be written.
  static func write(
    to path: String, _ body: ((UnsafeRawBufferPointer) -> Bool) -> Bool
  ) throws(FormatError) {
    let aside = "\(path).\(getpid()).partial"
    guard let file = unsafe fopen(aside, "we") else { throw FormatError(path, unsafe String(cString: strerror(errno))) }
    var isWritten = unsafe body { bytes in
      guard let base = bytes.baseAddress, bytes.count > 0 else { return true }
      return unsafe fwrite(base, 1, bytes.count, file) == bytes.count
    }
    isWritten = unsafe fclose(file) == 0 && isWritten
    guard isWritten, unsafe rename(aside, path) == 0 else {
      let reason = unsafe String(cString: strerror(errno))
      unsafe _ = unlink(aside)
      throw FormatError(path, reason)
    }
  }
}
