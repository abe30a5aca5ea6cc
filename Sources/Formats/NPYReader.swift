import MassRuntime

/// numpy's `.npy` files.
public enum NPY {
  /// Reads the array at `path` as a row-major tensor.
  ///
  /// - Parameter element: What the array is for. It decides how to read items that numpy has no type for: `V2` or `u2`
  ///   as bfloat16, `V1` or `u1` as an 8-bit float, `i1`, `u1` or `V1` as integers of fewer bits. No value is converted.
  public static func read(_ path: String, as element: ElementType? = nil) throws(FormatError) -> Tensor {
    try NPYReader(source: try InputFile(path: path), element: element).tensor()
  }
}

/// Reads one array from a source. Takes memory only for data that the source really has.
struct NPYReader<Source: ByteSource> {
  let source: Source
  let element: ElementType?

  /// Items of no width take no space in the file, so their number must be bounded otherwise.
  private static var emptyItemLimit: Int { 1 << 20 }

  func tensor() throws(FormatError) -> Tensor {
    let header = try NPYHeader.read(from: source)
    let count: Int
    do throws(TensorError) { count = try Tensor.elementCount(of: header.shape) } catch {
      throw FormatError(source.place, "\(error)")
    }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: header.itemBytes)
    guard !overflow, bytes <= source.remaining else {
      throw FormatError(
        source.place, expected: "\(count) items of \(header.itemBytes) bytes", got: "\(source.remaining) bytes")
    }
    guard header.itemBytes > 0 || count <= Self.emptyItemLimit else {
      throw FormatError(source.place, expected: "at most \(Self.emptyItemLimit) empty items", got: "\(count)")
    }
    switch header.item {
    case .text, .bytes: return try strings(header, count)
    case .element, .opaque: return try numbers(header)
    }
  }

  // MARK: Numbers

  private func numbers(_ header: NPYHeader) throws(FormatError) -> Tensor {
    let stored = try storedElement(header)
    var tensor = try load(stored, header)
    if let element, element != stored {
      tensor = try Narrowing(place: source.place, header: header).tensor(tensor, as: element) ?? tensor
    }
    return tensor
  }

  /// The type to hold the file's items in; opaque ones become bfloat16 or bytes.
  private func storedElement(_ header: NPYHeader) throws(FormatError) -> ElementType {
    switch header.item {
    case .element(let stored): return stored
    case .opaque(2): return .bfloat16
    default:
      guard let element, element.bitWidth <= 8, element != .string else {
        throw FormatError(source.place, expected: element.map { "\($0)" } ?? "a type numpy knows", got: "dtype 'V1'")
      }
      return .uint8
    }
  }

  /// Reads the items into row-major order and this machine's byte order.
  private func load(_ stored: ElementType, _ header: NPYHeader) throws(FormatError) -> Tensor {
    let isTransposed = header.isFortranOrder && header.shape.count > 1
    var failure: FormatError?
    let tensor = try FormatError.wrapping(source.place) { () throws(TensorError) in
      try unsafe Tensor(element: stored, shape: isTransposed ? header.shape.reversed() : header.shape) { buffer in
        do throws(FormatError) { try unsafe source.read(into: buffer) } catch { failure = error }
        if header.isBigEndian { unsafe ItemBytes.reverse(in: buffer, width: ItemBytes.swapWidth(stored)) }
        if stored == .bool { unsafe ItemBytes.normalizeBooleans(buffer) }
      }
    }
    if let failure { throw failure }
    guard isTransposed else { return tensor }
    return try FormatError.wrapping(source.place) { () throws(TensorError) in try ItemBytes.reversingAxes(of: tensor) }
  }

  // MARK: Strings

  private func strings(_ header: NPYHeader, _ count: Int) throws(FormatError) -> Tensor {
    let bytes = try source.bytes(count * header.itemBytes)
    var strings: [String] = []
    strings.reserveCapacity(count)
    for i in 0..<count {
      let item = bytes[i * header.itemBytes..<(i + 1) * header.itemBytes]
      guard let text = header.item == .bytes(header.itemBytes) ? Self.utf8(item) : Self.utf32(item, header.isBigEndian)
      else { throw FormatError(source.place, expected: "Unicode text", got: "item \(i), which is none") }
      strings.append(text)
    }
    if header.isFortranOrder, header.shape.count > 1 {
      strings = ItemBytes.reversedAxes(header.shape.reversed()).map { strings[$0] }
    }
    return try FormatError.wrapping(source.place) { () throws(TensorError) in
      try Tensor(strings: strings, shape: header.shape)
    }
  }

  private static func utf8(_ item: ArraySlice<UInt8>) -> String? {
    let end = item.lastIndex { $0 != 0 }.map { $0 + 1 } ?? item.startIndex
    return String(validating: item[item.startIndex..<end], as: UTF8.self)
  }

  private static func utf32(_ item: ArraySlice<UInt8>, _ isBigEndian: Bool) -> String? {
    var scalars = String.UnicodeScalarView()
    var zeros = 0
    for start in stride(from: item.startIndex, to: item.endIndex, by: 4) {
      let unit = item[start..<start + 4]
      let value = (isBigEndian ? Array(unit) : unit.reversed()).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      if value == 0 {
        zeros += 1
        continue
      }
      guard let scalar = Unicode.Scalar(value) else { return nil }
      for _ in 0..<zeros { scalars.append("\0") }
      zeros = 0
      scalars.append(scalar)
    }
    return String(scalars)
  }
}
