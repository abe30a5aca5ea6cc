import MassDefaults
import MassRuntime
import OperatorCases
import Testing

/// Denormals are flushed while a session runs, and only then.
@Suite struct FloatingPointStateTests {
  @Test(arguments: [1, 2]) func denormalsAreFlushedDuringARunOnly(_ threads: Int) throws {
    let count = 1 << 17
    var graph = Graph(name: "denormals")
    let x = graph.addInput(name: "x", type: .tensor(TensorType(.float32, [Dimension(count)])))
    let one = graph.addConstant(.f32([], [1]), name: "one")
    graph.outputs = graph.append(Binary(.mul), [x, one], resultNames: ["y"], origins: ["mul"])
    try graph.inferTypes()
    let plan = Plan(header: PlanHeader(producer: "", numerics: "", source: ""), graph: graph)
    var session = Session(Model(plan, plugins: DefaultPlugins.all), options: SessionOptions(threads: threads))
    let tiny = Double(Float.leastNonzeroMagnitude) * 1000
    let results = try session.run([.tensor(.f32([count], Array(repeating: tiny, count: count)))])
    #expect(results[0].tensor?.doubles().allSatisfy { $0 == 0 } == true)
    #expect(opaqueProduct(Float(tiny), 1) != 0, "the caller's arithmetic keeps denormals")
  }

  /// Not computed at compile time.
  @inline(never) private func opaqueProduct(_ a: Float, _ b: Float) -> Float { a * b }
}
