import MassCompiler
import MassDefaults
import MassRuntime
import OperatorCases

/// A way to run an operator. Every row runs on each.
enum Backend: String, CaseIterable, CustomStringConvertible {
  /// The operator's own meaning.
  case reference
  /// A session with the default plugins, one thread.
  case plugins
  /// As `plugins`, on two threads.
  case twoThreads
  /// Compiled with every pass, then run.
  case optimized
  /// Compiled, written to a plan file, opened and run.
  case planFile

  var description: String { rawValue }

  /// Runs a row's operator on its operands.
  func run(_ row: OperatorCase) throws -> [Tensor] {
    let results = max(row.expected.count, 1)
    if self == .reference {
      let context = EvaluationContext(node: "row", resultCount: results)
      return try row.op.evaluate(row.inputs.map { $0.map { .tensor($0) } }, context).compactMap(\.tensor)
    }
    let (graph, inputs) = try Self.graph(row, results: results)
    let plan = try plan(graph)
    var session = Session(
      Model(plan, plugins: DefaultPlugins.all), options: SessionOptions(threads: self == .twoThreads ? 2 : 1))
    return try session.run(inputs).compactMap(\.tensor)
  }

  private func plan(_ graph: Graph) throws -> Plan {
    let header = PlanHeader(producer: "test", numerics: "f32", source: "row")
    guard self == .optimized || self == .planFile else { return Plan(header: header, graph: graph) }
    let plan = try Compiler.compile(
      graph, name: "row", options: CompileOptions(), plugins: DefaultPlugins.all)
    guard self == .planFile else { return plan }
    let path = "/tmp/mass-row-\(UInt64.random(in: 0 ... .max)).plan"
    try plan.write(to: path)
    defer { removeFile(path) }
    return try Plan.open(path: path, processor: Model.processor(DefaultPlugins.all))
  }

  /// A graph of one node. Floating-point operands are inputs; others — shapes, axes, indices — are constants.
  static func graph(_ row: OperatorCase, results: Int) throws -> (Graph, [Value]) {
    var graph = Graph(name: "row")
    var values: [Value] = []
    var operands: [ValueID?] = []
    for (i, tensor) in row.inputs.enumerated() {
      guard let tensor else {
        operands.append(nil)
        continue
      }
      if tensor.element.isFloatingPoint && (i == 0 || tensor.count > 1) || i == 0 {
        operands.append(graph.addInput(name: "input\(i)", type: .tensor(tensor.type)))
        values.append(.tensor(tensor))
      } else {
        operands.append(graph.addConstant(tensor, name: "constant\(i)"))
      }
    }
    let names = (0..<results).map { "output\($0)" }
    graph.outputs = graph.append(row.op, operands, resultNames: names, origins: ["row"])
    if row.op is Relayout {
      // A graph's outputs are row-major: what a change of layout gives is changed back.
      graph.outputs = graph.append(Relayout(to: .rowMajor), graph.outputs, resultNames: ["plain"], origins: ["row"])
    }
    try graph.inferTypes()
    return (graph, values)
  }
}
