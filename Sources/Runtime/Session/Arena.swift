#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The memory a session's programs compute in. Grows to the largest program and stays.
@safe struct Arena: ~Copyable {
  private(set) var base: UnsafeMutableRawPointer?
  private(set) var byteCount = 0

  /// Above this size huge pages are asked for.
  private static let hugePage = 2 << 20

  init() { unsafe base = nil }

  deinit { unsafe free(base) }

  /// Makes room for `bytes`; the content is lost when the arena grows.
  mutating func reserve(_ bytes: Int) throws(RunError) {
    guard bytes > byteCount else { return }
    guard bytes <= Tensor.byteLimit else { throw .outOfMemory(bytes: bytes) }
    unsafe free(base)
    unsafe base = nil
    byteCount = 0
    let alignment = bytes >= Self.hugePage ? Self.hugePage : TensorStorage.alignment
    var block: UnsafeMutableRawPointer?
    let status = unsafe posix_memalign(&block, alignment, bytes.roundedUp(to: alignment))
    guard status == 0 else { throw .outOfMemory(bytes: bytes) }
    if bytes >= Self.hugePage { unsafe madvise(block, bytes, MADV_HUGEPAGE) }
    unsafe base = block
    byteCount = bytes
  }
}
