import MassRuntime

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Inputs to measure with: the same every time, and valid where integers are indices, masks or lengths.
public enum SampleInputs {
  /// - Parameter name: The input's name, which tells indices of a vocabulary from other integers.
  /// - Throws: When the type has no constant shape that memory could hold.
  public static func tensor(_ type: TensorType, name: String) throws(TensorError) -> Tensor {
    let shape = type.shape.constants ?? []
    let count = try Tensor.elementCount(of: shape)
    guard count <= Tensor.byteLimit / 16 else { throw .tooLarge(type.element, shape) }
    switch type.element.domain {
    case .real: return try Tensor.make(type.element, shape, doubles: normal(count))
    case .signed, .unsigned:
      return try Tensor.make(type.element, shape, integers: integers(count, areTokens: isTokens(name)))
    case .bool: return try Tensor.make(shape, bools: Array(repeating: true, count: count))
    case .string: return try Tensor(strings: Array(repeating: "a", count: count), shape: shape)
    case .complex: return try Tensor(element: type.element, shape: shape)
    }
  }

  /// Names of token numbers, which may be anything in a vocabulary; those of segments may be 0 or 1 only.
  private static func isTokens(_ name: String) -> Bool {
    let lower = name.lowercased()
    return lower.hasSuffix("ids") && !lower.contains("type") && !lower.contains("segment")
  }

  private static func integers(_ count: Int, areTokens: Bool) -> [Int] {
    guard areTokens else { return Array(repeating: 1, count: count) }
    var generator = SplitMix()
    return (0..<count).map { _ in Int(generator.next() % 100) }
  }

  /// Standard normal numbers, by the Box–Muller transform.
  private static func normal(_ count: Int) -> [Double] {
    var generator = SplitMix()
    return (0..<count).map { _ in
      let radius = (-2 * log(1 - generator.unit())).squareRoot()
      return radius * cos(2 * .pi * generator.unit())
    }
  }
}

/// A small generator of pseudo-random bits.
private struct SplitMix {
  private var state: UInt64 = 0

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// At least 0, less than 1.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
