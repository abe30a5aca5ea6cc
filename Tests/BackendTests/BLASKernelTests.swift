import MassDefaults
import MassRuntime
import OperatorCases
import Testing

@Suite struct BLASKernelTests {
  /// Every orientation of a double-precision product runs on BLAS and agrees with the operator.
  @Test(arguments: [(false, false), (false, true), (true, false), (true, true)])
  func doubleProductsRunOnBLAS(_ transposeA: Bool, _ transposeB: Bool) throws {
    let op = MatMul(transposeA: transposeA, transposeB: transposeB, alpha: 0.5)
    let a = Tensor.random(transposeA ? [7, 5] : [5, 7], seed: 1, element: .float64)
    let b = Tensor.random(transposeB ? [3, 7] : [7, 3], seed: 2, element: .float64)
    var graph = Graph(name: "product")
    let inputs = [a, b].map { graph.addInput(name: "input", type: .tensor($0.type)) }
    graph.outputs = graph.append(op, inputs, resultNames: ["y"], origins: ["product"])
    try graph.inferTypes()
    let plan = Plan(header: PlanHeader(producer: "", numerics: "", source: ""), graph: graph)
    var session = Session(Model(plan, plugins: DefaultPlugins.all), options: SessionOptions(threads: 1))
    #expect(try session.describe([a.type, b.type])[0].steps.map(\.kernel) == ["blas.gemm"])
    let got = try session.run([.tensor(a), .tensor(b)])[0].tensor
    let want = try op.evaluate([.tensor(a), .tensor(b)], EvaluationContext(node: "product", resultCount: 1))[0].tensor
    let expected = try #require(want)
    #expect(got?.difference(from: expected, tolerance: 1e-12) == nil)
  }
}
