import MassRuntime

/// Everything there is to say about whether a model can be compiled.
public struct CheckReport: Sendable {
  public var path: String
  public var irVersion = 0
  public var producer = ""
  public var opsets: [ONNXOpset] = []
  public var functionCount = 0
  /// Nodes after functions are inlined.
  public var nodeCount = 0
  /// By name.
  public var operatorCounts: [OperatorCount] = []
  public var inputs: [ValueInfo] = []
  public var outputs: [ValueInfo] = []
  public var constantBytes = 0
  public var problems: [Problem] = []
  public var warnings: [Problem] = []

  /// True when the model compiles.
  public var isClean: Bool { problems.isEmpty }

  /// Problems, each node counted.
  public var problemCount: Int { problems.reduce(0) { $0 + $1.count } }
}

/// How often a model uses an operator.
public struct OperatorCount: Hashable, Sendable {
  /// Such as `Conv` or `com.acme:Frob`.
  public var name: String
  public var count: Int
  public var isSupported: Bool
}
