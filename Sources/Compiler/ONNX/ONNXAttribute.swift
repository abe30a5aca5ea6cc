/// A named attribute of a node or a function's default.
public struct ONNXAttribute: Sendable {
  public enum Value: Sendable {
    case float(Float)
    case int(Int64)
    case string(String)
    case tensor(ONNXTensor)
    indirect case graph(ONNXGraph)
    case floats([Float])
    case ints([Int64])
    case strings([String])
    case tensors([ONNXTensor])
    case graphs([ONNXGraph])
    case sparseTensor(ONNXSparseTensor)
    case sparseTensors([ONNXSparseTensor])
    case type(ONNXType)
    case types([ONNXType])
    /// The file states a type of attribute that is not known, or states one and holds no value of it.
    case malformed(type: Int)
  }

  public let name: String
  public let value: Value
  /// Inside a function: the attribute of the call that supplies the value. Empty elsewhere.
  public let reference: String

  init(name: String, value: Value, reference: String = "") {
    self.name = name
    self.value = value
    self.reference = reference
  }
}

extension ONNXAttribute.Value {
  /// Elements of a list, characters of a string, 0 for other values.
  var listLength: Int {
    switch self {
    case .string(let text): text.utf8.count
    case .floats(let values): values.count
    case .ints(let values): values.count
    case .strings(let values): values.reduce(values.count) { $0 + $1.utf8.count }
    case .tensors(let values): values.count
    case .graphs(let values): values.count
    case .sparseTensors(let values): values.count
    case .types(let values): values.count
    default: 0
    }
  }

  /// What the value is, for errors.
  var typeName: String {
    switch self {
    case .float: "a float"
    case .int: "an integer"
    case .string: "a string"
    case .tensor: "a tensor"
    case .graph: "a graph"
    case .floats: "a list of floats"
    case .ints: "a list of integers"
    case .strings: "a list of strings"
    case .tensors: "a list of tensors"
    case .graphs: "a list of graphs"
    case .sparseTensor: "a sparse tensor"
    case .sparseTensors: "a list of sparse tensors"
    case .type: "a type"
    case .types: "a list of types"
    case .malformed(let type): "no value of attribute type \(type)"
    }
  }
}
