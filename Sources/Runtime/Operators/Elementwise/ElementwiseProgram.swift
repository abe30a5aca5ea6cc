/// A chain of elementwise operators as register code, run in one pass over the elements.
///
/// Registers are numbered: the operands first, then one for each instruction. Operands broadcast to their common shape,
/// which every result has.
public struct ElementwiseProgram: Operator {
  public enum Instruction: Hashable, Sendable, Codable {
    case unary(UnaryFunction, Int)
    case binary(BinaryFunction, Int, Int)
    /// `.select(condition, whereTrue, whereFalse)`
    case select(Int, Int, Int)
    case cast(ElementType, Int)
    case constant(ElementType, Double)
  }

  public static let name = "ElementwiseProgram"
  public static let arity = 0...Int.max
  public var instructions: [Instruction]
  /// The registers that are results.
  public var results: [Int]

  public init(instructions: [Instruction], results: [Int]) {
    self.instructions = instructions
    self.results = results
  }

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    var shapes: [Shape] = []
    var elements: [ElementType] = []
    for i in 0..<operands.count {
      let type = try operands.tensor(i)
      shapes.append(type.shape)
      elements.append(type.element)
    }
    let shape = try operands.broadcast(shapes)
    for instruction in instructions {
      elements.append(try element(of: instruction, elements, operands))
    }
    var types: [ValueType] = []
    for register in results {
      try check(register, elements.count, operands)
      types.append(.tensor(TensorType(elements[register], shape)))
    }
    return types
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let shapes = try concreteShapes(operands, context)
    var registers: [Value] = []
    for i in operands.indices { registers.append(.tensor(try operand(operands, i, context))) }
    for instruction in instructions {
      registers += try evaluate(instruction, registers, context)
    }
    var values: [Value] = []
    for (register, shape) in zip(results, shapes) {
      // A result that depends on some operands only takes the common shape.
      let extents = try context.checked(Self.name) { () throws(TensorError) in try Tensor.vector(shape) }
      values += try Expand().evaluate([registers[register], .tensor(extents)], context)
    }
    return values
  }

  private func check(_ register: Int, _ count: Int, _ operands: Operands) throws(OperatorError) {
    guard register >= 0, register < count else {
      throw operands.mismatch(expected: "a register in 0..<\(count)", got: "\(register)")
    }
  }

  /// The element type of an instruction's result, by the rules of the operators it stands for.
  private func element(
    of instruction: Instruction, _ elements: [ElementType], _ operands: Operands
  ) throws(OperatorError) -> ElementType {
    for register in instruction.operands { try check(register, elements.count, operands) }
    let types = instruction.operands.map { ValueType.tensor(TensorType(elements[$0], [])) }
    let scalars = Operands(
      op: operands.op, node: operands.node, types: types, values: types.map { _ in nil },
      constants: types.map { _ in nil },
      resultCount: 1)
    if case .constant(let element, _) = instruction {
      guard element.isInteger || element.isFloatingPoint || element == .bool else {
        throw operands.mismatch(expected: "a numeric constant", got: "\(element)")
      }
      return element
    }
    return try instruction.op?.resultTypes(for: scalars).first?.element ?? .float32
  }

  private func evaluate(
    _ instruction: Instruction, _ registers: [Value], _ context: EvaluationContext
  ) throws(OperatorError) -> [Value] {
    if case .constant(let element, let value) = instruction {
      return try result(context) { () throws(TensorError) in try Tensor.scalar(element, value) }
    }
    return try instruction.op?.evaluate(instruction.operands.map { registers[$0] }, context) ?? []
  }
}

extension ElementwiseProgram.Instruction {
  /// The registers the instruction reads.
  public var operands: [Int] {
    switch self {
    case .unary(_, let a), .cast(_, let a): [a]
    case .binary(_, let a, let b): [a, b]
    case .select(let condition, let a, let b): [condition, a, b]
    case .constant: []
    }
  }

  /// The operator the instruction stands for; nil for a constant.
  public var op: (any Operator)? {
    switch self {
    case .unary(let function, _): Unary(function)
    case .binary(let function, _, _): Binary(function)
    case .select: Select()
    case .cast(let element, _): Cast(to: element)
    case .constant: nil
    }
  }
}
