import JSONShim

/// What is accepted as a document.
public struct JSONOptions: Sendable, Hashable {
  /// Larger texts are refused before they are read.
  public var byteLimit: Int
  /// How deep arrays and objects may be nested.
  public var depthLimit: Int
  /// Whether the bare words `NaN`, `Infinity` and `-Infinity` are numbers.
  public var acceptsNonFinite: Bool

  public init(byteLimit: Int = 64 << 20, depthLimit: Int = 100, acceptsNonFinite: Bool = false) {
    self.byteLimit = byteLimit
    self.depthLimit = depthLimit
    self.acceptsNonFinite = acceptsNonFinite
  }

  /// Positions in a document have 32 bits.
  static let largestByteLimit = 0xFFFF_FFFF
  /// The parser keeps a record for each level.
  static let largestDepthLimit = 1 << 16

  var isUsable: Bool { byteLimit >= 0 && 1...Self.largestDepthLimit ~= depthLimit }
}

/// A JSON text, parsed and checked as a whole.
///
/// It is read only once it exists, which is what makes it `Sendable` (held by `JSONValueTests`).
@safe public final class JSONDocument: @unchecked Sendable {
  private let handle: OpaquePointer
  let depthLimit: Int

  /// Parses a copy of `bytes`.
  public convenience init(bytes: UnsafeRawBufferPointer, options: JSONOptions = JSONOptions()) throws(JSONError) {
    try unsafe self.init(byteCount: bytes.count, options: options) { unsafe $0.copyMemory(from: bytes) }
  }

  /// Lets `fill` write the text, all `byteCount` bytes of it, where it is parsed.
  ///
  /// - Requires: A depth limit of 1 to 65,536.
  /// - Complexity: O(n). Reserves some 14 bytes of address space for each byte of text, and touches as much of that as
  ///   the document needs; the text itself is released.
  public init(
    byteCount: Int, options: JSONOptions = JSONOptions(), fill: (UnsafeMutableRawBufferPointer) -> Void
  ) throws(JSONError) {
    precondition(options.isUsable, "JSON: byte limit \(options.byteLimit), depth limit \(options.depthLimit)")
    let limit = min(options.byteLimit, JSONOptions.largestByteLimit)
    guard byteCount <= limit else { throw JSONError(.tooLarge(byteLimit: limit)) }
    guard byteCount > 0 else { throw JSONError(.empty) }
    guard let handle = unsafe mass_json_create(byteCount) else { throw JSONError(.outOfMemory) }
    unsafe fill(UnsafeMutableRawBufferPointer(start: mass_json_text_buffer(handle), count: byteCount))
    let failure = unsafe mass_json_parse(handle, options.depthLimit, options.acceptsNonFinite)
    guard failure.fault == MASS_JSON_VALID else {
      unsafe mass_json_free(handle)
      throw JSONError(failure, options: options)
    }
    unsafe self.handle = handle
    depthLimit = options.depthLimit
  }

  deinit { unsafe mass_json_free(handle) }

  /// Lends the parsed document, which lives at least as long as the call.
  func read<Result>(_ body: (OpaquePointer) -> Result) -> Result {
    defer { withExtendedLifetime(self) {} }
    return unsafe body(handle)
  }

  /// The value that is the document.
  public var root: JSONValue { JSONValue(document: self, position: 1) }
}

extension JSONDocument {
  /// Parses the UTF-8 of a string.
  public convenience init(_ text: String, options: JSONOptions = JSONOptions()) throws(JSONError) {
    let bytes = Array(text.utf8)
    try unsafe self.init(byteCount: bytes.count, options: options) { unsafe $0.copyBytes(from: bytes) }
  }
}
