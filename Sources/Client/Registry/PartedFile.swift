import CryptoShim

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A regular file that is read from its start to its end, in parts.
public final class PartedFile {
  public let path: String
  /// Its size when it was opened.
  public let byteCount: Int
  private let descriptor: Int32

  private static let partByteCount = 1 << 20

  /// - Throws: `unreadableFile` where there is no such file or it is none.
  public init(path: String) throws(RegistryClientError) {
    self.path = path
    // A pipe would keep the open waiting for its other end.
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    var status = stat()
    guard descriptor >= 0, unsafe fstat(descriptor, &status) == 0 else {
      byteCount = 0
      throw .unreadableFile(path: path, reason: Self.lastError)
    }
    byteCount = Int(status.st_size)
    guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadableFile(path: path, reason: "not a regular file") }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// The next part; nil at the end.
  public func next() throws(RegistryClientError) -> [UInt8]? {
    var failure: String?
    let part = unsafe [UInt8](unsafeUninitializedCapacity: Self.partByteCount) { buffer, count in
      while true {
        let read = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if read < 0 && errno == EINTR { continue }
        if read < 0 { failure = Self.lastError }
        count = max(read, 0)
        return
      }
    }
    if let failure { throw .unreadableFile(path: path, reason: failure) }
    return part.isEmpty ? nil : part
  }

  private static var lastError: String { unsafe String(cString: strerror(errno)) }
}

/// A SHA-256 digest.
struct SHA256Digest: Hashable, Sendable {
  let bytes: [UInt8]

  /// Reads the file to its end, and calls `progress` with the bytes of each part.
  init(of file: PartedFile, progress: (Int) throws(RegistryClientError) -> Void) throws(RegistryClientError) {
    let context = unsafe mass_sha256_start()
    var digest = [UInt8](repeating: 0, count: Int(MASS_SHA256_BYTES))
    do throws(RegistryClientError) {
      while let part = try file.next() {
        unsafe part.withUnsafeBytes { unsafe mass_sha256_update(context, $0.baseAddress, $0.count) }
        try progress(part.count)
      }
    } catch {
      unsafe mass_sha256_finish(context, &digest)
      throw error
    }
    unsafe mass_sha256_finish(context, &digest)
    bytes = digest
  }

  var hexadecimal: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// What `Content-Digest` says, by RFC 9530.
  var contentDigest: String { "sha-256=:\(base64):" }

  private var base64: String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      text += (0..<4).map { i in i <= group.count ? alphabet[bits >> (18 - 6 * i) & 63] : UInt8(ascii: "=") }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
