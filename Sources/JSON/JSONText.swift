import JSONShim

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A finished JSON text in UTF-8.
///
/// It is read only, which is what makes it `Sendable` (held by `JSONWriterTests`).
@safe public final class JSONText: @unchecked Sendable {
  private let base: UnsafeMutableRawPointer?
  public let count: Int

  /// Takes over memory from malloc.
  init(base: UnsafeMutableRawPointer?, count: Int) {
    unsafe self.base = base
    self.count = count
  }

  deinit { unsafe free(base) }

  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try unsafe body(UnsafeRawBufferPointer(start: base, count: count))
  }

  /// A copy of the text.
  public var bytes: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }

  /// The first byte, nil for an empty text; valid while the text lives.
  @unsafe public var baseAddress: UnsafeRawPointer? { unsafe UnsafeRawPointer(base) }
}

extension JSONText: CustomStringConvertible {
  public var description: String { unsafe withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) } }
}
