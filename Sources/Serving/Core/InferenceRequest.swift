import MassRuntime

/// A value of a `parameters` object.
public enum Parameter: Hashable, Sendable {
  case bool(Bool)
  case int(Int64)
  case uint(UInt64)
  case double(Double)
  case string(String)
}

/// A tensor with the name it has in a model's signature.
public struct NamedTensor: Sendable {
  public var name: String
  public var tensor: Tensor

  public init(name: String, tensor: Tensor) {
    self.name = name
    self.tensor = tensor
  }
}

/// Which model is asked: a version, the one a label names, or the one that is current.
public struct ModelReference: Hashable, Sendable, CustomStringConvertible {
  public enum Selector: Hashable, Sendable {
    case current
    case version(Int)
    case label(String)
  }

  public var name: String
  public var selector: Selector

  public init(_ name: String, _ selector: Selector = .current) {
    self.name = name
    self.selector = selector
  }

  public var description: String {
    switch selector {
    case .current: "'\(name)'"
    case .version(let version): "'\(name)' version \(version)"
    case .label(let label): "'\(name)' label \(label)"
    }
  }
}

/// An output that was asked for by name.
public struct RequestedOutput: Hashable, Sendable {
  public var name: String
  /// Asks for the `k` largest elements of each row as strings `value:index[:label]`.
  public var classification: Int?

  public init(name: String, classification: Int? = nil) {
    self.name = name
    self.classification = classification
  }
}

/// One inference, whatever protocol it came by.
public struct InferenceRequest: Sendable {
  public var model: ModelReference
  /// Echoed in the answer.
  public var id: String?
  public var parameters: [String: Parameter]
  public var inputs: [NamedTensor]
  /// Empty for every output of the model.
  public var outputs: [RequestedOutput]
  /// Nanoseconds of the monotonic clock after which nobody waits for the answer; nil for never.
  public var deadline: UInt64?
  /// 1 is the highest; nil for the model's default.
  public var priority: Int?
  /// The value of a header or of a call's metadata, by its name in lower case.
  var header: (@Sendable (String) -> String?)?
  /// Told when nobody waits any more, where that is not known by the task's cancellation.
  var abandonment: Abandonment?

  public init(
    model: ModelReference, id: String? = nil, parameters: [String: Parameter] = [:], inputs: [NamedTensor],
    outputs: [RequestedOutput] = [], deadline: UInt64? = nil
  ) {
    self.model = model
    self.id = id
    self.parameters = parameters
    self.inputs = inputs
    self.outputs = outputs
    self.deadline = deadline
  }
}

/// The answer to one inference.
public struct InferenceResponse: Sendable {
  public var modelName: String
  public var modelVersion: Int
  public var id: String?
  /// In the order asked for, or in the model's.
  public var outputs: [NamedTensor]
  public var timing: StageTimes

  public init(
    modelName: String, modelVersion: Int, id: String? = nil, outputs: [NamedTensor], timing: StageTimes = StageTimes()
  ) {
    self.modelName = modelName
    self.modelVersion = modelVersion
    self.id = id
    self.outputs = outputs
    self.timing = timing
  }
}

/// Nanoseconds a request spent in each stage.
public struct StageTimes: Hashable, Sendable {
  /// Between admission and the start of its execution.
  public var queue: UInt64 = 0
  /// Checking, joining and converting inputs.
  public var input: UInt64 = 0
  public var compute: UInt64 = 0
  /// Splitting and converting outputs.
  public var output: UInt64 = 0

  public init() {}
}
