/// A typed SSA graph: every value is defined once, by an input, a constant or a node; nodes are in topological order.
///
/// It is both what the compiler rewrites and the portable part of a plan. `Graph+Verify.swift` states what makes one valid.
public struct Graph: Sendable {
  public var name: String
  public var values: [ValueInfo]
  public var nodes: [Node]
  public var inputs: [ValueID]
  public var outputs: [ValueID]
  public var constants: [ValueID: Tensor]

  public init(name: String = "") {
    self.name = name
    values = []
    nodes = []
    inputs = []
    outputs = []
    constants = [:]
  }
}

/// Names a value of one graph.
public struct ValueID: Hashable, Sendable, Comparable {
  public var index: Int

  public init(_ index: Int) { self.index = index }

  public static func < (a: ValueID, b: ValueID) -> Bool { a.index < b.index }
}

public struct ValueInfo: Sendable, Hashable {
  /// The model's name for the value; inputs and outputs are looked up by it.
  public var name: String
  public var type: ValueType

  public init(name: String, type: ValueType) {
    self.name = name
    self.type = type
  }
}

/// One application of an operator.
public struct Node: Sendable {
  public var op: any Operator
  /// nil for an optional operand that is left out.
  public var inputs: [ValueID?]
  public var outputs: [ValueID]
  /// Names of the model's nodes this one stands for, the first being the name shown.
  public var origins: [String]

  public init(_ op: any Operator, inputs: [ValueID?], outputs: [ValueID], origins: [String]) {
    self.op = op
    self.inputs = inputs
    self.outputs = outputs
    self.origins = origins
  }

  public var name: String { origins.first ?? "" }
  public var operatorName: String { type(of: op).name }
  public var arity: ClosedRange<Int> { type(of: op).arity }
}

extension Graph {
  public subscript(id: ValueID) -> ValueInfo {
    get { values[id.index] }
    set { values[id.index] = newValue }
  }

  /// Adds a value that something must go on to define.
  public mutating func addValue(name: String, type: ValueType = .unknown) -> ValueID {
    values.append(ValueInfo(name: name, type: type))
    return ValueID(values.count - 1)
  }

  public mutating func addInput(name: String, type: ValueType) -> ValueID {
    let id = addValue(name: name, type: type)
    inputs.append(id)
    return id
  }

  public mutating func addConstant(_ tensor: Tensor, name: String) -> ValueID {
    let id = addValue(name: name, type: .tensor(tensor.type))
    constants[id] = tensor
    return id
  }

  /// Appends a node with fresh result values; types are filled in by inference.
  @discardableResult
  public mutating func append(
    _ op: any Operator, _ inputs: [ValueID?], resultNames: [String], origins: [String]
  ) -> [ValueID] {
    let outputs = resultNames.map { addValue(name: $0) }
    nodes.append(Node(op, inputs: inputs, outputs: outputs, origins: origins))
    return outputs
  }

  public func type(_ id: ValueID) -> ValueType { values[id.index].type }
  public func name(_ id: ValueID) -> String { values[id.index].name }

  public func input(named name: String) -> ValueID? { inputs.first { self.name($0) == name } }
  public func output(named name: String) -> ValueID? { outputs.first { self.name($0) == name } }

  /// Bytes of all constants.
  public var constantBytes: Int { constants.values.reduce(0) { $0 + $1.byteCount } }
}
