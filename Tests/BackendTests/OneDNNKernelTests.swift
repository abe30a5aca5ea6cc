import MassDefaults
import MassRuntime
import OperatorCases
import Testing

@Suite struct OneDNNKernelTests {
  @Test(arguments: [1, 2])
  func kernelsAgreeWithTheirOperators(threads: Int) {
    for row in OneDNNCase.all {
      for layout in row.layouts {
        do {
          let differences = try row.differences(layout, threads: threads)
          #expect(differences.isEmpty, "\(row), \(layout), \(threads) threads")
        } catch { Issue.record("\(row), \(layout): \(error)") }
      }
    }
  }

  /// `conv(x) + x`: the sum must not be made in the memory the convolution still reads.
  @Test func aResidualThatIsTheInputIsNotOverwritten() throws {
    let op = Conv(padsBegin: [1, 1], padsEnd: [1, 1], epilogue: Epilogue([.binary(.add, operand: 3)]))
    let (x, w) = (Tensor.random([1, 8, 6, 5], seed: 1), Tensor.random([8, 8, 3, 3], seed: 2))
    var graph = Graph(name: "row")
    let input = graph.addInput(name: "x", type: .tensor(x.type))
    let computed = graph.append(Unary(.affine(scale: 1, shift: 0)), [input], resultNames: ["y"], origins: ["y"])[0]
    let weights = graph.addConstant(w, name: "w")
    graph.outputs = graph.append(op, [computed, weights, nil, computed], resultNames: ["z"], origins: ["z"])
    try graph.inferTypes()
    let plan = Plan(header: PlanHeader(producer: "test", numerics: "f32", source: "row"), graph: graph)
    var session = Session(Model(plan, plugins: DefaultPlugins.all), options: SessionOptions(threads: 1))
    let got = try session.run([.tensor(x)])[0].tensor
    let context = EvaluationContext(node: "row", resultCount: 1)
    let expected = try op.evaluate([.tensor(x), .tensor(w), nil, .tensor(x)], context)[0].tensor
    if let got, let expected { #expect(got.difference(from: expected, tolerance: 1e-4) == nil) }
  }
}
