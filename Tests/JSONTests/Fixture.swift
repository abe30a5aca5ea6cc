import MassJSON
import MassRuntime

/// Pseudo-random numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 29)
  }
}

/// Options that take the bare words.
let tolerant = JSONOptions(acceptsNonFinite: true)

func parse(_ text: String, _ options: JSONOptions = JSONOptions()) throws(JSONError) -> JSONValue {
  try JSONDocument(text, options: options).root
}

func parse(_ bytes: [UInt8], _ options: JSONOptions = JSONOptions()) throws(JSONError) -> JSONValue {
  try unsafe JSONDocument(byteCount: bytes.count, options: options) { unsafe $0.copyBytes(from: bytes) }.root
}

func write(_ body: (inout JSONWriter) throws -> Void) throws -> String {
  var writer = JSONWriter()
  try body(&writer)
  return "\(try writer.finish())"
}

extension JSONValue {
  /// The elements as a tensor of this shape.
  func tensor(_ element: ElementType, _ shape: [Int]) throws -> Tensor {
    var failure: JSONFillError?
    let tensor = try unsafe Tensor(element: element, shape: shape) { bytes in
      do throws(JSONFillError) {
        try unsafe fill(element, into: bytes, count: shape.reduce(1, *))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return tensor
  }

  func vector(_ element: ElementType, _ count: Int) throws -> Tensor { try tensor(element, [count]) }
}

extension Tensor {
  /// A tensor of the bytes of `values`.
  static func of<Number: Numeric>(_ element: ElementType, _ values: [Number], shape: [Int]? = nil) throws -> Tensor {
    try unsafe Tensor(element: element, shape: shape ?? [values.count]) { bytes in
      unsafe values.withUnsafeBytes { unsafe bytes.copyMemory(from: $0) }
    }
  }

  func values<Number: Numeric>(_ type: Number.Type) -> [Number] {
    unsafe withUnsafeBytes { bytes in unsafe Array(bytes.bindMemory(to: Number.self)) }
  }
}
