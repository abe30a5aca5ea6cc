import MassRuntime

/// The graph under construction, with the types inferred so far.
final class GraphBuilder {
  private(set) var graph: Graph
  private var inferred = InferredTypes(types: [], values: [])
  /// Values that depend on something that could not be imported: what is said about their types means nothing.
  private(set) var tainted: Set<ValueID> = []
  private var nameCounts: [String: Int] = [:]
  /// Values that keep their name: inputs, constants and outputs.
  private var named: Set<ValueID> = []
  let tensors: TensorDecoder

  init(name: String, tensors: TensorDecoder) {
    graph = Graph(name: name)
    self.tensors = tensors
  }

  /// A builder for the body of a node of this graph.
  func makeBodyBuilder(name: String) -> GraphBuilder { GraphBuilder(name: name, tensors: tensors) }

  // MARK: Values

  func addInput(name: String, type: ValueType) -> ValueID {
    let id = register(graph.addInput(name: name, type: type), type)
    named.insert(id)
    return id
  }

  func addConstant(_ tensor: Tensor, name: String) -> ValueID {
    let id = register(graph.addConstant(tensor, name: name), .tensor(tensor.type))
    inferred.values[id.index] = SymbolicTensor(tensor)
    named.insert(id)
    return id
  }

  /// A value standing in for one that could not be made.
  func addTainted(name: String, type: ValueType = .unknown) -> ValueID {
    let id = register(graph.addValue(name: name, type: type), type)
    tainted.insert(id)
    return id
  }

  func taint(_ id: ValueID) { tainted.insert(id) }

  private func register(_ id: ValueID, _ type: ValueType) -> ValueID {
    inferred.types.append(type)
    inferred.values.append(nil)
    return id
  }

  /// Appends a node and infers its results.
  func append(
    _ op: any Operator, _ operands: [ValueID?], resultNames: [String], origin: String
  ) throws(OperatorError) -> [ValueID] {
    let results = graph.append(op, operands, resultNames: resultNames, origins: [origin])
    for id in results { _ = register(id, .unknown) }
    guard let node = graph.nodes.last else { return results }
    try graph.infer(node, &inferred)
    for id in results { graph[id].type = inferred.types[id.index] }
    return results
  }

  // MARK: Facts

  func type(_ id: ValueID) -> ValueType { inferred.types[id.index] }

  /// Longer constants are data, not axes or shapes.
  private static let integerLimit = 1 << 20

  /// The elements of an integer value as numbers, where these are known.
  func integers(_ id: ValueID) -> [Int]? {
    if let constant = graph.constants[id] {
      let isInteger = constant.element.isInteger || constant.element == .bool
      return isInteger && constant.count <= Self.integerLimit ? constant.integers() : nil
    }
    return inferred.values[id.index]?.tensor?.integers()
  }

  /// What `id` is known to hold as far as shapes determine it.
  func symbolicValue(_ id: ValueID) -> SymbolicTensor? { inferred.values[id.index] }

  /// Replaces a type that inference left open.
  func refine(_ id: ValueID, to type: ValueType) {
    inferred.types[id.index] = type
    graph[id].type = type
  }

  // MARK: Names

  /// Longer names, which only nested functions and bodies make, are cut before they are made unique.
  private static let nameLimit = 256

  /// `name`, or `name` with a number if it was asked for before.
  func unique(_ name: String) -> String {
    let isLong = name.utf8.count > Self.nameLimit
    let base = isLong ? String(decoding: name.utf8.prefix(Self.nameLimit / 2), as: UTF8.self) + "..." : name
    let count = nameCounts[base, default: 0]
    nameCounts[base] = count + 1
    return count == 0 ? base : unique("\(base)#\(count + 1)")
  }

  // MARK: Finishing

  /// Declares `id` an output called `name`, as which it can be looked up.
  func addOutput(_ id: ValueID, name: String) {
    var result = id
    if graph.name(id) == name {
      named.insert(id)
    } else if named.insert(id).inserted {
      graph[id].name = name
    } else if let copy = try? append(Identity(), [id], resultNames: [name], origin: unique("output \(name)")) {
      // Copying is defined for every type, so inference does not refuse it.
      result = copy[0]
    }
    graph.outputs.append(result)
  }

  /// Moves the inputs from `count` on to the front.
  func moveTrailingInputsToFront(after count: Int) {
    graph.inputs = Array(graph.inputs[count...]) + Array(graph.inputs[..<count])
  }
}
