import MassFormats
import MassRuntime

/// What is shown of an output.
struct ValueSummary {
  let name: String
  let type: String
  let shape: [Int]?
  private(set) var minimum: Double?
  private(set) var maximum: Double?
  private(set) var mean: Double?
  /// The first elements, or what stands in their place.
  private(set) var first: [JSON] = []
  private(set) var isComplete = true

  private static let shownElements = 8

  init(name: String, _ value: Value) {
    self.name = name
    type = Self.typeName(value)
    shape = value.tensor?.shape
    switch value {
    case .tensor(let tensor): describe(tensor)
    case .sequence(let values): describe(values)
    case .optional(let value):
      if let value { describe([value]) }
    case .map(let entries):
      first = entries.prefix(Self.shownElements).map { entry in
        .object([(Self.text(entry.key), ValueSummary(name: "", entry.value).short)])
      }
      isComplete = entries.count <= Self.shownElements
    }
  }

  private static func typeName(_ value: Value) -> String {
    switch value {
    case .tensor(let tensor): "\(tensor.element)"
    default: "\(value.type)"
    }
  }

  private static func text(_ key: Value.MapKey) -> String {
    switch key {
    case .integer(let number): "\(number)"
    case .string(let string): string
    }
  }

  private mutating func describe(_ values: [Value]) {
    first = values.prefix(Self.shownElements).map { ValueSummary(name: "", $0).short }
    isComplete = values.count <= Self.shownElements
  }

  private mutating func describe(_ tensor: Tensor) {
    isComplete = tensor.count <= Self.shownElements
    switch tensor.element.domain {
    case .string: first = tensor.strings.prefix(Self.shownElements).map { .string($0) }
    case .bool:
      let values = tensor.bools()
      first = values.prefix(Self.shownElements).map { .bool($0) }
      describe(values.map { $0 ? 1 : 0 })
    case .signed, .unsigned:
      first = tensor.integers().prefix(Self.shownElements).map { .int($0) }
      describe(tensor.doubles())
    case .real:
      let values = tensor.doubles()
      let isSingle = tensor.element != .float64
      first = values.prefix(Self.shownElements).map { .double(isSingle ? Double("\(Float($0))") ?? $0 : $0) }
      describe(values)
    case .complex:
      let parts = tensor.complexParts().prefix(Self.shownElements)
      first = parts.map { .array([.double($0.real), .double($0.imaginary)]) }
    }
  }

  private mutating func describe(_ values: [Double]) {
    let numbers = values.lazy.filter { !$0.isNaN }
    minimum = numbers.min()
    maximum = numbers.max()
    mean = values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// The value as an element of another one.
  private var short: JSON { isComplete && first.count == 1 ? first[0] : .array(first) }

  var json: JSON {
    func number(_ value: Double?) -> JSON { value.map { .double($0) } ?? .null }
    return [
      "name": .string(name), "type": .string(type), "shape": shape.map { .ints($0) } ?? .null,
      "min": number(minimum), "max": number(maximum), "mean": number(mean), "first": .array(first),
    ]
  }

  /// Name, type and shape, range and mean, first elements.
  var cells: [String] {
    var range = ""
    if let minimum, let maximum, let mean, first.count > 1 {
      range = "min \(Text.short(minimum))  max \(Text.short(maximum))  mean \(Text.short(mean))"
    }
    let elements = first.map { $0.text(isIndented: false) }.joined(separator: ", ")
    let extents = shape.map { "[\($0.map(String.init).joined(separator: "x"))]" } ?? ""
    return [name, type + extents, range, "[\(elements)\(isComplete ? "" : ", …")]"]
  }
}

extension Tensor {
  /// The elements of a complex tensor; none of any other.
  func complexParts() -> [(real: Double, imaginary: Double)] {
    guard element.domain == .complex, let width = element.byteWidth.map({ $0 / 2 }) else { return [] }
    return unsafe withUnsafeBytes { bytes in
      func part(_ i: Int) -> Double {
        width == 4
          ? unsafe Double(bytes.loadUnaligned(fromByteOffset: i * 4, as: Float.self))
          : unsafe bytes.loadUnaligned(fromByteOffset: i * 8, as: Double.self)
      }
      return (0..<count).map { (part(2 * $0), part(2 * $0 + 1)) }
    }
  }
}
