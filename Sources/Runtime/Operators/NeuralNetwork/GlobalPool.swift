/// Pools each channel's spatial extent to one element. Operand: X [N, C, D…].
public struct GlobalPool: Operator {
  public enum Kind: Hashable, Sendable, Codable {
    case average, max
    case lp(p: Int)
  }

  public static let name = "GlobalPool"
  public static let arity = 1...1
  public var kind: Kind

  public init(_ kind: Kind) { self.kind = kind }

  public var layoutPolicy: LayoutPolicy { .prefersChannelsLast }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    guard x.rank >= 2 else { throw operands.mismatch(expected: "an operand of rank 2 or more", got: "\(x)") }
    if case .lp(let p) = kind { try operands.require([p], in: 1...ReferenceLimit.attribute, "p") }
    let ones = Shape(repeating: 1, count: x.rank - 2)
    return [.tensor(TensorType(x.element, [x.shape[0], x.shape[1]] + ones))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let data = x.doubles()
    let planes = type.shape.reduce(1, *)
    let size = planes == 0 ? 0 : data.count / planes
    let y = (0..<planes).map { plane in
      let values = data[plane * size..<(plane + 1) * size]
      switch kind {
      case .average: return values.reduce(0, +) / Double(size)
      case .max: return values.reduce(-.infinity) { $1 > $0 || $1.isNaN ? $1 : $0 }
      case .lp(let p): return pNorm(p, values)
      }
    }
    return [try context.result(Self.name, type, doubles: y)]
  }
}
