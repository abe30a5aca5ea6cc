import JSONShim

/// Why nested arrays have no shape.
public enum JSONShapeError: Error, Hashable {
  /// At `path`, where `expected` elements stand in its neighbours, there are `got`; nil stands for no array.
  case ragged(path: [Int], expected: Int?, got: Int?)
  /// At `path` is an object that is not `{"b64": "…"}`.
  case object(path: [Int])
}

extension JSONShapeError: CustomStringConvertible {
  public var description: String {
    func extent(_ count: Int?) -> String { count.map { "a list of \($0)" } ?? "no list" }
    func place(_ path: [Int]) -> String { path.map { "[\($0)]" }.joined() }
    return switch self {
    case .ragged(let path, let expected, let got): "\(place(path)): expected \(extent(expected)), got \(extent(got))"
    case .object(let path): "\(place(path)): expected a value or list, got an object"
    }
  }
}

/// Why an object is not `{"b64": "…"}` with the bytes in base64.
public enum JSONBase64Error: Error, Hashable, CustomStringConvertible {
  case wrongType(JSONKind)
  /// The first character that does not belong; the number of characters if some are missing.
  case invalid(offset: Int)

  public var description: String {
    switch self {
    case .wrongType(let kind): "expected {\"b64\": \"…\"}, got \(kind)"
    case .invalid(let offset): "invalid base64 at character \(offset)"
    }
  }
}

extension JSONValue {
  /// The extents of nested arrays from the outside inwards, up to the first that is empty; none if this is no array.
  ///
  /// Every element must be nested alike. `{"b64": "…"}` is an element like a number; other objects are refused.
  /// - Complexity: O(n).
  public func nestedShape() throws(JSONShapeError) -> [Int] {
    // An empty array may stand within the deepest.
    let capacity = document.depthLimit + 1
    var extents = [Int](repeating: 0, count: capacity)
    var path = extents
    let shape = unsafe document.read { unsafe mass_json_shape_of($0, position, &extents, &path, capacity) }
    path.removeSubrange(shape.depth...)
    switch shape.regularity {
    case MASS_JSON_RECTANGULAR: return Array(extents.prefix(shape.rank))
    case MASS_JSON_HAS_OBJECT: throw .object(path: path)
    default: throw .ragged(path: path, expected: Self.extent(shape.expected), got: Self.extent(shape.got))
    }
  }

  private static func extent(_ value: Int64) -> Int? { value < 0 ? nil : Int(value) }

  /// Whether this is an object whose only member is a string named `b64`.
  public var isBase64: Bool { unsafe document.read { unsafe mass_json_is_base64($0, position) } }

  /// The bytes of `{"b64": "…"}`, in the standard alphabet with its padding and nothing else.
  public func base64Bytes() throws(JSONBase64Error) -> [UInt8] {
    guard isBase64 else { throw .wrongType(kind) }
    var offset = 0
    let bytes: [UInt8]? = unsafe document.read { handle in
      let text = unsafe mass_json_text_of(handle, mass_json_first(position) + 1)
      return unsafe Self.decode(text, &offset)
    }
    guard let bytes else { throw .invalid(offset: offset) }
    return bytes
  }

  private static func decode(_ text: mass_json_text, _ offset: inout Int) -> [UInt8]? {
    var isValid = true
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: mass_json_base64_capacity(text.size)) { bytes, count in
      let written = unsafe mass_json_base64_decode(text.data, text.size, bytes.baseAddress, &offset)
      // SIZE_MAX is negative here.
      isValid = written >= 0
      count = max(written, 0)
    }
    return isValid ? bytes : nil
  }
}
