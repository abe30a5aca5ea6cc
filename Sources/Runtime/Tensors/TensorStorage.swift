#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One block of memory that tensors share. Whoever fills it does so before anybody else has a tensor of it; afterwards it is
/// read only, which is what makes it `Sendable`.
@safe public final class TensorStorage: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  public let byteCount: Int
  /// Keeps foreign memory (a mapped file, a parsed model) alive; nil when the block is our own.
  public let owner: AnyObject?
  let strings: [String]

  /// Alignment of every block we allocate: one cache line, one AVX-512 register.
  public static let alignment = 64

  /// What `free` takes back; nil for foreign memory.
  private let allocation: UnsafeMutableRawPointer?

  /// Allocates `byteCount` zeroed bytes. Pages that nobody writes cost nothing.
  public convenience init(byteCount: Int) throws(TensorError) {
    try self.init(byteCount: byteCount, isZeroed: true)
  }

  /// Allocates `byteCount` bytes that are indeterminate until somebody writes them.
  @unsafe public convenience init(unsafeUninitialized byteCount: Int) throws(TensorError) {
    try self.init(byteCount: byteCount, isZeroed: false)
  }

  init(byteCount: Int, isZeroed: Bool) throws(TensorError) {
    guard byteCount >= 0, byteCount <= Tensor.byteLimit,
      let block = unsafe isZeroed ? calloc(byteCount + Self.alignment, 1) : malloc(byteCount + Self.alignment)
    else { throw .outOfMemory(bytes: byteCount) }
    self.byteCount = byteCount
    owner = nil
    strings = []
    unsafe allocation = block
    unsafe base = block.alignedUp(toMultipleOf: Self.alignment)
  }

  /// Borrows memory that `owner` keeps alive and nobody but who fills the block writes.
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
