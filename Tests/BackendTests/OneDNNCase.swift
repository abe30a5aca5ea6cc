import MassDefaults
import MassRuntime
import OperatorCases

/// An operator that oneDNN has kernels for: each kernel offered is compared with the operator's own meaning.
struct OneDNNCase: CustomStringConvertible {
  let op: any Operator
  let inputs: [Tensor?]
  /// Operands known when the kernel is made.
  var constants: Set<Int> = []
  var results = 1
  /// Whether the operator also works on channels-last operands of operand 0's rank.
  var isSpatial = false
  let tolerance = 1e-4

  init(
    _ op: any Operator, _ inputs: Tensor?..., constants: Set<Int> = [], isSpatial: Bool = false
  ) {
    self.init(op, constants, isSpatial: isSpatial, operands: inputs)
  }

  init(_ op: any Operator, _ constants: Set<Int>, isSpatial: Bool = false, operands: [Tensor?]) {
    (self.op, self.constants, self.isSpatial) = (op, constants, isSpatial)
    inputs = operands
  }

  var description: String { "\(op)(\(inputs.map { $0.map { "\($0.type)" } ?? "_" }.joined(separator: ", ")))" }

  var layouts: [Layout] { isSpatial ? [.rowMajor, .channelsLast] : [.rowMajor] }

  /// What is wrong with the kernels, in words: one line for each that differs, or that there is none.
  func differences(_ layout: Layout, threads: Int) throws -> [String] {
    let (graph, values, node) = try graph(layout)
    let model = Model(
      Plan(header: PlanHeader(producer: "test", numerics: "f32", source: "row"), graph: graph),
      plugins: DefaultPlugins.all)
    let options = SessionOptions(threads: threads)
    let types = graph.inputs.compactMap { graph.type($0).tensor }
    var probe = Session(model, options: options, choices: KernelChoices())
    let offered = try probe.kernelOffers(types)
    let names = offered.offers[node]?.map(\.name).filter { $0.hasPrefix("onednn.") } ?? []
    guard !names.isEmpty else { return ["no kernel is offered"] }
    let context = EvaluationContext(node: "row", resultCount: results)
    let expected = try op.evaluate(inputs.map { $0.map { .tensor($0) } }, context).compactMap(\.tensor)
    var problems: [String] = []
    for name in names {
      let site = KernelChoices.Site(node: node, signature: offered.signature)
      var session = Session(model, options: options, choices: KernelChoices([site: name]))
      let used = try session.describe(types).flatMap(\.steps).first { $0.node == node }?.kernel ?? ""
      if !used.hasPrefix("onednn.") { problems.append("\(name) became \(used)") }
      // Twice, for kernels that spoil what they keep.
      for got in [try session.run(values), try session.run(values)] {
        for (i, (a, b)) in zip(got.compactMap(\.tensor), expected).enumerated() {
          if let text = a.difference(from: b, tolerance: tolerance) { problems.append("\(used), result \(i): \(text)") }
        }
      }
    }
    return problems
  }

  /// Every operand that is no constant is computed by a node before, so that residuals are added in place.
  private func graph(_ layout: Layout) throws -> (Graph, [Value], node: Int) {
    var graph = Graph(name: "row")
    var values: [Value] = []
    var operands: [ValueID?] = []
    for (i, tensor) in inputs.enumerated() {
      guard let tensor else {
        operands.append(nil)
        continue
      }
      if constants.contains(i) {
        operands.append(graph.addConstant(tensor, name: "constant\(i)"))
        continue
      }
      values.append(.tensor(tensor))
      let input = graph.addInput(name: "input\(i)", type: .tensor(tensor.type))
      let isLaidOut = layout == .channelsLast && tensor.shape.count == rank && (i == 0 || i > 2)
      let copy: any Operator = isLaidOut ? Relayout(to: layout) : Unary(.affine(scale: 1, shift: 0))
      operands.append(graph.append(copy, [input], resultNames: ["copy\(i)"], origins: ["copy\(i)"])[0])
    }
    let node = graph.nodes.count
    graph.outputs = graph.append(op, operands, resultNames: (0..<results).map { "raw\($0)" }, origins: ["row"])
    try graph.inferTypes()
    if layout == .channelsLast { try layOut(&graph) }
    return (graph, values, node)
  }

  private var rank: Int { inputs.first.flatMap { $0?.shape.count } ?? 0 }

  /// Makes the results channels-last and converts them back.
  private func layOut(_ graph: inout Graph) throws {
    for (i, id) in graph.outputs.enumerated() {
      guard case .tensor(var type) = graph.type(id) else { continue }
      type.layout = .channelsLast
      graph[id].type = .tensor(type)
      let plain = Relayout(to: .rowMajor)
      graph.outputs[i] = graph.append(plain, [id], resultNames: ["plain\(i)"], origins: ["plain\(i)"])[0]
    }
    try graph.inferTypes()
  }
}
