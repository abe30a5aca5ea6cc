import MassCompiler
import MassDefaults
import MassRuntime
import OperatorCases
import Testing

@Suite struct TunerTests {
  /// Two convolutions that Winograd suits, one of them adding a residual.
  private func graph() throws -> Graph {
    let b = GraphBuilder()
    let x = b.input([1, 64, 28, 28])
    let pads = [1, 1]
    let first = b.add(Conv(padsBegin: pads, padsEnd: pads), x, b.random([64, 64, 3, 3], 1), b.random([64], 2))
    let second = b.add(Conv(padsBegin: pads, padsEnd: pads), b.add(Unary(.relu), first), b.random([64, 64, 3, 3], 3))
    b.output(b.add(Unary(.relu), b.add(Binary(.add), second, first)))
    return try b.finish()
  }

  private func compile(_ graph: Graph, isStrict: Bool = false) throws -> Plan {
    var options = CompileOptions()
    options.threads = 1
    options.isStrict = isStrict
    return try Compiler.compile(graph, name: "test", options: options, plugins: DefaultPlugins.all)
  }

  @Test func tunedPlansComputeTheSame() throws {
    let plan = try compile(graph())
    let x = Value.tensor(.random([1, 64, 28, 28], seed: 7))
    let model = Model(plan, plugins: DefaultPlugins.all)
    var tuned = Session(model, options: SessionOptions(threads: 1))
    var standard = Session(model, options: SessionOptions(threads: 1), choices: KernelChoices())
    let (a, b) = (try tuned.run([x])[0].tensor, try standard.run([x])[0].tensor)
    if let a, let b { #expect(a.difference(from: b, tolerance: 1e-3) == nil) }
    #expect(plan.report.last?.name == "tune")
  }

  @Test func choicesNameKernelsThatAreUsed() throws {
    let plan = try compile(graph())
    let choices = try #require(plan.target?.choices.kernels)
    let model = Model(plan, plugins: DefaultPlugins.all)
    var session = Session(model, options: SessionOptions(threads: 1))
    let steps = try session.describe([TensorType(.float32, [1, 64, 28, 28])]).flatMap(\.steps)
    for (site, kernel) in choices { #expect(steps.contains { $0.node == site.node && $0.kernel == kernel }) }
  }

  @Test func strictPlansHoldNoApproximateKernel() throws {
    let kernels = try compile(graph(), isStrict: true).target?.choices.kernels.values.sorted() ?? []
    #expect(!kernels.contains { $0.hasSuffix("winograd") })
  }

  @Test func packedWeightsAreThoseOfTheChosenKernels() throws {
    let plan = try compile(graph())
    let target = try #require(plan.target)
    let model = Model(plan, plugins: DefaultPlugins.all)
    var session = Session(model, options: SessionOptions(threads: 1))
    _ = try session.prepare([TensorType(.float32, [1, 64, 28, 28])])
    #expect(Set(model.packedConstants.keys) == Set(target.packed.keys))
  }

  @Test func aModelThatCannotRunOnMadeUpInputsKeepsItsDefaults() throws {
    let b = GraphBuilder()
    b.output(b.add(Conv(), b.input([1, 8, 6, 6]), b.random([8, 8, 3, 3], 1)))
    var graph = try b.finish()
    let table = graph.addConstant(.f32([1], [5]), name: "table")
    let index = graph.addInput(name: "index", type: .tensor(TensorType(.int64, [2])))
    graph.outputs += graph.append(Gather(), [table, index], resultNames: ["picked"], origins: ["picked"])
    try graph.inferTypes()
    let plan = try compile(graph)
    #expect(plan.target?.choices.kernels.isEmpty == true)
    #expect(plan.report.last?.nearMisses.isEmpty == false)
  }
}
