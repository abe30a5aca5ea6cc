import JSONShim

/// Why something cannot be written.
public enum JSONWriteError: Error, Hashable, CustomStringConvertible {
  /// Element `index` is NaN or infinite.
  case nonFinite(index: Int)
  /// Elements of this kind have no JSON form.
  case unsupported(String)
  case outOfMemory

  public var description: String {
    switch self {
    case .nonFinite(let index): "element \(index) is not a finite number"
    case .unsupported(let element): "elements of type \(element) have no JSON form"
    case .outOfMemory: "there is no memory for the text"
    }
  }
}

/// Builds one JSON text from its start to its end.
///
/// Values come in the order of the text, commas of themselves. In an object a `key` stands before each value; nothing
/// checks that. Memory that runs out is told by `finish`.
@safe public struct JSONWriter: ~Copyable {
  var buffer = unsafe mass_json_buffer()
  var needsComma = false

  public init() {}

  /// The text so far, in bytes.
  public var count: Int { unsafe buffer.size }

  /// Hands out the text without a copy.
  public consuming func finish() throws(JSONWriteError) -> JSONText {
    guard unsafe !buffer.has_failed else { throw .outOfMemory }
    let text = unsafe JSONText(base: buffer.data, count: buffer.size)
    unsafe buffer = mass_json_buffer()
    return text
  }

  deinit {
    var buffer = unsafe buffer
    unsafe mass_json_buffer_free(&buffer)
  }
}

// MARK: Structure

extension JSONWriter {
  /// Writes `{`, the members that `body` writes, and `}`.
  public mutating func object<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
    beginObject()
    try body(&self)
    endObject()
  }

  /// Writes `[`, the values that `body` writes, and `]`.
  public mutating func array<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
    beginArray()
    try body(&self)
    endArray()
  }

  public mutating func beginObject() { open("{") }
  public mutating func endObject() { close("}") }
  public mutating func beginArray() { open("[") }
  public mutating func endArray() { close("]") }

  public mutating func key(_ key: String) {
    separate()
    quote(key)
    ascii(":")
    needsComma = false
  }

  /// Writes arrays nested as `shape` says, with `leaf(index)` for the elements in row-major order.
  public mutating func nested<Failure: Error>(
    _ shape: [Int], _ leaf: (inout JSONWriter, Int) throws(Failure) -> Void
  ) throws(Failure) {
    var index = 0
    try nested(shape[...], &index, leaf)
  }

  private mutating func nested<Failure: Error>(
    _ shape: ArraySlice<Int>, _ index: inout Int, _ leaf: (inout JSONWriter, Int) throws(Failure) -> Void
  ) throws(Failure) {
    guard let extent = shape.first else {
      try leaf(&self, index)
      index += 1
      return
    }
    beginArray()
    for _ in 0..<max(extent, 0) { try nested(shape.dropFirst(), &index, leaf) }
    endArray()
  }

  private mutating func open(_ bracket: StaticString) {
    separate()
    ascii(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: StaticString) {
    ascii(bracket)
    needsComma = true
  }

  mutating func separate() {
    if needsComma { ascii(",") }
    needsComma = true
  }
}

// MARK: Values

extension JSONWriter {
  public mutating func null() {
    separate()
    ascii("null")
  }

  public mutating func bool(_ value: Bool) {
    separate()
    ascii(value ? "true" : "false")
  }

  public mutating func integer(_ value: Int64) {
    separate()
    unsafe mass_json_write_int64(&buffer, value)
  }

  public mutating func integer(_ value: Int) { integer(Int64(value)) }

  public mutating func integer(_ value: UInt64) {
    separate()
    unsafe mass_json_write_uint64(&buffer, value)
  }

  public mutating func string(_ value: String) {
    separate()
    quote(value)
  }

  /// Writes `{"b64": "…"}` around the bytes in base64.
  public mutating func base64(_ bytes: UnsafeRawBufferPointer) {
    object { writer in
      writer.key("b64")
      writer.separate()
      unsafe mass_json_write_base64(&writer.buffer, bytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count)
    }
  }

  public mutating func base64(_ bytes: [UInt8]) { unsafe bytes.withUnsafeBytes { unsafe base64($0) } }

  /// Writes the UTF-8 of a value that is JSON already.
  public mutating func raw(_ bytes: UnsafeRawBufferPointer) {
    separate()
    unsafe mass_json_write_bytes(&buffer, bytes.assumingMemoryBound(to: CChar.self).baseAddress, bytes.count)
  }
}

// MARK: Bytes

extension JSONWriter {
  private mutating func quote(_ value: String) {
    var value = value
    value.withUTF8 { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { text in
        unsafe mass_json_write_string(&buffer, text.baseAddress, text.count)
      }
    }
  }

  private mutating func ascii(_ text: StaticString) {
    text.withUTF8Buffer { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { text in
        unsafe mass_json_write_bytes(&buffer, text.baseAddress, text.count)
      }
    }
  }
}
