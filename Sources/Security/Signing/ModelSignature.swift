import CryptoShim
import MassFormats
import MassJSON

/// A detached signature of a model's files: what `model.plan.sig` holds.
///
/// What is signed is the bytes of `message`: `mass-signature-v1` and a zero byte, the name of the model it is for, and
/// of every file its name, size and SHA-256. Texts are preceded by their length in four bytes, all numbers are big-endian.
/// The model's own file has no name there, so that it may be renamed.
public struct ModelSignature: Hashable, Sendable {
  public struct File: Hashable, Sendable {
    /// Empty for the model itself.
    public var name: String
    public var byteCount: Int
    /// 64 hexadecimal digits.
    public var sha256: String
  }

  /// The id of the key that made it.
  public var signer: String
  /// The only name under which the model may be served; nil for any.
  public var model: String?
  /// The model, then the files of its external data by name.
  public var files: [File]
  var signature: [UInt8]

  static let byteCount = Int(MASS_ED25519_SIGNATURE_BYTES)
  static let format = "mass-signature-v1"
  static let algorithm = "ed25519"

  /// The bytes that are signed.
  static func message(model: String?, files: [File]) -> [UInt8] {
    var bytes = Array(format.utf8) + [0]
    func append(_ number: Int, count: Int) {
      bytes += (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
    func append(_ text: String) {
      append(text.utf8.count, count: 4)
      bytes += text.utf8
    }
    append(model ?? "")
    append(files.count, count: 4)
    for file in files {
      append(file.name)
      append(file.byteCount, count: 8)
      bytes += Hexadecimal.bytes(file.sha256, count: 32) ?? []
    }
    return bytes
  }

  /// The name of the file that holds the signature of a model's file.
  public static func path(of model: String) -> String { "\(model).sig" }
}

// MARK: As text

extension ModelSignature {
  /// More files, or a larger text, is no signature.
  private static let fileLimit = 1000
  private static let byteLimit = 1 << 20

  public var json: JSON {
    var members: [(String, JSON)] = [
      ("format", .string(Self.format)), ("algorithm", .string(Self.algorithm)), ("key", .string(signer)),
    ]
    if let model { members.append(("model", .string(model))) }
    let files = files.map { file -> JSON in
      ["name": .string(file.name), "size": .int(file.byteCount), "sha256": .string(file.sha256)]
    }
    members += [("files", .array(files)), ("signature", .string(Hexadecimal.text(signature)))]
    return .object(members)
  }

  /// Reads a signature's file; whom it is by is not checked.
  ///
  /// - Throws: `unreadable` and `malformed`.
  public init(path: String) throws(SigningError) {
    let bytes: [UInt8]
    do throws(FormatError) { bytes = try WholeFile.read(path, limit: Self.byteLimit) } catch {
      throw .unreadable(path: path, reason: error.message)
    }
    let document: JSONDocument
    do throws(JSONError) {
      document = try unsafe JSONDocument(byteCount: bytes.count) { unsafe $0.copyBytes(from: bytes) }
    } catch { throw .malformed(path: path, reason: "not a signature: \(error)") }
    try self.init(document.root, path)
  }

  private init(_ root: JSONValue, _ path: String) throws(SigningError) {
    func malformed(_ reason: String) -> SigningError { .malformed(path: path, reason: "not a signature: \(reason)") }
    let known = ["format", "algorithm", "key", "model", "files", "signature"]
    try root.checkMembers(known, malformed)
    for (key, value) in [("format", Self.format), ("algorithm", Self.algorithm)] {
      guard root.member(key)?.string == value else { throw malformed("expected \(key) '\(value)'") }
    }
    guard let key = root.member("key")?.string, Hexadecimal.bytes(key, count: 8) != nil else {
      throw malformed("expected 16 hexadecimal digits as its key")
    }
    guard let signature = root.member("signature")?.string.flatMap({ Hexadecimal.bytes($0, count: Self.byteCount) })
    else { throw malformed("expected \(Self.byteCount * 2) hexadecimal digits as its signature") }
    let model = root.member("model")
    guard model == nil || model?.string?.isEmpty == false else { throw malformed("expected a name as its model") }
    let list = root.member("files")?.elements ?? []
    guard 1...Self.fileLimit ~= list.count else { throw malformed("expected 1 to \(Self.fileLimit) files") }
    var files: [File] = []
    for value in list {
      try value.checkMembers(["name", "size", "sha256"], malformed)
      guard let name = value.member("name")?.string, let size = value.member("size")?.int64, size >= 0,
        let digest = value.member("sha256")?.string, Hexadecimal.bytes(digest, count: 32) != nil
      else { throw malformed("expected name, size and sha256 of every file") }
      files.append(File(name: name, byteCount: Int(size), sha256: digest))
    }
    guard files.first?.name == "", files.dropFirst().allSatisfy({ Self.isPlainName($0.name) }),
      zip(files, files.dropFirst()).allSatisfy({ $0.name < $1.name })
    else { throw malformed("expected the model first, without a name, and the other files by name") }
    signer = key
    self.model = model?.string
    self.files = files
    self.signature = signature
  }

  /// Whether a file of the model's own folder can be called so.
  static func isPlainName(_ name: String) -> Bool {
    1...255 ~= name.utf8.count && name != "." && name != ".."
      && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F && $0 != "/" && $0 != "\\" }
  }
}

extension JSONValue {
  /// Refuses what is no object, and members that are unknown or stand twice.
  fileprivate func checkMembers(_ known: [String], _ error: (String) -> SigningError) throws(SigningError) {
    guard kind == .object else { throw error("expected an object") }
    var seen: Set<String> = []
    var problem: SigningError?
    forEachMember { key, _ in
      if !known.contains(key) { problem = problem ?? error("unknown member '\(key)'") }
      if !seen.insert(key).inserted { problem = problem ?? error("'\(key)' stands twice") }
    }
    if let problem { throw problem }
  }
}
