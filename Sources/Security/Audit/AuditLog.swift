import MassFormats
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file of lines to which entries are only ever added, each with the hash of the one before.
///
/// One process writes it at a time. When the file is renamed or removed, the next entry begins a new one at the path,
/// with nothing of the former.
///
/// Calls wait for the disk: they do not belong on an event loop.
public final class AuditLog: Sendable {
  public let path: String
  private let state: Mutex<AuditFile>

  /// Opens the log, or begins it, readable for its owner alone.
  ///
  /// The last entry is verified. What is left of an entry that was cut off stays, and an entry says so.
  ///
  /// - Throws: `inUse` where another process writes it, `damaged` where its last entry does not verify, `storage`.
  public init(path: String) throws(AuditError) {
    self.path = path
    state = Mutex(try AuditFile(path: path))
  }

  /// For tests: a device too.
  init(device path: String) throws(AuditError) {
    self.path = path
    state = Mutex(try AuditFile(path: path, isDevice: true))
  }

  /// How many entries there are, and the hash of the last one.
  public var head: (entries: Int, hash: String) { state.withLock { ($0.entries, $0.head) } }

  /// Adds an entry, which is durable on return.
  ///
  /// - Throws: `storage` where that is not certain: what was to be recorded should not be done then. The next call tries
  ///   anew. `reserved` for the action `audit.torn`.
  @discardableResult
  public func append(_ record: AuditRecord, now: UTCTime = .now()) throws(AuditError) -> AuditEntry {
    guard record.action != AuditTear.action else {
      throw AuditError(.reserved, "\(path): the action '\(AuditTear.action)' is the log's own")
    }
    return try state.withLock { (file) throws(AuditError) in
      if !file.isAtPath { file = try AuditFile(path: path) }
      return try file.append(record, now)
    }
  }
}

/// The open file of a log, and how far it is.
struct AuditFile: ~Copyable {
  private let path: String
  private let descriptor: Int32
  private let isDevice: Bool
  private(set) var entries = 0
  private(set) var head = AuditLine.firstPrevious
  /// Bytes in the file; nil when what the last write left is not known.
  private var byteCount: Int?

  init(path: String, isDevice: Bool = false) throws(AuditError) {
    self.path = path
    self.isDevice = isDevice
    // A pipe would keep the open waiting for its other end.
    descriptor = unsafe open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw AuditError(.system(path)) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw AuditError(.system(path)) }
    guard isDevice || status.st_mode & S_IFMT == S_IFREG else {
      throw AuditError(.storage, "\(path): not a regular file")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      guard errno == EWOULDBLOCK else { throw AuditError(.system(path)) }
      throw AuditError(.inUse, "\(path): another process writes this audit log; stop it, or name another file")
    }
    try recover()
    guard !isDevice else { return }
    do throws(FileFault) { try SystemFile.synchronize(folder: SystemFile.folder(of: path)) } catch {
      throw AuditError(error)
    }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Whether the path still names the file.
  var isAtPath: Bool {
    var ours = stat()
    var theirs = stat()
    guard unsafe fstat(descriptor, &ours) == 0, unsafe stat(path, &theirs) == 0 else { return false }
    return ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev
  }

  mutating func append(_ record: AuditRecord, _ now: UTCTime) throws(AuditError) -> AuditEntry {
    // Another may have cut the file off, or added to it.
    let size = try size()
    if byteCount != size { try recover() }
    return try add(record, now, behind: [])
  }

  private mutating func add(
    _ record: AuditRecord, _ now: UTCTime, behind start: [UInt8]
  ) throws(AuditError) -> AuditEntry {
    let next = AuditLine.text(record, sequence: entries + 1, time: now, previous: head)
    guard let (line, hash) = next else { throw AuditError(.storage, "\(path): there is no memory for an entry") }
    try write(start + line + [UInt8(ascii: "\n")])
    let entry = AuditEntry(sequence: entries + 1, time: now, record: record, previous: head, hash: hash)
    (entries, head) = (entries + 1, hash)
    return entry
  }

  /// Writes all bytes at once and waits until they are durable.
  private mutating func write(_ bytes: [UInt8]) throws(AuditError) {
    let before = byteCount
    byteCount = nil
    var count: Int
    repeat { count = unsafe Glibc.write(descriptor, bytes, bytes.count) } while count < 0 && errno == EINTR
    guard count >= 0 else { throw AuditError(.system(path)) }
    guard count == bytes.count else {
      throw AuditError(.storage, "\(path): \(count) of \(bytes.count) bytes were written; make room on the disk")
    }
    guard fdatasync(descriptor) == 0 else { throw AuditError(.system(path)) }
    byteCount = before.map { $0 + count }
  }

  private func size() throws(AuditError) -> Int {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw AuditError(.system(path)) }
    return isDevice ? 0 : Int(status.st_size)
  }
}

// MARK: How far it is

extension AuditFile {
  /// Finds the last entry, and makes an entry of what stands behind it.
  private mutating func recover() throws(AuditError) {
    let size = try size()
    let tail = AuditTail(
      try bytes(last: min(size, AuditTail.byteLimit), of: size), isWhole: size <= AuditTail.byteLimit)
    guard let tail else {
      throw AuditError(
        .damaged,
        "\(path): its end does not verify; see 'mass audit verify \(path)', keep the file and name another")
    }
    (entries, head) = (tail.last?.sequence ?? 0, tail.last?.hash ?? AuditLine.firstPrevious)
    byteCount = size
    if tail.lacksLineBreak {
      try write([UInt8(ascii: "\n")])
    } else if !tail.torn.isEmpty {
      let hash = SHA256()
      hash.update(tail.torn)
      hash.update(AuditTear.lineEnd)
      let record = AuditTear.record(tail.torn.count, digest: hash.finish())
      _ = try add(record, .now(), behind: AuditTear.lineEnd)
    }
  }

  private func bytes(last count: Int, of size: Int) throws(AuditError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var position = 0
    while position < count {
      let part = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe pread(
          descriptor, buffer.baseAddress?.advanced(by: position), count - position, off_t(size - count + position))
      }
      if part < 0 && errno == EINTR { continue }
      guard part > 0 else { throw AuditError(.system(path)) }
      position += part
    }
    return bytes
  }
}

/// The end of a log: its last entry, and what stands behind it.
struct AuditTail {
  /// Room for the last entry and what several interrupted attempts left behind it.
  static let byteLimit = 8 * AuditLine.byteLimit

  var last: AuditEntry?
  /// Whether the last entry is whole but for its line break.
  var lacksLineBreak = false
  /// What is left of entries that were cut off.
  var torn: [UInt8] = []

  /// Nil where something stands at the end that writing a log does not leave there.
  init?(_ bytes: [UInt8], isWhole: Bool) {
    var end = bytes.endIndex
    while end > 0 {
      let isTerminated = bytes[end - 1] == UInt8(ascii: "\n")
      let lineEnd = isTerminated ? end - 1 : end
      let start = bytes[..<lineEnd].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
      let line = bytes[start..<lineEnd]
      // The first line of a part may have begun before it.
      guard start > 0 || isWhole else { return nil }
      do throws(AuditFault.Reason) {
        last = try AuditLine.entry(line)
        lacksLineBreak = !isTerminated
        torn = Array(bytes[end...])
        return
      } catch {
        guard Self.isTorn(line, isTerminated: isTerminated) else { return nil }
      }
      end = start
    }
    guard isWhole else { return nil }
    torn = bytes
  }

  private static func isTorn(_ line: ArraySlice<UInt8>, isTerminated: Bool) -> Bool {
    if isTerminated { return line.suffix(AuditTear.mark.count).elementsEqual(AuditTear.mark) }
    return [AuditLine.start, AuditTear.mark].contains { $0.starts(with: line.prefix($0.count)) }
  }
}
