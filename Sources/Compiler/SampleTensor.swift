import MassRuntime

/// Made-up inputs for measuring: the same on every machine and in every run.
enum SampleTensor {
  /// Floats in −1…1, integers 0 and 1 in turn, true, empty strings: what every model's index and mask inputs can bear.
  static func make(_ type: TensorType, seed: UInt64) throws(TensorError) -> Tensor {
    let shape = type.shape.constants ?? []
    let count = shape.reduce(1, *)
    var state = seed &* 0x2545_F491_4F6C_DD1D &+ 1
    switch type.element {
    case .complex64, .complex128: return try Tensor(element: type.element, shape: shape)
    case .string: return try Tensor(strings: Array(repeating: "", count: count), shape: shape)
    case .bool: return try Tensor.make(.bool, shape, integers: Array(repeating: 1, count: count))
    case let element where element.isFloatingPoint:
      return try Tensor.make(element, shape, doubles: (0..<count).map { _ in next(&state) })
    case let element: return try Tensor.make(element, shape, integers: (0..<count).map { $0 & 1 })
    }
  }

  /// A number in −1…1 (SplitMix64; Steele, Lea and Flood, 2014).
  private static func next(_ state: inout UInt64) -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1
  }
}
