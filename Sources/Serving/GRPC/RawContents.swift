/// Where the raw tensors of a ModelInferRequest lie in its bytes, so that each is copied once, to where it will be used.
struct RawContents {
  /// `raw_input_contents`, in order.
  private(set) var tensors: [Range<Int>] = []
  /// All other fields, neighbours joined.
  private(set) var rest: [Range<Int>] = []

  /// - Throws: `invalidArgument` if the bytes are no message, or one that says more of its tensors than a request can need.
  init(_ bytes: UnsafeRawBufferPointer) throws(ServingError) {
    var reader = FieldReader()
    var fields = 0
    var described = 0
    while let field = try unsafe reader.next(in: bytes) {
      fields += 1
      guard fields <= Self.fieldLimit else {
        throw .invalid("the request has more than \(Self.fieldLimit) inputs, outputs and parameters")
      }
      if field.number == Self.rawField, let payload = field.payload {
        tensors.append(payload)
        continue
      }
      described += try unsafe Self.described(field, in: bytes)
      guard described <= Self.describedLimit else {
        throw .invalid("names, shapes and parameters of the request take more than \(Self.describedLimit) bytes")
      }
      if let last = rest.last, last.upperBound == field.range.lowerBound {
        rest[rest.count - 1] = last.lowerBound..<field.range.upperBound
      } else {
        rest.append(field.range)
      }
    }
  }

  /// Bytes of a field that are not elements of a tensor.
  private static func described(_ field: FieldReader.Field, in bytes: UnsafeRawBufferPointer) throws(ServingError)
    -> Int
  {
    guard field.number == inputField, let payload = field.payload else { return field.range.count }
    var elements = 0
    var reader = FieldReader()
    let input = unsafe UnsafeRawBufferPointer(rebasing: bytes[payload])
    while let part = try unsafe reader.next(in: input) {
      if part.number == contentsField { elements += part.payload?.count ?? 0 }
    }
    return field.range.count - elements
  }

  private static let inputField: UInt64 = 5
  /// Of an input.
  private static let contentsField: UInt64 = 5
  private static let rawField: UInt64 = 7
  /// A field takes two bytes in the message and hundreds in memory.
  private static let fieldLimit = 1 << 14
  /// So do the fields of inputs and the entries of maps.
  private static let describedLimit = 1 << 20
}

/// Walks over the outermost fields of a protobuf message.
private struct FieldReader {
  struct Field {
    var number: UInt64
    /// From its tag to its end.
    var range: Range<Int>
    /// What a length-delimited field holds.
    var payload: Range<Int>?
  }

  private var offset = 0

  /// The field after the last one; nil at the end.
  mutating func next(in bytes: UnsafeRawBufferPointer) throws(ServingError) -> Field? {
    let start = offset
    guard start < bytes.count else { return nil }
    let tag = try unsafe varint(in: bytes)
    var payload: Range<Int>?
    switch tag & 7 {
    case 0: _ = try unsafe varint(in: bytes)
    case 1: try skip(8, of: bytes.count)
    case 2:
      let length = try unsafe varint(in: bytes)
      let first = offset
      try skip(length, of: bytes.count)
      payload = first..<offset
    case 5: try skip(4, of: bytes.count)
    default: throw Self.malformed
    }
    return Field(number: tag >> 3, range: start..<offset, payload: payload)
  }

  private mutating func varint(in bytes: UnsafeRawBufferPointer) throws(ServingError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard offset < bytes.count else { throw Self.malformed }
      let byte = unsafe bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    throw Self.malformed
  }

  private mutating func skip(_ count: UInt64, of total: Int) throws(ServingError) {
    guard count <= UInt64(total - offset) else { throw Self.malformed }
    offset += Int(count)
  }

  private static let malformed = ServingError.invalid("the bytes are not a message inference.ModelInferRequest")
}
