/// What a convolution or matrix product does to its result before storing it.
public struct Epilogue: Hashable, Sendable, Codable {
  public enum Step: Hashable, Sendable, Codable {
    case unary(UnaryFunction)
    /// `f(result, operand)`, the operand of the node broadcast to the result's shape.
    case binary(BinaryFunction, operand: Int)
  }

  public var steps: [Step]

  public init(_ steps: [Step] = []) { self.steps = steps }

  public var isEmpty: Bool { steps.isEmpty }

  public func appending(_ step: Step) -> Epilogue { Epilogue(steps + [step]) }

  /// Checks that each operand broadcasts into the result.
  func check(_ operands: Operands, result: TensorType) throws(OperatorError) {
    for case .binary(_, let operand) in steps {
      let type = try operands.tensor(operand)
      guard type.element == result.element, try operands.broadcast([type.shape, result.shape]) == result.shape else {
        throw operands.mismatch(expected: "an epilogue operand that broadcasts to \(result)", got: "\(type)")
      }
    }
  }

  /// Applies the steps with the reference kernels of `Unary` and `Binary`.
  func apply(to result: Tensor, _ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> Tensor {
    var value = result
    for step in steps {
      let results: [Value]
      switch step {
      case .unary(let function):
        results = try Unary(function).evaluate([.tensor(value)], context)
      case .binary(let function, let operand):
        let other = try context.tensor(operands, operand, for: "Epilogue")
        results = try Binary(function).evaluate([.tensor(value), .tensor(other)], context)
      }
      value = try context.tensor(results, 0, for: "Epilogue")
    }
    return value
  }
}
