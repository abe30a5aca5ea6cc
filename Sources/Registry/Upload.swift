import Synchronization

/// Files on their way to becoming a version, in a folder of their own that nobody reads.
///
/// An upload that is let go of, or whose process ends, disappears.
public final class Upload: Sendable {
  /// What nobody else is called.
  public let id: String
  let folder: String
  private let limits: RegistryOptions
  private let state: Mutex<State>

  private enum Phase {
    case open, publishing, closed
  }

  private struct State: ~Copyable {
    var phase = Phase.open
    var open: [String: StagedFile] = [:]
    var finished: [String: RegisteredFile] = [:]
    /// Held while the folder is in use.
    var lock: FolderLock?
  }

  /// A file that grows.
  private final class StagedFile {
    let file: OutputFile
    let digest = ContentDigest()
    var byteCount = 0

    init(_ path: String) throws(RegistryError) { file = try OutputFile(path: path) }
  }

  /// How many files may grow at the same time.
  private static let openLimit = 16

  init(in staging: String, limits: RegistryOptions) throws(RegistryError) {
    let id = RepositoryLayout.uniqueName()
    self.id = id
    self.limits = limits
    folder = "\(staging)/\(id)"
    // The lock is there before the folder is: a folder whose lock is free has no writer.
    let lock = try FolderLock.waiting(on: StagingFolder.lock(of: folder))
    state = Mutex(State(lock: lock))
    StagingFolder.inUse.withLock { _ = $0.insert(id) }
    try Files.makeFolder(folder)
  }

  deinit { abandon() }

  /// The names and sizes of the files that are whole, by name.
  public var files: [RegisteredFile] {
    state.withLock { $0.finished.values.sorted { $0.name < $1.name } }
  }

  /// Appends to a file, which the first call begins. A file that could not be written is begun anew by the next call.
  ///
  /// - Throws: `invalid` for names that files cannot have and for too many or too large ones, `conflict` where the file
  ///   is finished or the upload over.
  public func write(file name: String, _ bytes: RawSpan) throws(RegistryError) {
    try PublishedText.checkFileName(name)
    try state.withLock { (state) throws(RegistryError) in
      try Self.requireOpen(state)
      let file = try begin(name, &state)
      let total = state.open.values.reduce(0) { $0 + $1.byteCount } + (Array(state.finished.values).totalBytes ?? 0)
      do throws(RegistryError) {
        guard bytes.byteCount <= limits.byteLimit - total else {
          throw RegistryError(
            .invalid, "the files are larger than the \(limits.byteLimit) bytes that a version may have")
        }
        try file.file.write(bytes)
      } catch {
        drop(name, &state)
        throw error
      }
      file.digest.update(bytes)
      file.byteCount += bytes.byteCount
    }
  }

  /// Appends bytes to a file.
  public func write(file name: String, _ bytes: [UInt8]) throws(RegistryError) {
    try unsafe write(file: name, bytes.span.bytes)
  }

  /// Ends a file, and makes it durable. One that is not what was expected is dropped; it can be sent again.
  ///
  /// - Throws: `notFound` where nothing was written to such a file, `invalid` where digest or size differ.
  @discardableResult
  public func finish(
    file name: String, expectedSHA256: String? = nil, expectedSize: Int? = nil
  ) throws(RegistryError) -> RegisteredFile {
    try state.withLock { (state) throws(RegistryError) in
      try Self.requireOpen(state)
      guard let staged = state.open[name] else {
        throw RegistryError(.notFound, "the upload has no unfinished file \(quoted(name))")
      }
      do throws(RegistryError) {
        let file = RegisteredFile(name: name, byteCount: staged.byteCount, sha256: staged.digest.finish())
        if let expectedSize, expectedSize != file.byteCount {
          let sizes = "expected \(expectedSize) bytes, got \(file.byteCount)"
          throw RegistryError(.invalid, "\(quoted(name)): \(sizes); send it again")
        }
        if let expectedSHA256, expectedSHA256.lowercased() != file.sha256 {
          let digests = "expected SHA-256 \(quoted(expectedSHA256)), got \(file.sha256)"
          throw RegistryError(.invalid, "\(quoted(name)): \(digests); send it again")
        }
        try staged.file.close()
        state.open[name] = nil
        state.finished[name] = file
        return file
      } catch {
        drop(name, &state)
        throw error
      }
    }
  }

  /// Copies a file from elsewhere.
  ///
  /// - Throws: As `write` and `finish`, and `notFound` where there is no such file.
  @discardableResult
  public func copy(
    file name: String, from path: String, expectedSHA256: String? = nil, expectedSize: Int? = nil
  ) throws(RegistryError) -> RegisteredFile {
    // Begins the file, an empty one too.
    try write(file: name, [])
    do throws(RegistryError) {
      try SourceFile.read(path) { (bytes) throws(RegistryError) in try write(file: name, bytes) }
      return try finish(file: name, expectedSHA256: expectedSHA256, expectedSize: expectedSize)
    } catch {
      state.withLock { drop(name, &$0) }
      throw error
    }
  }

  /// Deletes one file, whole or not, so that it can be sent again.
  public func discard(file name: String) {
    state.withLock { state in
      guard case .open = state.phase else { return }
      drop(name, &state)
      if state.finished.removeValue(forKey: name) != nil { Files.removeFile("\(folder)/\(name)") }
    }
  }

  /// Deletes what was uploaded, unless it is published.
  public func abandon() {
    state.withLock { state in
      guard state.phase == .open else { return }
      close(&state)
    }
  }

  // MARK: Publishing

  /// Forbids further writing.
  ///
  /// - Returns: The files, by name.
  /// - Throws: `invalid` where the files are no model, `conflict` where one is not finished or the upload is over.
  func beginPublishing() throws(RegistryError) -> [RegisteredFile] {
    try state.withLock { (state) throws(RegistryError) in
      try Self.requireOpen(state)
      if let name = state.open.keys.min() {
        throw RegistryError(.conflict, "\(quoted(name)) is not finished; finish every file before publishing")
      }
      let models = RepositoryLayout.modelFiles.filter { state.finished[$0] != nil }
      guard models.count == 1 else {
        let names = RepositoryLayout.modelFiles.joined(separator: " and ")
        throw RegistryError(
          .invalid, "a version holds exactly one of \(names), got \(models.isEmpty ? "none" : "both")")
      }
      state.phase = .publishing
      return state.finished.values.sorted { $0.name < $1.name }
    }
  }

  /// Ends what `beginPublishing` began: with success, or with the upload as it was.
  func endPublishing(isPublished: Bool) {
    state.withLock { state in
      state.phase = .open
      if isPublished { close(&state) }
    }
  }

  // MARK: Steps under the lock

  private static func requireOpen(_ state: borrowing State) throws(RegistryError) {
    switch state.phase {
    case .open: break
    case .publishing: throw RegistryError(.conflict, "the upload is being published")
    case .closed: throw RegistryError(.conflict, "the upload is over; begin another")
    }
  }

  private func begin(_ name: String, _ state: inout State) throws(RegistryError) -> StagedFile {
    if let file = state.open[name] { return file }
    guard state.finished[name] == nil else {
      throw RegistryError(.conflict, "\(quoted(name)) is finished; begin another upload to send another one")
    }
    guard state.open.count + state.finished.count < limits.fileLimit else {
      throw RegistryError(.invalid, "a version has at most \(limits.fileLimit) files")
    }
    guard state.open.count < Self.openLimit else {
      throw RegistryError(.conflict, "\(Self.openLimit) files are unfinished; finish one before the next")
    }
    let file = try StagedFile("\(folder)/\(name)")
    state.open[name] = file
    return file
  }

  private func drop(_ name: String, _ state: inout State) {
    guard state.open.removeValue(forKey: name) != nil else { return }
    Files.removeFile("\(folder)/\(name)")
  }

  private func close(_ state: inout State) {
    state.phase = .closed
    state.open = [:]
    Files.removeTree(folder)
    Files.removeFile(StagingFolder.lock(of: folder))
    state.lock = nil
    StagingFolder.inUse.withLock { _ = $0.remove(id) }
  }
}
