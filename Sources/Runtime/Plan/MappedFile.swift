#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file mapped read-only; unmapped when the last tensor in it is gone.
@safe final class MappedFile: @unchecked Sendable {
  private let base: UnsafeMutableRawPointer?
  let count: Int

  init(path: String) throws(PlanError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .file(path: path, reason: Self.lastError) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .file(path: path, reason: Self.lastError) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .file(path: path, reason: "not a regular file") }
    count = Int(status.st_size)
    guard count > 0 else {
      unsafe base = nil
      return
    }
    let mapped = unsafe mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0)
    guard unsafe mapped != MAP_FAILED, let mapped = unsafe mapped else {
      throw .file(path: path, reason: Self.lastError)
    }
    unsafe base = mapped
  }

  deinit {
    if let base = unsafe base { unsafe munmap(base, count) }
  }

  var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base, count: count) }

  /// Asks the kernel to bring a range in ahead of its use.
  func willNeed(offset: Int, length: Int) {
    guard let base = unsafe base, length > 0 else { return }
    let start = offset / PlanFile.pageBytes * PlanFile.pageBytes
    unsafe madvise(base + start, length + offset - start, MADV_WILLNEED)
  }

  static var lastError: String { unsafe String(cString: strerror(errno)) }
}

/// Bytes a plan is read from: a mapped file, or a copy of the caller's memory.
enum PlanBytes {
  case file(MappedFile)
  case memory(TensorStorage)

  var bytes: UnsafeRawBufferPointer {
    switch self {
    case .file(let file): unsafe file.bytes
    case .memory(let storage): unsafe UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
    }
  }

  /// A tensor that borrows a range of these bytes.
  func tensor(element: ElementType, shape: [Int], offset: Int) throws(TensorError) -> Tensor {
    switch self {
    case .file(let file):
      let all = unsafe file.bytes
      guard let start = all.baseAddress else { throw .storageTooSmall(needed: 1, available: 0) }
      let storage = unsafe TensorStorage(borrowing: start, byteCount: all.count, owner: file)
      return try Tensor(element: element, shape: shape, storage: storage, byteOffset: offset)
    case .memory(let storage):
      return try Tensor(element: element, shape: shape, storage: storage, byteOffset: offset)
    }
  }
}
