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

extension CheckReport {
  /// Opens and checks the model at `path`; a file that cannot be opened is a problem like any other.
  public static func checking(path: String, rules: ImportRules = .standard) -> CheckReport {
    do {
      return try ONNXModel.open(path: path).check(rules: rules)
    } catch {
      return CheckReport(path: path, problems: [error.problem])
    }
  }
}

extension ONNXModel {
  /// Finds every problem of the model at once.
  public func check(rules: ImportRules = .standard) -> CheckReport { translated(rules).report }

  /// The model as a graph.
  ///
  /// - Throws: The first of the model's problems, with their number.
  public func graph(rules: ImportRules = .standard) throws(ImportError) -> Graph { try imported(rules: rules).graph }

  /// The model as a graph, and what is worth knowing about it, warnings included.
  ///
  /// - Throws: The first of the model's problems, with their number.
  public func imported(rules: ImportRules = .standard) throws(ImportError) -> (graph: Graph, report: CheckReport) {
    let result = translated(rules)
    if let first = result.report.problems.first {
      throw ImportError(first, path: path, problemCount: result.report.problemCount)
    }
    return result
  }

  private func translated(_ rules: ImportRules) -> (graph: Graph, report: CheckReport) {
    let session = ImportSession(self, rules: rules)
    session.checkOpsets()
    let builder = GraphBuilder(name: graph.name, tensors: TensorDecoder(externalData: externalData))
    ImportScope(session, builder).populate(graph)
    let result = builder.graph
    let report = CheckReport(
      path: path, irVersion: irVersion, producer: producer, opsets: opsets, functionCount: functions.count,
      nodeCount: session.nodeCount, operatorCounts: session.operatorCounts.values.sorted { $0.name < $1.name },
      inputs: result.inputs.map { result[$0] }, outputs: result.outputs.map { result[$0] },
      constantBytes: result.constantBytes, problems: session.problems.problems, warnings: session.warnings.problems)
    return (result, report)
  }
}
