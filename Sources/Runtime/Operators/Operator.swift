/// A typed operation on values. A conforming struct's stored properties are its attributes; its meaning is `evaluate`.
///
/// Operators are canonical: the semantics of ONNX's newest opset, whatever opset a model was written in.
public protocol Operator: Hashable, Sendable, Codable {
  /// The name plan files and reports use; never changes once released.
  static var name: String { get }
  /// How many operands are accepted. Trailing and inner optional operands may be absent (nil).
  static var arity: ClosedRange<Int> { get }

  /// The results' types for the operands' types.
  ///
  /// Throw `OperatorError` through `operands.mismatch` when the operands are wrong. When an operand's rank is not known
  /// yet, `operands.tensor(_:)` throws by itself and the driver marks the results as unknown.
  func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType]

  /// Values of small integer results as far as shapes alone determine them; nil where they do not.
  func symbolicResults(for operands: Operands) -> [SymbolicTensor?]

  /// The reference kernel: row-major operands in, row-major results out.
  func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value]

  /// Whether channels-last operands are computed on directly; see `LayoutPolicy`.
  var layoutPolicy: LayoutPolicy { get }

  /// False when the result differs between calls with equal operands (random numbers): never folded or merged.
  var isDeterministic: Bool { get }
}

extension Operator {
  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] { [] }
  public var layoutPolicy: LayoutPolicy { .rowMajorOnly }
  public var isDeterministic: Bool { true }
}

/// What an operator makes of channels-last operands.
public enum LayoutPolicy: Hashable, Sendable {
  /// Operands and results are row-major.
  case rowMajorOnly
  /// Works in either layout as long as all operands of the result's rank agree; the result has the same layout.
  case agnostic
  /// Reads operands in either layout; the result is row-major (reductions, transposes).
  case readsAny
  /// As `agnostic`, and faster in channels-last: worth a conversion (convolution, pooling).
  case prefersChannelsLast
}

/// Facts about one call of an operator's reference kernel that are not operands.
public struct EvaluationContext: Sendable {
  /// The node's name, for errors.
  public var node: String
  public var resultCount: Int

  public init(node: String, resultCount: Int) {
    self.node = node
    self.resultCount = resultCount
  }
}

/// What is wrong with an operator's use, in one line a person can act on.
public struct OperatorError: Error, Hashable, CustomStringConvertible {
  public var op: String
  public var node: String
  public var expected: String
  public var got: String
  /// True when nothing is wrong but an operand's type is not known before it is computed.
  var isUnresolved = false

  public init(op: String, node: String, expected: String, got: String) {
    self.op = op
    self.node = node
    self.expected = expected
    self.got = got
  }

  public var description: String { "node '\(node)' (\(op)): expected \(expected), got \(got)" }
}

/// The operands of one node as shape rules see them: types, and values where these are known.
public struct Operands: Sendable {
  public var op: String
  public var node: String
  public var types: [ValueType?]
  /// Small integer tensors whose elements follow from shapes; whole constants appear here too when they are integers.
  public var values: [SymbolicTensor?]
  /// Operands that are constants.
  public var constants: [Tensor?]
  /// How many results the node uses.
  public var resultCount: Int

  public init(
    op: String, node: String, types: [ValueType?], values: [SymbolicTensor?], constants: [Tensor?], resultCount: Int
  ) {
    self.op = op
    self.node = node
    self.types = types
    self.values = values
    self.constants = constants
    self.resultCount = resultCount
  }

  public var count: Int { types.count }

  public func isPresent(_ i: Int) -> Bool { i < types.count && types[i] != nil }

  public func type(_ i: Int) throws(OperatorError) -> ValueType {
    guard isPresent(i), let type = types[i] else { throw mismatch(expected: "operand \(i)", got: "nothing") }
    return type
  }

  /// The tensor type of operand `i`.
  public func tensor(_ i: Int) throws(OperatorError) -> TensorType {
    switch try type(i) {
    case .tensor(let type): return type
    case .unknown, .unrankedTensor: throw unresolved("operand \(i) of known rank")
    case let other: throw mismatch(expected: "operand \(i) to be a tensor", got: "\(other)")
    }
  }

  public func optionalTensor(_ i: Int) throws(OperatorError) -> TensorType? {
    isPresent(i) ? try tensor(i) : nil
  }

  public func element(_ i: Int) throws(OperatorError) -> ElementType {
    switch try type(i) {
    case .tensor(let type): return type.element
    case .unrankedTensor(let element): return element
    case .unknown: throw unresolved("operand \(i) of known type")
    case let other: throw mismatch(expected: "operand \(i) to be a tensor", got: "\(other)")
    }
  }

  /// Symbolic elements of an integer operand (shape, axes, pads), or nil when they are only known at run time.
  public func dimensions(_ i: Int) -> [Dimension]? {
    guard i < values.count, let value = values[i] else { return nil }
    var result: [Dimension] = []
    for element in value.elements {
      guard let element else { return nil }
      result.append(element)
    }
    return result
  }

  /// The elements of an integer operand as numbers, or nil when any is not known yet.
  public func integers(_ i: Int) -> [Int]? {
    if i < constants.count, let constant = constants[i], constant.element.isInteger || constant.element == .bool {
      return constant.integers()
    }
    return dimensions(i)?.constants
  }

  public func constant(_ i: Int) -> Tensor? { i < constants.count ? constants[i] : nil }

  public func mismatch(expected: String, got: String) -> OperatorError {
    OperatorError(op: op, node: node, expected: expected, got: got)
  }

  /// The error that makes the driver treat the results as unknown until run time.
  public func unresolved(_ expected: String) -> OperatorError {
    var error = mismatch(expected: expected, got: "a value known only at run time")
    error.isUnresolved = true
    return error
  }

  /// `axis` counted from the front, checked against `rank`.
  public func axis(_ axis: Int, rank: Int) throws(OperatorError) -> Int {
    guard axis >= -rank, axis < rank else {
      throw mismatch(expected: "axis in \(-rank)..<\(rank)", got: "\(axis)")
    }
    return axis < 0 ? axis + rank : axis
  }

  /// An extent that only running the node reveals.
  public func freshDimension(_ label: String) -> Dimension { Dimension(symbol: "\(node)#\(label)") }

  /// The extents of shapes broadcast against each other as numpy does.
  public func broadcast(_ shapes: [Shape]) throws(OperatorError) -> Shape {
    let rank = shapes.map(\.count).max() ?? 0
    var result = Shape(repeating: 1, count: rank)
    for shape in shapes {
      for (i, extent) in shape.enumerated() {
        let at = rank - shape.count + i
        if result[at].isOne {
          result[at] = extent
          continue
        }
        if extent.isOne || extent == result[at] { continue }
        if let a = extent.constant, let b = result[at].constant, a != b {
          throw mismatch(expected: "shapes that broadcast", got: shapes.map { "\($0)" }.joined(separator: " and "))
        }
        // A symbol against a number other than one must equal it at run time; two symbols must agree.
        if extent.constant != nil { result[at] = extent }
      }
    }
    return result
  }
}

/// An integer tensor of rank 0 or 1 — or small and of higher rank — whose elements are dimension expressions.
public struct SymbolicTensor: Hashable, Sendable {
  public var element: ElementType
  public var shape: [Int]
  /// nil for an element that only run time knows.
  public var elements: [Dimension?]

  /// Larger tensors are not tracked.
  public static let elementLimit = 1024

  public init?(element: ElementType, shape: [Int], elements: [Dimension?]) {
    guard elements.count <= Self.elementLimit, shape.reduce(1, *) == elements.count else { return nil }
    self.element = element
    self.shape = shape
    self.elements = elements
  }

  /// Rank-1 int64.
  public init?(_ dimensions: [Dimension?]) {
    self.init(element: .int64, shape: [dimensions.count], elements: dimensions)
  }

  /// The elements of a small integer tensor.
  public init?(_ tensor: Tensor) {
    guard tensor.element.isInteger || tensor.element == .bool, tensor.count <= Self.elementLimit else { return nil }
    self.init(element: tensor.element, shape: tensor.shape, elements: tensor.integers().map { Dimension($0) })
  }

  /// The tensor, when every element is a number.
  public var tensor: Tensor? {
    var values: [Int] = []
    for case let element? in elements {
      guard let value = element.constant else { return nil }
      values.append(value)
    }
    guard values.count == elements.count else { return nil }
    return try? Tensor.make(element, shape, integers: values)
  }
}
