import MassCompiler
import MassDefaults
import MassRuntime
import OperatorCases
import Testing

/// Every pass: a graph it must rewrite, whose result must not change, and one it must leave alone.
@Suite struct PassTests {
  private func names(_ graph: Graph) -> [String] { graph.nodes.map(\.operatorName) }

  @Test func batchNormalizationAndActivationMoveIntoTheConvolution() throws {
    let b = GraphBuilder()
    let x = b.input([1, 3, 8, 8])
    let conv = b.add(Conv(padsBegin: [1, 1], padsEnd: [1, 1]), x, b.random([4, 3, 3, 3], 1))
    let norm = b.add(
      BatchNormalization(), conv, b.random([4], 2), b.random([4], 3), b.random([4], 4),
      b.constant(.f32([4], [1, 2, 3, 4])))
    b.output(b.add(Unary(.relu), norm))
    let graph = try expectSameResults(try b.finish(), [.random([1, 3, 8, 8], seed: 9)])
    #expect(names(graph).filter { $0 != "Relayout" } == ["Conv"])
    #expect(graph.nodes.first { $0.op is Conv }?.origins.count == 3, "origins of all three nodes are kept")
  }

  @Test func aConvolutionWithTwoUsersKeepsItsWeights() throws {
    let b = GraphBuilder()
    let x = b.input([1, 3, 8, 8])
    let conv = b.add(Conv(), x, b.random([4, 3, 3, 3], 1))
    b.output(b.add(Binary(.mul), conv, b.random([4, 1, 1], 2)))
    b.output(conv)
    let graph = try expectSameResults(try b.finish(), [.random([1, 3, 8, 8], seed: 9)])
    #expect(names(graph).contains("Binary"))
  }

  @Test func residualsAreAddedWhileStoring() throws {
    let b = GraphBuilder()
    let x = b.input([2, 4, 6, 6])
    let conv = b.add(Conv(padsBegin: [1, 1], padsEnd: [1, 1]), x, b.random([4, 4, 3, 3], 1))
    b.output(b.add(Unary(.relu), b.add(Binary(.add), conv, x)))
    let graph = try expectSameResults(try b.finish(), [.random([2, 4, 6, 6], seed: 9)])
    #expect(names(graph).filter { $0 != "Relayout" } == ["Conv"])
  }

  @Test func erfGeluIsOneFunction() throws {
    let b = GraphBuilder()
    let x = b.input([2, 5])
    let erf = b.add(Unary(.erf), b.add(Binary(.div), x, b.scalar(2.0.squareRoot())))
    let sum = b.add(Binary(.add), erf, b.scalar(1))
    b.output(b.add(Binary(.mul), b.add(Binary(.mul), x, sum), b.scalar(0.5)))
    let graph = try expectSameResults(try b.finish(), [.random([2, 5], seed: 3)])
    #expect(graph.nodes.map { AnyHashable($0.op) } == [AnyHashable(Unary(.geluErf))])
  }

  @Test func anErfOfSomethingElseIsNoGelu() throws {
    let b = GraphBuilder()
    let x = b.input([2, 5])
    let erf = b.add(Unary(.erf), b.add(Binary(.div), x, b.scalar(1.5)))
    b.output(b.add(Binary(.mul), b.add(Binary(.mul), x, b.add(Binary(.add), erf, b.scalar(1))), b.scalar(0.5)))
    let graph = try expectSameResults(try b.finish(), [.random([2, 5], seed: 3)])
    #expect(names(graph) == ["ElementwiseProgram"])
  }

  @Test func layerNormalizationIsRecognised() throws {
    let b = GraphBuilder()
    let x = b.input([3, 8])
    let axes = b.constant(.i64([1], [-1]))
    let d = b.add(Binary(.sub), x, b.add(Reduce(.mean), x, axes))
    let variance = b.add(Reduce(.mean), b.add(Binary(.pow), d, b.scalar(2)), axes)
    let root = b.add(Unary(.sqrt), b.add(Binary(.add), variance, b.scalar(1e-5)))
    let scaled = b.add(Binary(.mul), b.add(Binary(.div), d, root), b.random([8], 1))
    b.output(b.add(Binary(.add), scaled, b.random([8], 2)))
    let graph = try expectSameResults(try b.finish(), [.random([3, 8], seed: 5)])
    #expect(names(graph) == ["LayerNormalization"])
  }

  @Test func aMeanOverAnotherAxisIsNoLayerNormalization() throws {
    let b = GraphBuilder()
    let x = b.input([3, 8])
    let axes = b.constant(.i64([1], [0]))
    let d = b.add(Binary(.sub), x, b.add(Reduce(.mean), x, axes))
    let variance = b.add(Reduce(.mean), b.add(Binary(.pow), d, b.scalar(2)), axes)
    b.output(b.add(Binary(.div), d, b.add(Unary(.sqrt), b.add(Binary(.add), variance, b.scalar(1e-5)))))
    let graph = try expectSameResults(try b.finish(), [.random([3, 8], seed: 5)])
    #expect(!names(graph).contains("LayerNormalization"))
  }

  @Test func attentionIsOneOperatorWithoutTransposes() throws {
    let b = GraphBuilder()
    let x = b.input([2, 5, 12])
    func heads(_ seed: UInt64, _ order: [Int]) -> ValueID {
      let projected = b.add(MatMul(), x, b.random([12, 12], seed))
      return b.add(Transpose(permutation: order), b.add(Reshape(), projected, b.constant(.i64([4], [2, 5, 3, 4]))))
    }
    let (q, k, v) = (heads(1, [0, 2, 1, 3]), heads(2, [0, 2, 3, 1]), heads(3, [0, 2, 1, 3]))
    let scores = b.add(Binary(.div), b.add(MatMul(), q, k), b.scalar(2))
    let masked = b.add(Binary(.add), scores, b.random([1, 1, 1, 5], 4))
    let weighted = b.add(MatMul(), b.add(Softmax(axis: -1), masked), v)
    b.output(b.add(Transpose(permutation: [0, 2, 1, 3]), weighted))
    let graph = try expectSameResults(try b.finish(), [.random([2, 5, 12], seed: 5)])
    #expect(names(graph).filter { $0 == "Attention" }.count == 1)
    #expect(!names(graph).contains("Transpose") && !names(graph).contains("Softmax"))
  }

  @Test(arguments: Corpus.exports) func attentionIsOneOperatorWhicheverExporterWroteIt(_ name: String) throws {
    let model = try ImportedModel(path: "\(Corpus.exportFolder)/\(name)/model.onnx")
    var options = CompileOptions()
    options.isTuned = false
    let graph = try Compiler.compile(model.graph, name: name, options: options, plugins: []).graph
    #expect(names(graph).filter { $0 == "Attention" }.count == 1)
    #expect(!names(graph).contains("Softmax"))
    // A transpose that only a shape is taken of is never computed.
    let computed = graph.nodes.filter { !($0.op is ShapeOf) }.flatMap(\.inputs) + graph.outputs
    #expect(!graph.nodes.contains { $0.op is Transpose && computed.contains($0.outputs[0]) })
    let attention = try #require(graph.nodes.first { $0.op is Attention }?.op as? Attention)
    #expect(abs((attention.scale ?? 0) - 0.5) < 1e-6, "both roots of the factor are gathered")
  }

  @Test func computedShapesBecomeConstants() throws {
    let b = GraphBuilder()
    let x = b.input([Dimension(symbol: "N"), 6])
    let n = b.add(Gather(axis: 0), b.add(ShapeOf(), x), b.constant(.i64([1], [0])))
    let target = b.add(Concat(axis: 0), n, b.constant(.i64([2], [2, 3])))
    b.output(b.add(Reshape(), x, target))
    let graph = try expectSameResults(try b.finish(), [.random([4, 6], seed: 1)])
    #expect(names(graph) == ["Reshape"])
    #expect("\(graph.type(graph.outputs[0]))" == "f32[Nx2x3]")
  }

  @Test func equalNodesAreComputedOnce() throws {
    let b = GraphBuilder()
    let x = b.input([4])
    let (e, f) = (b.add(Unary(.exp), x), b.add(Unary(.exp), x))
    b.output(b.add(Softmax(axis: 0), e))
    b.output(b.add(LogSoftmax(axis: 0), f))
    let graph = try expectSameResults(try b.finish(), [.random([4], seed: 1)])
    #expect(names(graph).filter { $0 == "Unary" }.count == 1)
  }

  @Test func strictLeavesApproximatePassesOut() {
    #expect(StandardPasses.all.allSatisfy { !$0.exactness.isApproximate }, "passes here are exact or reassociating")
  }

  @Test func unknownNamesAreRefused() throws {
    let b = GraphBuilder()
    b.output(b.add(Unary(.exp), b.input([4])))
    var options = CompileOptions()
    options.disabledPasses = ["no-such-pass"]
    let graph = try b.finish()
    #expect(throws: CompileError.self) {
      try Compiler.compile(graph, name: "test", options: options, plugins: [])
    }
  }
}
