#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A tensor of independent random numbers, of a stated shape or that of the optional operand.
public struct Random: Operator {
  public enum Distribution: Hashable, Sendable, Codable {
    case uniform(low: Float, high: Float)
    case normal(mean: Float, deviation: Float)
  }

  public static let name = "Random"
  public static let arity = 0...1
  public var distribution: Distribution
  /// nil: the operand's shape.
  public var shape: [Int]?
  /// nil: the operand's element type.
  public var element: ElementType?
  /// Equal seeds give equal numbers; nil for different ones each time.
  public var seed: Float?

  public init(_ distribution: Distribution, shape: [Int]? = nil, element: ElementType? = nil, seed: Float? = nil) {
    self.distribution = distribution
    self.shape = shape
    self.element = element
    self.seed = seed
  }

  public var isDeterministic: Bool { false }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let like = try operands.optionalTensor(0)
    guard let element = element ?? like?.element, element.isFloatingPoint else {
      throw operands.mismatch(expected: "a floating-point element type", got: "\(element ?? like?.element ?? .float32)")
    }
    guard let extents = shape.map({ Shape($0) }) ?? like?.shape else {
      throw operands.mismatch(expected: "a shape or an operand to take it from", got: "neither")
    }
    try operands.require(shape ?? [], in: 0...ReferenceLimit.attribute, "extents")
    return [.tensor(TensorType(element, extents))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    var source = RandomSource(seed: seed)
    let values = (0..<type.count).map { _ in
      switch distribution {
      case .uniform(let low, let high): return Double(low) + source.uniform() * (Double(high) - Double(low))
      case .normal(let mean, let deviation): return Double(mean) + source.normal() * Double(deviation)
      }
    }
    return [try context.result(Self.name, type, doubles: values)]
  }
}

/// One with the probability each element of the operand states, else zero.
public struct Bernoulli: Operator {
  public static let name = "Bernoulli"
  public static let arity = 1...1
  /// nil: the operand's element type.
  public var element: ElementType?
  public var seed: Float?

  public init(element: ElementType? = nil, seed: Float? = nil) {
    self.element = element
    self.seed = seed
  }

  public var isDeterministic: Bool { false }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    let element = element ?? x.element
    guard element.isFloatingPoint || element.isInteger || element == .bool else {
      throw operands.mismatch(expected: "a numeric element type", got: "\(element)")
    }
    return [.tensor(TensorType(element, x.shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name).doubles()
    var source = RandomSource(seed: seed)
    return [try context.result(Self.name, type, doubles: x.map { source.uniform() < $0 ? 1 : 0 })]
  }
}

/// Classes drawn by their unnormalized log probabilities. Operand: [N, C]. Result: [N, samples].
public struct Multinomial: Operator {
  public static let name = "Multinomial"
  public static let arity = 1...1
  public var sampleCount: Int
  public var element: ElementType
  public var seed: Float?

  public init(sampleCount: Int = 1, element: ElementType = .int32, seed: Float? = nil) {
    self.sampleCount = sampleCount
    self.element = element
    self.seed = seed
  }

  public var isDeterministic: Bool { false }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    guard x.rank == 2, element.isInteger else {
      throw operands.mismatch(expected: "an operand of rank 2 and an integer result", got: "\(x) and \(element)")
    }
    try operands.require([sampleCount], in: 0...ReferenceLimit.attribute, "samples")
    return [.tensor(TensorType(element, [x.shape[0], Dimension(sampleCount)]))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let (data, classes) = (x.doubles(), x.shape[1])
    var source = RandomSource(seed: seed)
    var picked: [Int] = []
    for row in 0..<x.shape[0] {
      let line = data[row * classes..<(row + 1) * classes]
      let top = line.max() ?? 0
      let weights = line.map { exp($0 - top) }
      let total = weights.reduce(0, +)
      for _ in 0..<sampleCount {
        var rest = source.uniform() * total
        var label = 0
        while label < classes - 1, rest >= weights[label] {
          rest -= weights[label]
          label += 1
        }
        picked.append(label)
      }
    }
    return [try context.result(Self.name, type, integers: picked)]
  }
}

/// Random bits (SplitMix64; Steele, Lea and Flood, 2014).
struct RandomSource {
  private var state: UInt64

  init(seed: Float?) {
    if let seed {
      state = UInt64(seed.bitPattern)
    } else {
      var system = SystemRandomNumberGenerator()
      state = system.next()
    }
  }

  private mutating func bits() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// In 0..<1.
  mutating func uniform() -> Double { Double(bits() >> 11) * 0x1p-53 }

  /// By Box and Muller's transform.
  mutating func normal() -> Double {
    (-2 * log(1 - uniform())).squareRoot() * cos(2 * Double.pi * uniform())
  }
}
