import CryptoShim
import MassFormats

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension ModelSignature {
  /// Signs a model's file and the files of its external data, which lie beside it.
  ///
  /// - Parameter model: The only name under which it may be served; nil for any.
  /// - Throws: `unreadable` and `altered` for files that cannot be read or change meanwhile.
  public init(
    signing path: String, data: [String] = [], model: String? = nil, by key: borrowing SigningKey
  ) throws(SigningError) {
    let folder = SignedFolder(of: path)
    var files = [try SignedFolder.digest(path, name: "")]
    for other in data {
      let name = FileSystem.name(other)
      guard Self.isPlainName(name), name != FileSystem.name(path) else {
        throw .unreadable(path: other, reason: "its name cannot be that of a model's data")
      }
      let beside = "\(folder.path)/\(name)"
      guard SignedFolder.isSame(other, beside) else {
        throw .unreadable(path: other, reason: "a model's data lies beside it; expected it at \(beside)")
      }
      files.append(try SignedFolder.digest(beside, name: name))
    }
    files.sort { $0.name < $1.name }
    for (file, next) in zip(files, files.dropFirst()) where file.name == next.name {
      throw .unreadable(path: next.name, reason: "it is given twice")
    }
    signer = key.signer.id
    self.model = model
    self.files = files
    signature = try key.sign(Self.message(model: model, files: files))
  }

  /// Checks a model's file and its external data against the signature that lies beside it.
  ///
  /// - Parameter model: The name under which it is to be served; nil for none yet.
  /// - Parameter signers: Whose signatures are accepted.
  /// - Parameter isAlone: Whether everything in the model's folder must be signed, so that it cannot read anything else.
  ///   Labels, the manifest and the signature itself are not: they cannot change what a model computes.
  /// - Returns: The signature.
  /// - Throws: Why the model is not to be trusted.
  /// - Complexity: Reads every file once.
  @discardableResult
  public static func verify(
    _ path: String, as model: String? = nil, signers: [SignerKey], isAlone: Bool = false
  ) throws(SigningError) -> ModelSignature {
    let file = Self.path(of: path)
    guard FileSystem.exists(file) else { throw .unsigned(path: path, expected: FileSystem.name(file)) }
    let signature = try ModelSignature(path: file)
    let known = signers.filter { $0.id == signature.signer }
    guard !known.isEmpty else {
      throw .unknownSigner(path: file, id: signature.signer, accepted: signers.map(\.id))
    }
    let message = message(model: signature.model, files: signature.files)
    guard known.contains(where: { $0.vouches(for: message, by: signature.signature) }) else {
      throw .forged(path: file, id: signature.signer)
    }
    if let model, let signedFor = signature.model, signedFor != model {
      throw .otherModel(path: file, signedFor: signedFor, servedAs: model)
    }
    let folder = SignedFolder(of: path)
    if isAlone { try folder.refuseUncovered(signature.files.map(\.name), model: path) }
    for signed in signature.files {
      let place = signed.name.isEmpty ? path : "\(folder.path)/\(signed.name)"
      let found = try SignedFolder.digest(place, name: signed.name)
      guard found.byteCount == signed.byteCount else {
        throw .altered(path: place, reason: "expected \(signed.byteCount) bytes, got \(found.byteCount)")
      }
      guard found.sha256 == signed.sha256 else {
        throw .altered(path: place, reason: "expected SHA-256 \(signed.sha256), got \(found.sha256)")
      }
    }
    return signature
  }
}

/// Where a model's file and its external data lie.
struct SignedFolder {
  let path: String

  /// What a model never reads.
  private static let ignored: Set<String> = ["labels.txt", "manifest.json"]

  init(of file: String) {
    let parent = file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    path = parent.isEmpty ? (file.hasPrefix("/") ? "/" : ".") : parent
  }

  /// Throws for a file or folder that is not listed and that a model could name as its data.
  func refuseUncovered(_ signed: [String], model: String) throws(SigningError) {
    guard let names = FileSystem.names(in: path) else {
      throw .unreadable(path: path, reason: unsafe String(cString: strerror(errno)))
    }
    let own = FileSystem.name(model)
    let known = Set(signed).union(Self.ignored).union([own, ModelSignature.path(of: own)])
    if let name = names.first(where: { !known.contains($0) }) { throw .uncovered(path: "\(path)/\(name)") }
  }

  /// Whether two paths lead to one file.
  static func isSame(_ one: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    guard unsafe stat(one, &first) == 0, unsafe stat(other, &second) == 0 else { return false }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  /// Reads a file once.
  static func digest(_ path: String, name: String) throws(SigningError) -> ModelSignature.File {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(path: path, reason: reason) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .unreadable(path: path, reason: reason) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable(path: path, reason: "not a regular file") }
    let context = unsafe mass_sha256_start()
    var digest = [UInt8](repeating: 0, count: Int(MASS_SHA256_BYTES))
    var part = [UInt8](repeating: 0, count: 1 << 20)
    var total = 0
    var count = 0
    repeat {
      count = unsafe read(descriptor, &part, part.count)
      if count > 0 { unsafe mass_sha256_update(context, part, count) }
      total += max(count, 0)
    } while count > 0 || count < 0 && errno == EINTR
    let failure = count < 0 ? reason : nil
    unsafe mass_sha256_finish(context, &digest)
    if let failure { throw .unreadable(path: path, reason: failure) }
    guard total == Int(status.st_size) else { throw .altered(path: path, reason: "it changed while it was read") }
    return ModelSignature.File(name: name, byteCount: total, sha256: Hexadecimal.text(digest))
  }

  private static var reason: String { unsafe String(cString: strerror(errno)) }
}
