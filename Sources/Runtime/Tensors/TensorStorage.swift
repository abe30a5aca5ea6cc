#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One block of memory that tensors share. Whoever fills it does so before the first tensor is made from it; afterwards
/// it is read only, which is what makes it `Sendable` (held by `TensorStorageTests`).
@safe public final class TensorStorage: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  public let byteCount: Int
  /// Keeps foreign memory (a mapped file, a parsed model) alive; nil when the block is our own.
  private let owner: AnyObject?
  let strings: [String]

  /// Alignment of every block we allocate: one cache line, one AVX-512 register.
  public static let alignment = 64

  /// What `free` takes back; nil for foreign memory.
  private let allocation: UnsafeMutableRawPointer?

  /// Allocates `byteCount` zeroed bytes. Pages that nobody writes cost nothing.
  public init(byteCount: Int) throws(TensorError) {
    guard byteCount >= 0, byteCount <= Tensor.byteLimit,
      let block = unsafe calloc(byteCount + Self.alignment, 1)
    else { throw .outOfMemory(bytes: byteCount) }
    self.byteCount = byteCount
    owner = nil
    strings = []
    unsafe allocation = block
    unsafe base = block.alignedUp(toMultipleOf: Self.alignment)
  }

  /// Borrows memory that `owner` keeps alive and nobody writes.
  public init(borrowing pointer: UnsafeRawPointer, byteCount: Int, owner: AnyObject) {
    unsafe base = UnsafeMutableRawPointer(mutating: pointer)
    unsafe allocation = nil
    self.byteCount = byteCount
    self.owner = owner
    strings = []
  }

  init(strings: [String]) {
    self.strings = strings
    byteCount = 0
    owner = nil
    unsafe allocation = nil
    // Never read: a tensor of strings has no bytes.
    unsafe base = UnsafeMutableRawPointer(bitPattern: Self.alignment).unsafelyUnwrapped
  }

  deinit {
    unsafe free(allocation)
  }
}
