/// How a tensor's elements lie in memory. Shapes and axes are always spoken of logically; only kernels look at the layout.
public enum Layout: UInt8, Hashable, Sendable, Codable {
  /// The last logical axis varies fastest.
  case rowMajor = 0
  /// Logical (N, C, spatial…) stored as (N, spatial…, C). Only for rank 3 and above.
  case channelsLast = 1
}

/// Logical extents, possibly symbolic.
public typealias Shape = [Dimension]

extension [Dimension] {
  /// The extents as numbers, or nil when any is symbolic.
  public var constants: [Int]? {
    var result: [Int] = []
    result.reserveCapacity(count)
    for d in self {
      guard let value = d.constant else { return nil }
      result.append(value)
    }
    return result
  }

  public init(_ extents: [Int]) { self = extents.map { Dimension($0) } }

  /// The product of all extents.
  public var product: Dimension { reduce(1) { $0 * $1 } }
}

public struct TensorType: Hashable, Sendable {
  public var element: ElementType
  public var shape: Shape
  public var layout: Layout

  public init(_ element: ElementType, _ shape: Shape, layout: Layout = .rowMajor) {
    self.element = element
    self.shape = shape
    self.layout = layout
  }

  public var rank: Int { shape.count }
}

/// The type of a value in a graph.
public indirect enum ValueType: Hashable, Sendable {
  case tensor(TensorType)
  /// A tensor whose rank is not known before it is computed.
  case unrankedTensor(ElementType)
  case sequence(ValueType)
  case optional(ValueType)
  case map(key: ElementType, value: ValueType)
  /// Nothing is known before the value is computed.
  case unknown

  public var tensor: TensorType? {
    if case .tensor(let type) = self { type } else { nil }
  }

  public var element: ElementType? {
    switch self {
    case .tensor(let type): type.element
    case .unrankedTensor(let element): element
    default: nil
    }
  }

  /// The tensor type with constant extents, or nil.
  public var concreteTensor: TensorType? {
    guard case .tensor(let type) = self, type.shape.allSatisfy({ $0.constant != nil }) else { return nil }
    return type
  }
}

extension TensorType: CustomStringConvertible {
  public var description: String {
    "\(element)[\(shape.map(\.description).joined(separator: "x"))]\(layout == .channelsLast ? " channels-last" : "")"
  }
}

extension ValueType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tensor(let type): type.description
    case .unrankedTensor(let element): "\(element)[…]"
    case .sequence(let element): "sequence(\(element))"
    case .optional(let element): "optional(\(element))"
    case .map(let key, let value): "map(\(key), \(value))"
    case .unknown: "unknown"
    }
  }
}
