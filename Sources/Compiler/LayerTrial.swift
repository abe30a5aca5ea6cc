import MassRuntime

/// One node as a model of its own, on the operands it has in the whole one.
struct LayerTrial {
  private let model: Model
  private let inputs: [Value]
  private let options: SessionOptions

  init(_ tuner: Tuner, _ node: Node, _ operands: [ValueID: Value]) {
    var graph = tuner.plan.graph
    graph.nodes = [node]
    graph.outputs = node.outputs
    var known: [ValueID: Value] = [:]
    for case let id? in node.inputs where graph.constants[id] == nil { known[id] = operands[id] }
    graph.inputs = known.keys.sorted()
    let used = Set(node.inputs.compactMap(\.self))
    graph.constants = graph.constants.filter { used.contains($0.key) }
    model = Model(Plan(header: tuner.plan.header, graph: graph), plugins: tuner.plugins)
    inputs = graph.inputs.compactMap { known[$0] }
    options = tuner.sessionOptions
  }

  /// The largest difference between the named kernel's results and the default one's, as a part of the largest magnitude;
  /// infinite when either is not a number.
  func error(of kernel: String) throws(RunError) -> Double {
    var standard = Session(model, options: options, choices: KernelChoices())
    let types = inputs.compactMap { $0.tensor?.type }
    let site = KernelChoices.Site(node: 0, signature: try standard.kernelOffers(types).signature)
    var other = Session(model, options: options, choices: KernelChoices([site: kernel]))
    var worst = 0.0
    for (expected, got) in zip(try standard.run(inputs), try other.run(inputs)) {
      guard let a = expected.tensor?.doubles(), let b = got.tensor?.doubles() else { return .infinity }
      let magnitude = a.reduce(0) { max($0, abs($1)) }
      let difference = zip(a, b).reduce(0.0) { max($0, ($1.0 - $1.1).magnitude.isNaN ? .infinity : abs($1.0 - $1.1)) }
      worst = max(worst, magnitude > 0 ? difference / magnitude : difference)
    }
    return worst
  }
}
