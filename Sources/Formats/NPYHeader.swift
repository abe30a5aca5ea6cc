import MassRuntime

/// What a `.npy` file says about its array.
struct NPYHeader: Hashable {
  /// How one item is stored.
  enum Item: Hashable {
    case element(ElementType)
    /// numpy knows only its width: how the types of the `ml_dtypes` package are saved.
    case opaque(bytes: Int)
    /// UTF-32, padded with zeros.
    case text(scalars: Int)
    /// Bytes, padded with zeros.
    case bytes(Int)
  }

  var item: Item
  var isBigEndian = false
  var isFortranOrder = false
  var shape: [Int]

  var itemBytes: Int {
    switch item {
    case .element(let element): element.byteWidth ?? 0
    case .opaque(let bytes), .bytes(let bytes): bytes
    case .text(let scalars): scalars * 4
    }
  }

  /// Strings longer than this are refused.
  static let textLimit = 1 << 24

  /// From numpy's type description, such as `<f4`.
  init(description: String, isFortranOrder: Bool, shape: [Int]) throws(NPYHeaderError) {
    let unsupported = NPYHeaderError(
      expected: "numbers, booleans or strings", got: "dtype '\(description)'")
    guard let order = description.first, "<>|=".contains(order) else { throw unsupported }
    let rest = description.dropFirst()
    guard let kind = rest.first, let size = Int(rest.dropFirst()), (0...Self.textLimit).contains(size) else {
      throw kindIsObject(rest) ? NPYHeaderError(expected: "plain data", got: "pickled Python objects") : unsupported
    }
    switch kind {
    case "U": item = .text(scalars: size)
    case "S", "a": item = .bytes(size)
    case "V" where size == 1 || size == 2: item = .opaque(bytes: size)
    default:
      guard let element = Self.elements["\(kind)\(size)"] else { throw unsupported }
      item = .element(element)
    }
    isBigEndian = order == ">"
    self.isFortranOrder = isFortranOrder
    self.shape = shape
  }

  private static let elements: [String: ElementType] = [
    "b1": .bool, "?1": .bool, "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64, "u1": .uint8, "u2": .uint16,
    "u4": .uint32, "u8": .uint64, "f2": .float16, "f4": .float32, "f8": .float64, "c8": .complex64, "c16": .complex128,
  ]
}

/// What is wrong with a header.
struct NPYHeaderError: Error, Hashable {
  var expected: String
  var got: String
}

private func kindIsObject(_ text: Substring) -> Bool { text.first == "O" }

extension NPYHeader {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// A longer header is refused; a shape of 32 extents needs less than a tenth.
  static let lengthLimit = 1 << 16

  /// Reads magic, version and header, and leaves the source at the data.
  static func read(from source: some ByteSource) throws(FormatError) -> NPYHeader {
    let start = try source.bytes(min(8, source.remaining))
    guard start.count == 8, Array(start.prefix(6)) == magic else {
      throw FormatError(source.place, expected: "a .npy array", got: "something else")
    }
    guard (1...3).contains(start[6]) else {
      throw FormatError(source.place, expected: "version 1 to 3 of the .npy format", got: "\(start[6]).\(start[7])")
    }
    let lengthBytes = try source.bytes(start[6] == 1 ? 2 : 4)
    let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= lengthLimit else {
      throw FormatError(source.place, expected: "a header of at most \(lengthLimit) bytes", got: "\(length)")
    }
    let text = try source.bytes(length)
    do throws(NPYHeaderError) { return try NPYHeader(text: text) } catch {
      throw FormatError(source.place, expected: error.expected, got: error.got)
    }
  }

  /// From the dictionary that a header is, in Python's spelling.
  init(text: [UInt8]) throws(NPYHeaderError) {
    var reader = PythonLiteralReader(text)
    var description: String?
    var isFortranOrder: Bool?
    var shape: [Int]?
    try reader.expect("{")
    while !reader.take("}") {
      let key = try reader.string()
      try reader.expect(":")
      switch key {
      case "descr": description = try reader.string()
      case "fortran_order": isFortranOrder = try reader.boolean()
      case "shape": shape = try reader.tuple()
      default: throw NPYHeaderError(expected: "the keys descr, fortran_order and shape", got: "'\(key)'")
      }
      if !reader.take(",") {
        try reader.expect("}")
        break
      }
    }
    guard reader.isAtEnd, let description, let isFortranOrder, let shape else {
      throw NPYHeaderError(expected: "a dictionary with descr, fortran_order and shape", got: "an incomplete header")
    }
    try self.init(description: description, isFortranOrder: isFortranOrder, shape: shape)
  }
}

/// As much of Python's literals as numpy writes into headers.
private struct PythonLiteralReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { bytes[position...].allSatisfy(Self.isSpace) }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

  private mutating func skipSpace() {
    while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
  }

  mutating func take(_ character: Character) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
    position += 1
    return true
  }

  mutating func expect(_ character: Character) throws(NPYHeaderError) {
    guard take(character) else { throw mismatch("'\(character)'") }
  }

  mutating func string() throws(NPYHeaderError) -> String {
    let quote: UInt8 = take("'") ? 39 : take("\"") ? 34 : 0
    guard quote != 0 else { throw mismatch("a string") }
    let start = position
    while position < bytes.count, bytes[position] != quote { position += 1 }
    guard position < bytes.count else { throw mismatch("the end of a string") }
    defer { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  mutating func boolean() throws(NPYHeaderError) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)] where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw mismatch("True or False")
  }

  /// A tuple of whole numbers; `3L`, as Python 2 wrote, is one.
  mutating func tuple() throws(NPYHeaderError) -> [Int] {
    var numbers: [Int] = []
    try expect("(")
    while !take(")") {
      skipSpace()
      let digits = bytes[position...].prefix { (48...57).contains($0) }
      guard let number = Int(String(decoding: digits, as: UTF8.self)) else { throw mismatch("an extent") }
      position += digits.count
      _ = take("L")
      numbers.append(number)
      if !take(",") {
        try expect(")")
        break
      }
    }
    return numbers
  }

  private func mismatch(_ expected: String) -> NPYHeaderError {
    let rest = String(decoding: bytes[position...].prefix(20), as: UTF8.self)
    return NPYHeaderError(expected: "\(expected) in the header", got: rest.isEmpty ? "its end" : "'\(rest)'")
  }
}
