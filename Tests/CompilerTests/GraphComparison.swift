import MassCompiler
import MassDefaults
import MassRuntime
import OperatorCases
import Testing

/// Compiles with and without the passes, runs both on the same inputs and compares; returns the optimized graph.
func expectSameResults(_ graph: Graph, _ inputs: [Tensor], tolerance: Double = 1e-4) throws -> Graph {
  var options = CompileOptions()
  options.isTuned = false
  let optimized = try Compiler.compile(graph, name: "test", options: options, plugins: DefaultPlugins.all)
  options.stopAfter = 0
  let plain = try Compiler.compile(graph, name: "test", options: options, plugins: [])
  var reference = Session(Model(plain, plugins: []), options: SessionOptions(threads: 1))
  var fast = Session(Model(optimized, plugins: DefaultPlugins.all), options: SessionOptions(threads: 1))
  let want = try reference.run(inputs.map { .tensor($0) }).compactMap(\.tensor)
  let got = try fast.run(inputs.map { .tensor($0) }).compactMap(\.tensor)
  for (a, b) in zip(got, want) { #expect(a.difference(from: b, tolerance: tolerance) == nil) }
  return optimized.graph
}

extension Graph {
  var operatorNames: [String] { nodes.map(\.operatorName) }

  /// Every operator that is this unary function, alone or in an epilogue.
  func applies(_ function: UnaryFunction) -> Bool {
    nodes.contains { node in
      if let unary = node.op as? Unary { return unary.function == function }
      if let product = node.op as? MatMul { return product.epilogue.steps.contains(.unary(function)) }
      if let conv = node.op as? Conv { return conv.epilogue.steps.contains(.unary(function)) }
      return false
    }
  }
}
