import JSONShim
import MassRuntime

/// Why a value does not have the elements of a tensor. Indices count elements in row-major order.
public enum JSONFillError: Error, Hashable {
  case tooFew(expected: Int, got: Int)
  case tooMany(expected: Int)
  case wrongType(index: Int, expected: ElementType, got: JSONKind)
  case outOfRange(index: Int, value: String)
  /// Elements of this type have no JSON form.
  case unsupported(ElementType)
}

extension JSONFillError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooFew(let expected, let got): "expected \(expected) elements, got \(got)"
    case .tooMany(let expected): "expected \(expected) elements, got more"
    case .wrongType(let index, let expected, let got): "element \(index): expected \(expected), got \(got)"
    case .outOfRange(let index, let value): "element \(index): \(value) is out of range"
    case .unsupported(let element): "elements of type \(element) have no JSON form"
    }
  }
}

/// Arrays of values as tensors: however arrays are nested, their elements come in row-major order.
extension JSONValue {
  /// How many elements there are when nested arrays are flattened; 1 if this is no array. An object is one element.
  ///
  /// - Complexity: O(n).
  public var leafCount: Int { unsafe document.read { unsafe mass_json_leaf_count($0, position) } }

  /// The kind of the first element of the first element and so on; nil if an empty array comes first.
  public var leafKind: JSONKind? {
    var value = self
    while value.kind == .array {
      guard value.count > 0 else { return nil }
      value = at(mass_json_first(value.position))
    }
    return value.kind
  }

  /// Writes exactly `count` elements into `bytes`, dense and in the byte order of the machine.
  ///
  /// Bools are `true` and `false`. Integers are numbers without a fraction that the type holds, those written as doubles
  /// within ±2⁵³. Floats are any numbers that the type holds, rounded. Types of other widths and strings are not taken.
  ///
  /// - Requires: Room for `count` elements.
  public func fill(
    _ element: ElementType, into bytes: UnsafeMutableRawBufferPointer, count: Int
  ) throws(JSONFillError) {
    guard let code = element.jsonElement, let width = element.byteWidth else { throw .unsupported(element) }
    precondition(count >= 0 && count <= bytes.count / width, "JSON: \(count) elements for \(bytes.count) bytes")
    let filling = unsafe document.read { unsafe mass_json_fill($0, position, code, bytes.baseAddress, count) }
    try check(filling, element, count: count)
  }

  /// The elements, each a string or whatever it is, exactly `count`.
  public func leaves(count: Int) throws(JSONFillError) -> [JSONValue] {
    try leafPositions(count: count).map { at($0) }
  }

  /// The elements as strings, exactly `count`.
  public func strings(count: Int) throws(JSONFillError) -> [String] {
    var strings: [String] = []
    let positions = try leafPositions(count: count)
    strings.reserveCapacity(count)
    for (i, position) in positions.enumerated() {
      let leaf = at(position)
      guard leaf.kind == .string else { throw .wrongType(index: i, expected: .string, got: leaf.kind) }
      strings.append(leaf.text)
    }
    return strings
  }

  private func leafPositions(count: Int) throws(JSONFillError) -> [Int] {
    // Before memory is taken for what a caller hopes for.
    let got = leafCount
    guard got >= count else { throw .tooFew(expected: count, got: got) }
    guard got == count else { throw .tooMany(expected: count) }
    return unsafe [Int](unsafeUninitializedCapacity: count) { positions, written in
      unsafe document.read { unsafe _ = mass_json_leaves($0, position, positions.baseAddress, count) }
      written = count
    }
  }

  private func check(_ filling: mass_json_filling, _ element: ElementType, count: Int) throws(JSONFillError) {
    let leaf = at(filling.position)
    switch filling.outcome {
    case MASS_JSON_FILLED: return
    case MASS_JSON_TOO_FEW: throw .tooFew(expected: count, got: filling.index)
    case MASS_JSON_TOO_MANY: throw .tooMany(expected: count)
    case MASS_JSON_WRONG_TYPE: throw .wrongType(index: filling.index, expected: element, got: leaf.kind)
    default: throw .outOfRange(index: filling.index, value: leaf.description)
    }
  }
}

extension ElementType {
  /// How the shim names the type; nil for what JSON numbers and bools do not stand for.
  var jsonElement: mass_json_element? {
    switch self {
    case .bool: MASS_JSON_ELEMENT_BOOL
    case .int8: MASS_JSON_ELEMENT_INT8
    case .int16: MASS_JSON_ELEMENT_INT16
    case .int32: MASS_JSON_ELEMENT_INT32
    case .int64: MASS_JSON_ELEMENT_INT64
    case .uint8: MASS_JSON_ELEMENT_UINT8
    case .uint16: MASS_JSON_ELEMENT_UINT16
    case .uint32: MASS_JSON_ELEMENT_UINT32
    case .uint64: MASS_JSON_ELEMENT_UINT64
    case .float32: MASS_JSON_ELEMENT_FLOAT32
    case .float64: MASS_JSON_ELEMENT_FLOAT64
    default: nil
    }
  }
}
