/// Matrix product with numpy's batch rules: `epilogue(alpha · A·B + bias)`.
///
/// Operands: A, B, an optional bias that broadcasts to the result, then the operands of the epilogue. A transposition
/// swaps the last two axes and needs rank 2 or more; vectors are multiplied as numpy does.
public struct MatMul: Operator {
  public static let name = "MatMul"
  public static let arity = 2...64
  public var transposeA: Bool
  public var transposeB: Bool
  public var alpha: Float
  public var epilogue: Epilogue

  public init(
    transposeA: Bool = false, transposeB: Bool = false, alpha: Float = 1, epilogue: Epilogue = Epilogue()
  ) {
    self.transposeA = transposeA
    self.transposeB = transposeB
    self.alpha = alpha
    self.epilogue = epilogue
  }

  /// Operand index of the first epilogue operand.
  public static let firstEpilogueOperand = 3

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let (a, b) = (try operands.tensor(0), try operands.tensor(1))
    guard a.element == b.element, a.element.isFloatingPoint || a.element.isInteger else {
      throw operands.mismatch(expected: "numeric A and B of one type", got: "\(a.element) and \(b.element)")
    }
    guard a.rank >= (transposeA ? 2 : 1), b.rank >= (transposeB ? 2 : 1) else {
      throw operands.mismatch(expected: "matrices or vectors", got: "\(a) and \(b)")
    }
    let left = Self.matrix(a.shape, transposed: transposeA, isLeft: true)
    let right = Self.matrix(b.shape, transposed: transposeB, isLeft: false)
    try operands.requireEqual(left.columns, right.rows, "as many columns in A \(a) as rows in B \(b)")
    var shape = try operands.broadcast([left.batch, right.batch])
    if a.rank > 1 { shape.append(left.rows) }
    if b.rank > 1 { shape.append(right.columns) }
    let result = TensorType(a.element, shape)
    if let bias = try operands.optionalTensor(2) {
      guard bias.element == a.element, try operands.broadcast([bias.shape, shape]) == shape else {
        throw operands.mismatch(expected: "a bias that broadcasts to \(result)", got: "\(bias)")
      }
    }
    try epilogue.check(operands, result: result)
    return [.tensor(result)]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let a = try context.tensor(operands, 0, for: Self.name)
    let b = try context.tensor(operands, 1, for: Self.name)
    var problem = MatrixProductReference(
      a: Self.matrix(a.shape, transposed: transposeA, isLeft: true),
      b: Self.matrix(b.shape, transposed: transposeB, isLeft: false))
    problem.transposeA = transposeA
    problem.transposeB = transposeB
    let bias = context.optionalTensor(operands, 2)
    let offsets = bias.map { Strides.offsets(type.shape, Strides.broadcasting($0.shape, to: type.shape)) }
    let value: Value
    if type.element.isFloatingPoint {
      var y = problem.product(a.doubles(), b.doubles())
      if alpha != 1 { for i in y.indices { y[i] *= Double(alpha) } }
      if let bias = bias?.doubles(), let offsets { for i in y.indices { y[i] += bias[offsets[i]] } }
      value = try context.result(Self.name, type, doubles: y)
    } else {
      var y = problem.product(a.integers(), b.integers())
      if alpha != 1 { for i in y.indices { y[i] = Int(saturating: Double(y[i]) * Double(alpha)) } }
      if let bias = bias?.integers(), let offsets { for i in y.indices { y[i] &+= bias[offsets[i]] } }
      value = try context.result(Self.name, type, integers: y)
    }
    let result = try context.tensor([value], 0, for: Self.name)
    return [.tensor(try epilogue.apply(to: result, operands, context))]
  }

  /// One operand as a batch of matrices, after transposition; vectors become a row (left) or a column (right).
  struct Matrix<Extent> {
    var batch: [Extent]
    var rows: Extent
    var columns: Extent
  }

  static func matrix<Extent: ExpressibleByIntegerLiteral>(
    _ shape: [Extent], transposed: Bool, isLeft: Bool
  ) -> Matrix<Extent> {
    guard shape.count > 1 else {
      return Matrix(batch: [], rows: isLeft ? 1 : shape[0], columns: isLeft ? shape[0] : 1)
    }
    let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
    return Matrix(
      batch: Array(shape.dropLast(2)), rows: transposed ? columns : rows, columns: transposed ? rows : columns)
  }
}
