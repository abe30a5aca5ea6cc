import MassRuntime

/// ONNX in, graph out.
public enum Importer {
  /// The model as a graph.
  ///
  /// - Throws: The first of the model's problems, with their number.
  public static func importGraph(_ model: ONNXModel, rules: ImportRules = .standard) throws(ImportError) -> Graph {
    let (graph, report) = translate(model, rules)
    if let first = report.problems.first {
      throw ImportError(first, path: model.path, problemCount: report.problemCount)
    }
    return graph
  }

  /// Finds every problem of the model at once.
  public static func check(_ model: ONNXModel, rules: ImportRules = .standard) -> CheckReport {
    translate(model, rules).report
  }

  /// Opens and checks the model at `path`; a file that cannot be opened is a problem like any other.
  public static func check(path: String, rules: ImportRules = .standard) -> CheckReport {
    do { return check(try ONNXModel.open(path: path), rules: rules) } catch {
      return CheckReport(path: path, problems: [error.problem])
    }
  }

  /// Translates everything that can be; the graph is valid if the report holds no problem.
  private static func translate(_ model: ONNXModel, _ rules: ImportRules) -> (graph: Graph, report: CheckReport) {
    let session = ImportSession(model, rules: rules)
    session.checkOpsets()
    let builder = GraphBuilder(
      name: model.graph.name, tensors: TensorDecoder(externalData: model.externalData))
    ImportScope(session, builder).populate(model.graph)
    let graph = builder.graph
    let report = CheckReport(
      path: model.path, irVersion: model.irVersion, producer: model.producer, opsets: model.opsets,
      functionCount: model.functions.count, nodeCount: session.nodeCount,
      operatorCounts: session.operatorCounts.values.sorted { $0.name < $1.name },
      inputs: graph.inputs.map { graph[$0] }, outputs: graph.outputs.map { graph[$0] },
      constantBytes: graph.constantBytes, problems: session.problems.problems, warnings: session.warnings.problems)
    return (graph, report)
  }
}
