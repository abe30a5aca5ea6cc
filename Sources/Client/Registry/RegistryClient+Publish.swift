import MassFormats
import NIOCore
import NIOHTTP1

/// Files that are to become a version of a model.
public struct Publication: Hashable, Sendable {
  public struct File: Hashable, Sendable {
    /// What the version calls it.
    public var name: String
    /// Where it is now.
    public var path: String

    public init(name: String, path: String) {
      self.name = name
      self.path = path
    }
  }

  public var model: String
  /// Nil for the highest number that the model ever had and one more.
  public var version: Int?
  public var files: [File]
  public var note: String
  /// Whether it becomes the current version, in place of the former one.
  public var isActivated: Bool

  public init(model: String, version: Int? = nil, files: [File], note: String = "", isActivated: Bool = false) {
    self.model = model
    self.version = version
    self.files = files
    self.note = note
    self.isActivated = isActivated
  }
}

/// How far a publication is.
public enum PublicationProgress: Hashable, Sendable {
  /// The digests of the files are computed.
  case reading(bytes: Int, of: Int)
  case sending(bytes: Int, of: Int)
  /// Everything is there; it is checked and put in place.
  case publishing
}

extension RegistryClient {
  public typealias ProgressReport = @Sendable (PublicationProgress) -> Void

  /// Sends the files, each with its digest, and makes them one version: all or nothing.
  ///
  /// Whatever fails, and where the task is canceled, the server is told to drop what it received.
  ///
  /// - Throws: `unreadableFile`, and `differentContent` where the server received something else; `canceled` says
  ///   whether the server was publishing already.
  public func publish(
    _ publication: Publication, progress: @escaping ProgressReport = { _ in }
  ) async throws(RegistryClientError) -> PublishedVersion {
    let path = try Self.path(publication.model, "versions")
    let files = try Self.digests(publication.files, progress)
    let total = files.reduce(0) { $0 + $1.byteCount }
    let upload = try await exchange(RegistryRequest(.POST, ["uploads"], seconds: options.timeoutSeconds)).text("upload")
    do throws(RegistryClientError) {
      var sent = 0
      for file in files {
        try await send(file, upload: upload) { [sent] in progress(.sending(bytes: sent + $0, of: total)) }
        sent += file.byteCount
      }
      progress(.publishing)
      return try await commit(publication, files, path, upload: upload)
    } catch {
      await drop(upload: upload)
      throw error
    }
  }

  /// A file with what it holds.
  private struct DigestedFile {
    var source: Publication.File
    var byteCount: Int
    var digest: SHA256Digest
  }

  private static func digests(
    _ files: [Publication.File], _ progress: ProgressReport
  ) throws(RegistryClientError) -> [DigestedFile] {
    var opened: [(Publication.File, PartedFile)] = []
    for file in files { opened.append((file, try PartedFile(path: file.path))) }
    let total = opened.reduce(0) { $0 + $1.1.byteCount }
    var read = 0
    var digested: [DigestedFile] = []
    for (source, file) in opened {
      let before = read
      let digest = try SHA256Digest(of: file) { (count) throws(RegistryClientError) in
        guard !Task.isCancelled else { throw .canceled(whilePublishing: false) }
        read += count
        progress(.reading(bytes: read, of: total))
      }
      digested.append(DigestedFile(source: source, byteCount: read - before, digest: digest))
    }
    return digested
  }

  private func send(
    _ file: DigestedFile, upload: String, progress: @escaping @Sendable (Int) -> Void
  ) async throws(RegistryClientError) {
    guard !file.source.name.isEmpty else { throw .invalid("a file of a version has a name") }
    // Nothing is sent slower than this for long.
    let seconds = options.loadTimeoutSeconds + Double(file.byteCount) / 100_000
    var request = RegistryRequest(.PUT, ["uploads", upload, file.source.name], seconds: seconds)
    request.headers.add(name: "Content-Type", value: "application/octet-stream")
    request.headers.add(name: "Content-Digest", value: file.digest.contentDigest)
    let parts = FileParts(path: file.source.path, byteCount: file.byteCount, progress: progress)
    request.body = .stream(parts, length: .known(Int64(file.byteCount)))
    let received = try PublishedFile(await exchange(request))
    guard received.sha256 == file.digest.hexadecimal, received.byteCount == file.byteCount else {
      throw .differentContent(
        file: file.source.path, sent: "\(file.byteCount) bytes of SHA-256 \(file.digest.hexadecimal)",
        received: "\(received.byteCount) bytes of \(received.sha256)")
    }
  }

  private func commit(
    _ publication: Publication, _ files: [DigestedFile], _ path: [String], upload: String
  ) async throws(RegistryClientError) -> PublishedVersion {
    var members: [(String, JSON)] = [("upload", .string(upload))]
    if let version = publication.version { members.append(("version", .int(version))) }
    members += [("note", .string(publication.note)), ("activate", .bool(publication.isActivated))]
    let contents = files.map { file -> (String, JSON) in
      (file.source.name, ["sha256": .string(file.digest.hexadecimal), "size": .int(file.byteCount)])
    }
    members.append(("files", .object(contents)))
    var request = RegistryRequest(.POST, path, seconds: options.loadTimeoutSeconds)
    request.setBody(.object(members))
    do throws(RegistryClientError) { return try PublishedVersion(await exchange(request)) } catch {
      if case .canceled = error { throw .canceled(whilePublishing: true) }
      throw error
    }
  }

  /// Tells the server that nothing more will come, also where this task is canceled. A server that does not hear it
  /// drops the upload by itself.
  private func drop(upload: String) async {
    let request = RegistryRequest(.DELETE, ["uploads", upload], seconds: min(options.timeoutSeconds, 5))
    await Task { _ = try? await exchange(request) }.value
  }
}

/// A file as the body of a request.
private struct FileParts: AsyncSequence, Sendable {
  let path: String
  /// As many bytes as were digested; a file that has others now is not sent.
  let byteCount: Int
  let progress: @Sendable (Int) -> Void

  struct AsyncIterator: AsyncIteratorProtocol {
    let parts: FileParts
    var file: PartedFile?
    var sent = 0

    mutating func next() async throws -> ByteBuffer? {
      let file = try file ?? PartedFile(path: parts.path)
      self.file = file
      guard let part = try file.next() else {
        guard sent == parts.byteCount else { throw changed }
        return nil
      }
      sent += part.count
      guard sent <= parts.byteCount else { throw changed }
      parts.progress(sent)
      return ByteBuffer(bytes: part)
    }

    private var changed: RegistryClientError {
      .unreadableFile(path: parts.path, reason: "it changed while it was read")
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(parts: self) }
}
