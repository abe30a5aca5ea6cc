#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file being written from front to back.
final class OutputFile {
  private let path: String
  private var descriptor: Int32

  /// - Parameter name: What errors call the file, where that is not its present path.
  init(path: String, name: String) throws(PlanError) {
    self.path = name
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .file(path: name, reason: MappedFile.lastError) }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(PlanError) {
    var position = 0
    while position < bytes.count, let base = bytes.baseAddress {
      let written = unsafe Glibc.write(descriptor, base + position, bytes.count - position)
      guard written > 0 else {
        if written < 0 && errno == EINTR { continue }
        throw .file(path: path, reason: MappedFile.lastError)
      }
      position += written
    }
  }

  func write(_ bytes: [UInt8]) throws(PlanError) {
    var failure: PlanError?
    unsafe bytes.withUnsafeBytes { bytes in
      do throws(PlanError) { try unsafe write(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  func write(_ tensor: Tensor) throws(PlanError) {
    var failure: PlanError?
    unsafe tensor.withUnsafeBytes { bytes in
      do throws(PlanError) { try unsafe write(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  func pad(_ count: Int) throws(PlanError) {
    guard count > 0 else { return }
    let zeros = [UInt8](repeating: 0, count: count)
    try write(zeros)
  }

  /// Makes the content durable and closes the file.
  func finish() throws(PlanError) {
    guard fsync(descriptor) == 0, close(descriptor) == 0 else { throw .file(path: path, reason: MappedFile.lastError) }
    descriptor = -1
  }
}
