import MassRuntime

/// A parsed ONNX file. Structure is held as Swift values; tensor data stays where the file's bytes are and is borrowed.
public struct ONNXModel: Sendable {
  /// The file as the caller named it, for errors.
  public let path: String
  public let irVersion: Int
  public let producer: String
  public let opsets: [ONNXOpset]
  public let functions: [ONNXFunction]
  public let graph: ONNXGraph
  public let metadata: [ONNXEntry]
  let externalData: ExternalData
}

/// The version of an operator domain that a model or function is written against.
public struct ONNXOpset: Hashable, Sendable {
  /// Empty for `ai.onnx`.
  public let domain: String
  public let version: Int
}

public struct ONNXEntry: Hashable, Sendable {
  public let key: String
  public let value: String
}

public struct ONNXGraph: Sendable {
  public let name: String
  public let nodes: [ONNXNode]
  public let initializers: [ONNXTensor]
  public let sparseInitializers: [ONNXSparseTensor]
  public let inputs: [ONNXValueInfo]
  public let outputs: [ONNXValueInfo]
  /// Declared types of values inside the graph.
  public let valueInfo: [ONNXValueInfo]
}

public struct ONNXNode: Sendable {
  public let name: String
  public let opType: String
  /// Empty for `ai.onnx`.
  public let domain: String
  public let overload: String
  /// Names of values; an empty one is an operand left out. Trailing empty names are dropped.
  public let inputs: [String]
  /// As `inputs`, for results.
  public let outputs: [String]
  public let attributes: [ONNXAttribute]
}

/// A function defined by the model itself.
public struct ONNXFunction: Sendable {
  /// What a node must say to call the function.
  public struct Key: Hashable, Sendable {
    public let domain: String
    public let name: String
    public let overload: String
  }

  public let key: Key
  public let inputs: [String]
  public let outputs: [String]
  public let attributes: [String]
  public let defaults: [ONNXAttribute]
  public let nodes: [ONNXNode]
  public let opsets: [ONNXOpset]
}

extension ONNXNode {
  /// The function the node calls, if the model defines one of that name.
  var functionKey: ONNXFunction.Key { ONNXFunction.Key(domain: domain, name: opType, overload: overload) }

  /// Sub-graphs of control-flow operators.
  var bodies: [ONNXGraph] {
    attributes.flatMap { attribute in
      switch attribute.value {
      case .graph(let graph): [graph]
      case .graphs(let graphs): graphs
      default: [ONNXGraph]()
      }
    }
  }

  /// Elements of all lists the node holds, its bodies left aside.
  var listLength: Int {
    attributes.reduce(inputs.count + outputs.count + attributes.count) { $0 + $1.value.listLength }
  }

  /// The names of all values the node depends on, those its bodies capture included.
  var reads: [String] {
    let own = inputs.filter { !$0.isEmpty }
    let bodies = bodies
    return bodies.isEmpty ? own : own + bodies.flatMap(\.capturedNames)
  }
}

extension ONNXGraph {
  /// Names the graph reads and does not define.
  var capturedNames: [String] {
    var defined = Set(inputs.map(\.name))
    defined.formUnion(initializers.map(\.name))
    defined.formUnion(sparseInitializers.map(\.name))
    for node in nodes { defined.formUnion(node.outputs) }
    return (nodes.flatMap(\.reads) + outputs.map(\.name)).filter { !defined.contains($0) }
  }
}
