import MassFormats
import MassJSON

/// What somebody did, for an audit log.
///
/// Texts longer than an entry has room for are cut.
public struct AuditRecord: Hashable, Sendable {
  /// Whether it was done.
  public enum Outcome: String, Hashable, Sendable {
    case success
    case failure
    /// Whoever asked may not do it.
    case denied
  }

  public var actor: String
  /// Such as `model.publish`.
  public var action: String
  /// What it was done to.
  public var target: String
  public var outcome: Outcome
  public var detail: String
  /// The address it came from.
  public var peer: String?
  public var requestID: String?

  public init(
    actor: String, action: String, target: String, outcome: Outcome = .success, detail: String = "",
    peer: String? = nil, requestID: String? = nil
  ) {
    self.actor = actor
    self.action = action
    self.target = target
    self.outcome = outcome
    self.detail = detail
    self.peer = peer
    self.requestID = requestID
  }
}

/// A line of an audit log.
public struct AuditEntry: Hashable, Sendable {
  /// From 1, without gaps.
  public var sequence: Int
  public var time: UTCTime
  public var record: AuditRecord
  /// The hash of the entry before, 64 zeros in the first.
  public var previous: String
  public var hash: String
}

/// How entries are written: the bytes of a line are what is hashed.
///
/// The hash is the last member. It is over a prefix and the line up to the comma before it.
enum AuditLine {
  /// Longer lines are no entries.
  static let byteLimit = 1 << 16
  static let firstPrevious = String(repeating: "0", count: 64)
  /// What every entry begins with.
  static let start = Array("{\"seq\":".utf8)
  private static let domain = "mass-audit-v1\0"
  private static let hashMember = Array(",\"hash\":\"".utf8)
  private static let end = Array("\"}".utf8)

  /// The line of an entry without its line break; nil where it cannot be made.
  static func text(_ record: AuditRecord, sequence: Int, time: UTCTime, previous: String) -> (
    line: [UInt8], hash: String
  )? {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("seq")
    writer.integer(sequence)
    let members: [(String, String?, limit: Int)] = [
      ("time", "\(time)", 64), ("actor", record.actor, 256), ("action", record.action, 128),
      ("target", record.target, 512), ("outcome", record.outcome.rawValue, 64), ("detail", record.detail, 4096),
      ("peer", record.peer, 256), ("request_id", record.requestID, 128), ("previous", previous, 64),
    ]
    for (key, value, limit) in members {
      guard let value else { continue }
      writer.key(key)
      writer.string(cut(value, limit))
    }
    let text: JSONText
    do throws(JSONWriteError) { text = try writer.finish() } catch { return nil }
    let body = text.bytes
    guard let hash = hash(body[...]) else { return nil }
    return (body + hashMember + Array(hash.hexadecimal.utf8) + end, hash.hexadecimal)
  }

  /// At most so many bytes, whole characters of Unicode.
  private static func cut(_ text: String, _ limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    var scalars = String.UnicodeScalarView()
    var count = 0
    for scalar in text.unicodeScalars {
      count += UTF8.width(scalar)
      guard count <= limit - 3 else { break }
      scalars.append(scalar)
    }
    return String(scalars) + "…"
  }

  private static func hash(_ body: ArraySlice<UInt8>) -> Digest? {
    let hash = SHA256()
    hash.update(domain)
    unsafe hash.update(body.span.bytes)
    return hash.finish()
  }

  /// Reads a line, without its line break, whose hash is right.
  ///
  /// - Throws: Why it is none.
  static func entry(_ line: ArraySlice<UInt8>) throws(AuditFault.Reason) -> AuditEntry {
    let tail = hashMember.count + 64 + end.count
    guard line.count > tail, line.count <= byteLimit, line.suffix(end.count).elementsEqual(end) else {
      throw .noEntry
    }
    let body = line.dropLast(tail)
    let digits = line.suffix(64 + end.count).dropLast(end.count)
    guard line[body.endIndex...].starts(with: hashMember), let stated = Digest(hexadecimal: digits) else {
      throw .noEntry
    }
    guard hash(body) == stated else { throw .wrongHash }
    let root: JSONValue
    do throws(JSONError) {
      root = try unsafe JSONDocument(byteCount: line.count, options: JSONOptions(depthLimit: 4)) {
        unsafe $0.copyBytes(from: line)
      }.root
    } catch { throw .noEntry }
    guard let sequence = root.member("seq")?.int64, 1...1 << 53 ~= sequence,
      let time = root.member("time")?.string.flatMap({ UTCTime($0) }),
      let actor = root.member("actor")?.string, let action = root.member("action")?.string,
      let target = root.member("target")?.string, let detail = root.member("detail")?.string,
      let outcome = root.member("outcome")?.string.flatMap({ AuditRecord.Outcome(rawValue: $0) }),
      let previous = root.member("previous")?.string
    else { throw .noEntry }
    let record = AuditRecord(
      actor: actor, action: action, target: target, outcome: outcome, detail: detail,
      peer: root.member("peer")?.string, requestID: root.member("request_id")?.string)
    return AuditEntry(
      sequence: Int(sequence), time: time, record: record, previous: previous, hash: stated.hexadecimal)
  }
}
