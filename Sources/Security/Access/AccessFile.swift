/// Changes to an access file, one process at a time.
public enum AccessFile {
  /// Reads the file, lets `body` change what it says and replaces it; nothing is written where `body` throws.
  ///
  /// Others wait: a lock is held on `<path>.lock`, which stays. The file is replaced as a whole, is its owner's alone
  /// to read, and is durable on return.
  ///
  /// - Parameter creating: Whether a file that is missing is begun.
  /// - Throws: What `AccessPolicy.read` throws, what `body` throws, and `storage`.
  public static func change<Result>(
    _ path: String, creating: Bool = false, _ body: (inout AccessPolicy) throws(AccessError) -> Result
  ) throws(AccessError) -> Result {
    let path = SystemFile.resolved(path)
    let lock = try AccessError.inFile { () throws(FileFault) in try FileLock(waitingOn: "\(path).lock") }
    defer { withExtendedLifetime(lock) {} }
    var policy = AccessPolicy()
    do throws(AccessError) { policy = try AccessPolicy.read(path) } catch {
      guard creating, error.kind == .notFound else { throw error }
    }
    let result = try body(&policy)
    let text = [UInt8]("\(policy.json.text())\n".utf8)
    // What is written can be read again.
    guard try AccessPolicy(text, path: path) == policy else {
      throw AccessError(.invalid, "\(path): the change cannot be written as JSON")
    }
    try AccessError.inFile { () throws(FileFault) in try SystemFile.replace(path, with: text) }
    return result
  }
}
