#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Copies bytes: for a result that must also lie where the caller wants it.
final class CopyKernel: Kernel {
  static let name = "copy"
  private let byteCount: Int

  init(byteCount: Int) { self.byteCount = byteCount }

  func run(_ operands: Operands.Pointers, scratch: UnsafeMutableRawPointer?) {
    guard let source = unsafe operands[0], let target = unsafe operands[1] else { return }
    unsafe _ = memmove(target, source, byteCount)
  }
}
