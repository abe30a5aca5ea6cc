import MassDefaults
import MassRuntime
import OperatorCases

/// An operator on operands for which the vector plugin has a kernel, to be compared with the operator's own meaning.
struct VectorCase: CustomStringConvertible {
  /// What becomes of the layout of operand 0.
  enum Layouts {
    /// Row-major only.
    case plain
    /// Also channels-last in and out.
    case kept
    /// Also channels-last in; the result is row-major.
    case read
  }

  let op: any Operator
  let inputs: [Tensor?]
  /// Operands known when the kernel is made.
  var constants: Set<Int> = []
  var results = 1
  var layouts = Layouts.plain
  var tolerance = 1e-5

  init(
    _ op: any Operator, _ inputs: Tensor?..., constants: Set<Int> = [], results: Int = 1, layouts: Layouts = .plain,
    tolerance: Double = 1e-5
  ) {
    self.op = op
    self.inputs = inputs
    self.constants = constants
    self.results = results
    self.layouts = layouts
    self.tolerance = tolerance
  }

  var description: String {
    "\(op)(\(inputs.map { $0.map { "\($0.type)" } ?? "_" }.joined(separator: ", ")))"
  }

  var variants: [Layout] { layouts == .plain ? [.rowMajor] : [.rowMajor, .channelsLast] }

  /// How the kernel differs from the reference kernel, in words; nil when it does not.
  func difference(_ layout: Layout, threads: Int) throws -> String? {
    let (graph, values, node) = try graph(layout)
    let plan = Plan(header: PlanHeader(producer: "test", numerics: "f32", source: "row"), graph: graph)
    let plugins = DefaultPlugins.all.filter { $0.name == "vector" }
    var session = Session(Model(plan, plugins: plugins), options: SessionOptions(threads: threads))
    let types = graph.inputs.compactMap { graph.type($0).tensor }
    let steps = try session.describe(types).flatMap(\.steps).filter { $0.node == node }
    guard steps.allSatisfy({ $0.kernel.hasPrefix("vector.") }) else { return "kernel \(steps.map(\.kernel))" }
    // Twice, for kernels that spoil what they keep; before the reference kernel, so that errors are the kernel's own.
    let runs = [try session.run(values), try session.run(values)]
    let context = EvaluationContext(node: "row", resultCount: results)
    let expected = try op.evaluate(inputs.map { $0.map { .tensor($0) } }, context).compactMap(\.tensor)
    for got in runs {
      for (i, (a, b)) in zip(got.compactMap(\.tensor), expected).enumerated() {
        if let text = a.difference(from: b, tolerance: tolerance) { return "result \(i): \(text)" }
      }
    }
    return nil
  }

  /// Every operand that is no constant is computed by a node before, so that kernels may work in place.
  private func graph(_ layout: Layout) throws -> (Graph, [Value], node: Int) {
    var graph = Graph(name: "row")
    var values: [Value] = []
    var operands: [ValueID?] = []
    for (i, tensor) in inputs.enumerated() {
      if let tensor, constants.contains(i) {
        operands.append(graph.addConstant(tensor, name: "constant\(i)"))
      } else {
        operands.append(tensor.map { computed($0, i, layout, &graph) })
        if let tensor { values.append(.tensor(tensor)) }
      }
    }
    let node = graph.nodes.count
    graph.outputs = graph.append(op, operands, resultNames: (0..<results).map { "raw\($0)" }, origins: ["row"])
    try graph.inferTypes()
    if layout == .channelsLast && layouts == .kept { try layOut(&graph) }
    return (graph, values, node)
  }

  private var rank: Int { inputs.first.flatMap { $0?.shape.count } ?? 0 }

  /// An input, copied, in a layout if it has the rank of operand 0.
  private func computed(_ tensor: Tensor, _ i: Int, _ layout: Layout, _ graph: inout Graph) -> ValueID {
    var id = graph.addInput(name: "input\(i)", type: .tensor(tensor.type))
    if tensor.element != .bool {
      let all = Float.greatestFiniteMagnitude
      let copy = Unary(tensor.element.isFloatingPoint ? .affine(scale: 1, shift: 0) : .clip(low: -all, high: all))
      id = graph.append(copy, [id], resultNames: ["copy\(i)"], origins: ["copy\(i)"])[0]
    }
    guard layout == .channelsLast, tensor.shape.count == rank else { return id }
    return graph.append(Relayout(to: layout), [id], resultNames: ["laid\(i)"], origins: ["laid\(i)"])[0]
  }

  /// Makes the results channels-last and converts them back.
  private func layOut(_ graph: inout Graph) throws {
    for (i, id) in graph.outputs.enumerated() {
      guard case .tensor(var type) = graph.type(id), type.rank == rank else { continue }
      type.layout = .channelsLast
      graph[id].type = .tensor(type)
      let plain = Relayout(to: .rowMajor)
      graph.outputs[i] = graph.append(plain, [id], resultNames: ["plain\(i)"], origins: ["plain\(i)"])[0]
    }
    try graph.inferTypes()
  }
}
