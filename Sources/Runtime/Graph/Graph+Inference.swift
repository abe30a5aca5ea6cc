/// What inference found out about a graph's values.
public struct InferredTypes: Sendable {
  public var types: [ValueType]
  public var values: [SymbolicTensor?]
  /// Results that turned out constant, beyond the graph's own constants.
  public var folded: [ValueID: Tensor] = [:]

  public init(types: [ValueType], values: [SymbolicTensor?]) {
    self.types = types
    self.values = values
  }
}

extension Graph {
  /// Types of all values from the inputs' types, by each operator's own rule.
  ///
  /// - Parameter inputTypes: Replaces the declared types of `inputs`, in order.
  /// - Throws: The first node whose operands its operator refuses.
  public func inferredTypes(inputTypes: [ValueType]? = nil) throws(OperatorError) -> InferredTypes {
    var state = InferredTypes(types: values.map(\.type), values: Array(repeating: nil, count: values.count))
    if let inputTypes {
      for (id, type) in zip(inputs, inputTypes) { state.types[id.index] = type }
    }
    for (id, tensor) in constants {
      state.types[id.index] = .tensor(tensor.type)
      state.values[id.index] = SymbolicTensor(tensor)
    }
    for node in nodes { try infer(node, &state) }
    return state
  }

  /// Infers one node from the types of its operands and records its results.
  public func infer(_ node: Node, _ state: inout InferredTypes) throws(OperatorError) {
    let operands = operands(of: node, state)
    let arity = node.arity
    guard arity.contains(node.inputs.count) else {
      throw operands.mismatch(
        expected: "\(arity.lowerBound) to \(arity.upperBound) operands", got: "\(node.inputs.count)")
    }
    do throws(OperatorError) {
      let types = try node.op.resultTypes(for: operands)
      guard types.count >= node.outputs.count else {
        throw operands.mismatch(expected: "at most \(types.count) results", got: "\(node.outputs.count)")
      }
      let symbolic = node.op.symbolicResults(for: operands)
      for (i, id) in node.outputs.enumerated() {
        state.types[id.index] = types[i]
        state.values[id.index] = i < symbolic.count ? symbolic[i] : nil
      }
    } catch {
      guard error.isUnresolved else { throw error }
      for id in node.outputs {
        state.types[id.index] = .unknown
        state.values[id.index] = nil
      }
    }
  }

  public func operands(of node: Node, _ state: InferredTypes) -> Operands {
    Operands(
      op: node.operatorName, node: node.name,
      types: node.inputs.map { $0.map { state.types[$0.index] } },
      values: node.inputs.map { $0.flatMap { state.values[$0.index] } },
      constants: node.inputs.map { $0.flatMap { constants[$0] ?? state.folded[$0] } },
      resultCount: node.outputs.count)
  }

  /// Re-infers every value's type in place. Layouts that a pass assigned are kept where the shape did not change.
  public mutating func inferTypes() throws(OperatorError) {
    let inferred = try inferredTypes()
    for i in values.indices {
      guard case .tensor(var type) = inferred.types[i] else {
        values[i].type = inferred.types[i]
        continue
      }
      if let old = values[i].type.tensor, old.rank == type.rank { type.layout = old.layout }
      values[i].type = .tensor(type)
    }
  }
}
