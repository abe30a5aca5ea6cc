/// The coordinates of the operand's elements other than zero: one row for each axis, in row-major order.
public struct NonZero: Operator {
  public static let name = "NonZero"
  public static let arity = 1...1

  public init() {}

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    guard x.element != .string, x.element.domain != .complex else {
      throw operands.mismatch(expected: "numbers", got: "\(x)")
    }
    let count = operands.constant(0).map { Dimension(Self.places($0).count) }
    return [.tensor(TensorType(.int64, [Dimension(max(x.rank, 1)), count ?? operands.freshDimension("count")]))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    let places = Self.places(x)
    let extents = x.shape.isEmpty ? [1] : x.shape
    let coordinates = zip(extents, Strides.rowMajor(extents)).flatMap { extent, step in
      places.map { $0 / step % extent }
    }
    return try result(context) { () throws(TensorError) in try Tensor.make(.int64, shape, integers: coordinates) }
  }

  private static func places(_ x: Tensor) -> [Int] {
    x.element.isFloatingPoint
      ? x.doubles().enumerated().filter { $0.element != 0 }.map(\.offset)
      : x.integers().enumerated().filter { $0.element != 0 }.map(\.offset)
  }
}

/// Slices of operand 0 along `axis` — or elements of the whole, in order, if nil — where operand 1 is true.
public struct Compress: Operator {
  public static let name = "Compress"
  public static let arity = 2...2
  public var axis: Int?

  public init(axis: Int? = nil) { self.axis = axis }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let (x, condition) = (try operands.tensor(0), try operands.tensor(1))
    guard condition.element == .bool, condition.rank == 1 else {
      throw operands.mismatch(expected: "a bool vector as condition", got: "\(condition)")
    }
    var shape = axis == nil ? [x.shape.product] : x.shape
    let axis = try operands.axis(axis ?? 0, rank: shape.count)
    let picked = operands.constant(1).flatMap { flags in shape[axis].constant.map { Self.places(flags, $0).count } }
    shape[axis] = picked.map { Dimension($0) } ?? operands.freshDimension("count")
    return [.tensor(TensorType(x.element, shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let (x, condition) = (try operand(operands, 0, context), try operand(operands, 1, context))
    let shape = try concreteShape(operands, context)
    let axis = axis.map { $0 < 0 ? $0 + shape.count : $0 }
    var sources = axis == nil ? [.strided(step: 1, count: x.count)] : x.axisSources
    let step = axis.map { Strides.rowMajor(x.shape)[$0] } ?? 1
    sources[axis ?? 0] = .list(Self.places(condition, sources[axis ?? 0].count).map { $0 &* step })
    return try result(context) { () throws(TensorError) in try x.gathered(sources, shape: shape) }
  }

  private static func places(_ condition: Tensor, _ extent: Int) -> [Int] {
    condition.bools().prefix(extent).enumerated().filter(\.element).map(\.offset)
  }
}
