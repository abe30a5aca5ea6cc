/// Applies one function to pairs of elements, broadcasting as numpy does.
public struct Binary: Operator {
  public static let name = "Binary"
  public static let arity = 2...2
  public var function: BinaryFunction

  public init(_ function: BinaryFunction) { self.function = function }

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let (a, b) = (try operands.tensor(0), try operands.tensor(1))
    let exponentMayDiffer = function == .pow || function == .shiftLeft || function == .shiftRight
    guard a.element == b.element || exponentMayDiffer else {
      throw operands.mismatch(expected: "operands of one element type", got: "\(a.element) and \(b.element)")
    }
    guard function.accepts(a.element) else {
      throw operands.mismatch(expected: "an element type \(function) is defined for", got: "\(a.element)")
    }
    let shape = try operands.broadcast([a.shape, b.shape])
    return [.tensor(TensorType(function.isComparison ? .bool : a.element, shape))]
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] {
    guard let a = operands.values[0], let b = operands.values[1] else { return [] }
    if let x = a.tensor, let y = b.tensor {
      let result = try? evaluate(
        [.tensor(x), .tensor(y)], EvaluationContext(node: operands.node, resultCount: 1)
      ).first?.tensor
      return [result.flatMap { SymbolicTensor($0) }]
    }
    guard let shape = Self.broadcastShape(a.shape, b.shape), shape.reduce(1, *) <= SymbolicTensor.elementLimit else {
      return []
    }
    let left = Strides.offsets(shape, Strides.broadcasting(a.shape, to: shape))
    let right = Strides.offsets(shape, Strides.broadcasting(b.shape, to: shape))
    let elements = zip(left, right).map { i, j in symbolic(a.elements[i], b.elements[j]) }
    return [SymbolicTensor(element: function.isComparison ? .bool : a.element, shape: shape, elements: elements)]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let a = try context.tensor(operands, 0, for: Self.name)
    let b = try context.tensor(operands, 1, for: Self.name)
    guard let shape = Self.broadcastShape(a.shape, b.shape) else {
      throw OperatorError(
        op: Self.name, node: context.node, expected: "shapes that broadcast", got: "\(a.shape) and \(b.shape)")
    }
    let left = Strides.offsets(shape, Strides.broadcasting(a.shape, to: shape))
    let right = Strides.offsets(shape, Strides.broadcasting(b.shape, to: shape))
    let result = function.isComparison ? ElementType.bool : a.element
    return [
      .tensor(
        try context.checked(Self.name) { () throws(TensorError) in
          try combine(a, b, left, right, result, shape)
        })
    ]
  }

  /// The shape two shapes broadcast to, or nil when they do not.
  public static func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int]? {
    var result = a.count >= b.count ? a : b
    let short = a.count >= b.count ? b : a
    for (i, extent) in short.enumerated() {
      let at = result.count - short.count + i
      guard result[at] == extent || result[at] == 1 || extent == 1 else { return nil }
      if result[at] == 1 { result[at] = extent }
    }
    return result
  }

  private func combine(
    _ a: Tensor, _ b: Tensor, _ left: [Int], _ right: [Int], _ result: ElementType, _ shape: [Int]
  ) throws(TensorError) -> Tensor {
    if a.element == .string {
      let (x, y) = (a.strings, b.strings)
      return try Tensor.make(shape, bools: zip(left, right).map { x[$0] == y[$1] })
    }
    if a.element.isFloatingPoint || b.element.isFloatingPoint {
      let (x, y) = (a.doubles(), b.doubles())
      return try Tensor.make(result, shape, doubles: zip(left, right).map { function(x[$0], y[$1]) })
    }
    let (x, y) = (a.integers(), b.integers())
    if a.element == .uint64 {
      let values = zip(left, right).map {
        Int(bitPattern: function.unsigned(UInt(bitPattern: x[$0]), UInt(bitPattern: y[$1])))
      }
      return try Tensor.make(result, shape, integers: values)
    }
    return try Tensor.make(result, shape, integers: zip(left, right).map { function.integer(x[$0], y[$1]) })
  }

  private func symbolic(_ a: Dimension?, _ b: Dimension?) -> Dimension? {
    guard let a, let b else { return nil }
    if let x = a.constant, let y = b.constant { return Dimension(function.integer(x, y)) }
    return switch function {
    case .add: a + b
    case .sub: a - b
    case .mul: a * b
    // Symbols are extents, so a quotient of extents by a positive number floors and truncates alike.
    case .div: b.constant.map { $0 > 0 } ?? true ? a.floorDivided(by: b) : nil
    case .max: Dimension.maximum(a, b)
    case .min: Dimension.minimum(a, b)
    case .equal: (a - b).constant.map { $0 == 0 ? 1 : 0 } ?? (isNeverEqual(a, b) ? 0 : nil)
    default: nil
    }
  }

  /// A bare symbol is an extent, so it cannot equal a negative number.
  private func isNeverEqual(_ a: Dimension, _ b: Dimension) -> Bool {
    (a.symbolName != nil && (b.constant ?? 0) < 0) || (b.symbolName != nil && (a.constant ?? 0) < 0)
  }
}
