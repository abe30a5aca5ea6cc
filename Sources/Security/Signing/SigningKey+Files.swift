#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension SigningKey {
  /// Writes the key and its public key as PEM files. Files that are there are never overwritten; the private one can be read
  /// by its owner only.
  ///
  /// - Throws: `unreadable` naming the file that cannot be made.
  public func write(privateTo secret: String, publicTo open: String) throws(SigningError) {
    try Self.write(pem, to: secret, mode: 0o600)
    do throws(SigningError) { try Self.write(signer.pem, to: open, mode: 0o644) } catch {
      unsafe _ = unlink(secret)
      throw error
    }
  }

  private static func write(_ text: String, to path: String, mode: mode_t) throws(SigningError) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else {
      let remedy = errno == EEXIST ? "; choose another name, or move it away" : ""
      throw .unreadable(path: path, reason: unsafe String(cString: strerror(errno)) + remedy)
    }
    let bytes = Array(text.utf8)
    let count = unsafe Glibc.write(descriptor, bytes, bytes.count)
    let isWritten = count == bytes.count && fsync(descriptor) == 0
    let reason = unsafe String(cString: strerror(errno))
    guard close(descriptor) == 0, isWritten else {
      unsafe _ = unlink(path)
      throw .unreadable(path: path, reason: reason)
    }
  }
}
