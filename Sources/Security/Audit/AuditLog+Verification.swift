import MassFormats

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What an audit log was found to be.
public struct AuditVerification: Hashable, Sendable {
  /// Entries that verify, up to the fault.
  public var entries = 0
  /// The hash of the last of them, 64 zeros where there is none.
  public var head = AuditLine.firstPrevious
  public var last: UTCTime?
  /// Entries about lines that were cut off.
  public var tears = 0
  /// The first line that does not verify.
  public var fault: AuditFault?
  /// The number of the entry whose hash was looked for.
  public var noted: Int?
}

extension AuditLog {
  /// Reads a log from its start up to the first line that does not verify.
  ///
  /// A log that lost entries at its end verifies. That is noticed by a hash noted down before: one that `noted` does not
  /// find is gone.
  ///
  /// - Parameters:
  ///   - hash: One to look for among the entries.
  ///   - body: Is given every entry that verifies.
  /// - Complexity: One pass with memory for a line, whatever the file holds.
  /// - Throws: Where the file cannot be read; a log that does not verify is no error here.
  public static func verify(
    path: String, noted hash: String? = nil, _ body: (AuditEntry) -> Void = { _ in }
  ) throws(AuditError) -> AuditVerification {
    var lines = try AuditLineReader(path: path)
    var chain = AuditChain(noted: hash)
    while let line = try lines.next() {
      do throws(AuditFault.Reason) {
        if let entry = try chain.follow(line.bytes, isWhole: line.isWhole) { body(entry) }
      } catch {
        chain.found.fault = AuditFault(line: chain.line, reason: error)
        return chain.found
      }
    }
    if let line = chain.tearLine { chain.found.fault = AuditFault(line: line, reason: .torn) }
    return chain.found
  }
}

/// Entries that follow one another.
private struct AuditChain {
  private struct Tear {
    let hash = SHA256()
    var byteCount = 0
    var line: Int
  }

  var found = AuditVerification()
  /// Lines so far.
  private(set) var line = 0
  private let noted: String?
  private var tear: Tear?

  init(noted: String?) { self.noted = noted }

  var tearLine: Int? { tear?.line }

  /// Takes the next line; nil for one that was cut off, which a later one is to speak for.
  mutating func follow(_ bytes: [UInt8], isWhole: Bool) throws(AuditFault.Reason) -> AuditEntry? {
    line += 1
    guard isWhole else { throw .torn }
    let entry: AuditEntry
    do throws(AuditFault.Reason) { entry = try AuditLine.entry(bytes[...]) } catch {
      guard bytes.suffix(AuditTear.mark.count).elementsEqual(AuditTear.mark) else { throw error }
      let torn = tear ?? Tear(line: line)
      torn.hash.update(bytes)
      torn.hash.update("\n")
      tear = torn
      tear?.byteCount += bytes.count + 1
      return nil
    }
    try check(entry)
    tear = nil
    found.entries += 1
    found.head = entry.hash
    found.last = entry.time
    if entry.hash == noted { found.noted = entry.sequence }
    return entry
  }

  private mutating func check(_ entry: AuditEntry) throws(AuditFault.Reason) {
    guard entry.previous == found.head else { throw .wrongPrevious }
    guard entry.sequence == found.entries + 1 else {
      throw .wrongSequence(expected: found.entries + 1, got: entry.sequence)
    }
    if let tear {
      guard AuditTear.isAbout(entry, tear.byteCount, digest: tear.hash.finish()) else { throw .wrongTear }
      found.tears += 1
    } else if entry.record.action == AuditTear.action {
      throw .wrongTear
    }
  }
}

/// The lines of a file, without their line breaks.
private struct AuditLineReader: ~Copyable {
  private static let partByteCount = 1 << 16
  /// A line that was cut off is longer than an entry by its mark.
  private static let lineByteLimit = AuditLine.byteLimit + AuditTear.lineEnd.count

  private let path: String
  private let descriptor: Int32
  private var part = [UInt8](repeating: 0, count: partByteCount)
  private var unread = 0..<0

  init(path: String) throws(AuditError) {
    self.path = path
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw AuditError(.system(path)) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw AuditError(.system(path)) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw AuditError(.storage, "\(path): not a regular file") }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// The next line, of which a part where it is longer than a log's can be; it is whole if it has a line break.
  mutating func next() throws(AuditError) -> (bytes: [UInt8], isWhole: Bool)? {
    var line: [UInt8] = []
    while true {
      guard try fill(waiting: !line.isEmpty) else { return line.isEmpty ? nil : (line, false) }
      if let end = part[unread].firstIndex(of: UInt8(ascii: "\n")) {
        line += part[unread.lowerBound..<end]
        unread = end + 1..<unread.upperBound
        return (line, true)
      }
      line += part[unread]
      unread = 0..<0
      // No entry is as long: the line does not verify whatever follows.
      if line.count > Self.lineByteLimit { return (line, true) }
    }
  }

  /// Whether there is something unread. A line that is being written gets a moment to be finished.
  private mutating func fill(waiting: Bool) throws(AuditError) -> Bool {
    guard unread.isEmpty else { return true }
    for attempt in 0..<(waiting ? 10 : 1) {
      if attempt > 0 { usleep(1000) }
      var count: Int
      repeat {
        count = unsafe part.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
      } while count < 0 && errno == EINTR
      guard count >= 0 else { throw AuditError(.system(path)) }
      unread = 0..<count
      if count > 0 { return true }
    }
    return false
  }
}
