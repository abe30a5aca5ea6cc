import MassRuntime

/// An array as numpy saves it: a header and the data after it.
struct NPYEncoding {
  let header: [UInt8]
  /// The data's bytes, whatever their type is called here.
  let data: Tensor

  /// - Parameter place: What errors call the tensor.
  init(_ tensor: Tensor, place: String) throws(FormatError) {
    let (description, data) = try Self.stored(tensor, place)
    self.data = data
    header = Self.header(description: description, shape: tensor.shape)
  }

  /// numpy's type description, and the tensor in that type.
  private static func stored(_ tensor: Tensor, _ place: String) throws(FormatError) -> (String, Tensor) {
    if tensor.element == .string { return try text(tensor.strings, place) }
    if let description = descriptions[tensor.element] { return (description, tensor) }
    let wide: ElementType = tensor.element.domain == .signed ? .int8 : .uint8
    let data = try FormatError.wrapping(place) { () throws(TensorError) in
      guard tensor.element == .float4e2m1 else {
        return try Tensor.make(wide, tensor.shape, integers: tensor.integers())
      }
      let nibbles = tensor.doubles().map { Int(SmallFloat.encode($0, as: .float4e2m1, saturate: true)) }
      return try Tensor.make(.uint8, tensor.shape, integers: nibbles)
    }
    return (tensor.element == .float4e2m1 ? "<V1" : wide == .int8 ? "|i1" : "|u1", data)
  }

  private static let descriptions: [ElementType: String] = [
    .bool: "|b1", .int8: "|i1", .int16: "<i2", .int32: "<i4", .int64: "<i8", .uint8: "|u1", .uint16: "<u2",
    .uint32: "<u4", .uint64: "<u8", .float16: "<f2", .float32: "<f4", .float64: "<f8", .complex64: "<c8",
    .complex128: "<c16", .bfloat16: "<V2", .float8e4m3fn: "<V1", .float8e4m3fnuz: "<V1", .float8e5m2: "<V1",
    .float8e5m2fnuz: "<V1", .float8e8m0: "<V1",
  ]

  /// One long string among many makes all of them long.
  private static let textLimit = 1 << 32

  private static func text(_ strings: [String], _ place: String) throws(FormatError) -> (String, Tensor) {
    let length = max(1, strings.map { $0.unicodeScalars.count }.max() ?? 0)
    let (units, overflow) = strings.count.multipliedReportingOverflow(by: length)
    guard !overflow, units <= textLimit / 4 else {
      throw FormatError(
        place, expected: "strings of at most \(textLimit) bytes, padded to the longest",
        got: "\(strings.count) of up to \(length) characters")
    }
    let data = try FormatError.wrapping(place) { () throws(TensorError) in
      try unsafe Tensor(element: .uint32, shape: [units]) { buffer in
        for (i, string) in strings.enumerated() {
          for (j, scalar) in string.unicodeScalars.enumerated() {
            unsafe buffer.storeBytes(of: scalar.value, toByteOffset: (i * length + j) * 4, as: UInt32.self)
          }
        }
      }
    }
    return ("<U\(length)", data)
  }

  /// Version 1.0, byte for byte as numpy spells it: room for the first extent to grow, then padding to 64 bytes.
  private static func header(description: String, shape: [Int]) -> [UInt8] {
    let extents = shape.count == 1 ? "\(shape[0])," : shape.map(String.init).joined(separator: ", ")
    var text = "{'descr': '\(description)', 'fortran_order': False, 'shape': (\(extents)), }"
    if let first = shape.first { text += String(repeating: " ", count: max(0, 21 - "\(first)".count)) }
    let unpadded = NPYHeader.magic.count + 4 + text.utf8.count + 1
    text += String(repeating: " ", count: 64 - unpadded % 64) + "\n"
    let length = UInt16(truncatingIfNeeded: text.utf8.count)
    return NPYHeader.magic + [1, 0, UInt8(length & 255), UInt8(length >> 8)] + Array(text.utf8)
  }
}

extension NPY {
  /// Writes `tensor` beside `path` and renames it into place.
  ///
  /// Types that numpy lacks are saved as the `ml_dtypes` package saves them, integers of fewer than 8 bits as bytes.
  public static func write(_ tensor: Tensor, to path: String) throws(FormatError) {
    let encoding = try NPYEncoding(tensor, place: path)
    try unsafe WholeFile.write(to: path) { put in
      unsafe encoding.header.withUnsafeBytes { unsafe put($0) } && encoding.data.withUnsafeBytes { unsafe put($0) }
    }
  }
}
