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

  /// Allocates `byteCount` zeroed bytes.
  public init(byteCount: Int) {
    self.byteCount = byteCount
    owner = nil
    strings = []
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: Self.alignment)
    unsafe memset(base, 0, byteCount)
  }

  /// Borrows memory that `owner` keeps alive and nobody writes.
  public init(borrowing pointer: UnsafeRawPointer, byteCount: Int, owner: AnyObject) {
    unsafe base = UnsafeMutableRawPointer(mutating: pointer)
    self.byteCount = byteCount
    self.owner = owner
    strings = []
  }

  init(strings: [String]) {
    self.strings = strings
    byteCount = 0
    owner = nil
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)
  }

  deinit {
    if owner == nil { unsafe base.deallocate() }
  }
}
