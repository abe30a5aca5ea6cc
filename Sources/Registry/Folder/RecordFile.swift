import MassFormats
import MassJSON

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A small file that holds a JSON object.
enum RecordFile {
  /// The object; nil where there is no file.
  ///
  /// - Throws: `corrupt` where there is something else.
  static func read(_ path: String, limit: Int) throws(RegistryError) -> JSONValue? {
    guard let mode = Files.mode(path) else { return nil }
    // A pipe would keep the reader waiting.
    guard mode == S_IFREG else { throw damaged(path, "not a regular file") }
    let bytes: [UInt8]
    do throws(FormatError) { bytes = try WholeFile.read(path, limit: limit) } catch {
      throw damaged(path, error.message)
    }
    let object: JSONValue
    do throws(JSONError) {
      let options = JSONOptions(byteLimit: limit, depthLimit: 8)
      object = try unsafe JSONDocument(byteCount: bytes.count, options: options) {
        unsafe $0.copyBytes(from: bytes)
      }.root
    } catch { throw damaged(path, "\(error)") }
    guard object.kind == .object else { throw damaged(path, "not an object") }
    return object
  }

  private static func damaged(_ path: String, _ reason: String) -> RegistryError {
    RegistryError(.corrupt, "\(path): \(reason); put the right one back, or take it away")
  }
}

/// What the database knows of a model beyond the manifests of its versions, kept beside it: what is in service survives
/// the loss of the database.
struct ModelRecord: Hashable {
  private static let byteLimit = 64 << 20

  var model: String
  var highest: Int
  var isManaged: Bool
  var current: Int?
  var active: [Int]
  var retired: [Int]
  var removed: [Int]
  /// The versions that were current, the last one last.
  var history: [Int]
  var labels: [String: Int]

  var text: String {
    let labels = labels.sorted { $0.key < $1.key }.map { ($0.key, JSON.int($0.value)) }
    let record = JSON.object([
      ("model", .string(model)), ("highest", .int(highest)), ("managed", .bool(isManaged)),
      ("current", current.map { .int($0) } ?? .null), ("active", .ints(active)), ("retired", .ints(retired)),
      ("removed", .ints(removed)), ("history", .ints(history)), ("labels", .object(labels)),
    ])
    return record.text() + "\n"
  }

}

extension ModelRecord {
  /// The record of a model; nil where there is none.
  static func read(_ path: String, model: String) throws(RegistryError) -> ModelRecord? {
    guard let object = try RecordFile.read(path, limit: byteLimit) else { return nil }
    guard let record = ModelRecord(object), record.model == model else {
      throw RegistryError(.corrupt, "\(path) is not the record of \(quoted(model)); take it away")
    }
    return record
  }

  private init?(_ object: JSONValue) {
    guard let model = object.member("model")?.string, let highest = Self.number(object.member("highest"), from: 0),
      let isManaged = object.member("managed")?.bool, let current = object.member("current"),
      current.isNull || Self.number(current) != nil,
      let active = Self.numbers(object.member("active")), let retired = Self.numbers(object.member("retired")),
      let removed = Self.numbers(object.member("removed")), let history = Self.numbers(object.member("history")),
      let members = object.member("labels"), members.kind == .object
    else { return nil }
    var labels: [String: Int] = [:]
    members.forEachMember { label, version in
      if VersionLabel.isValid(label), let number = Self.number(version) { labels[label] = number }
    }
    guard labels.count == members.count else { return nil }
    self.init(
      model: model, highest: highest, isManaged: isManaged, current: Self.number(current), active: active,
      retired: retired, removed: removed, history: history, labels: labels)
  }

  private static func number(_ value: JSONValue?, from least: Int = 1) -> Int? {
    guard let number = value?.int64.flatMap({ Int(exactly: $0) }) else { return nil }
    return number >= least && number <= VersionNumber.range.upperBound ? number : nil
  }

  private static func numbers(_ value: JSONValue?) -> [Int]? {
    guard let value, value.kind == .array else { return nil }
    let numbers = value.elements.compactMap { number($0) }
    return numbers.count == value.count ? numbers : nil
  }
}
