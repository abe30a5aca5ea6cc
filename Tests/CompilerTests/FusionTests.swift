import MassCompiler
import MassRuntime
import OperatorCases
import Testing

/// Fusions of activations, normalizations, paddings and products: a hit and a refusal each.
@Suite struct FusionTests {
  @Test(arguments: [1.0, 1.5]) func swishNeedsTheSameOperand(_ factor: Double) throws {
    let b = GraphBuilder()
    let x = b.input([3, 4])
    let gate = b.add(Unary(.sigmoid), factor == 1 ? x : b.add(Binary(.mul), x, b.scalar(factor)))
    b.output(b.add(Binary(.mul), x, gate))
    let graph = try expectSameResults(try b.finish(), [.random([3, 4], seed: 1)])
    #expect(graph.applies(.swish(alpha: 1)) == (factor == 1))
  }

  @Test(arguments: [6.0, 5.0]) func hardSwishNeedsItsConstants(_ divisor: Double) throws {
    let b = GraphBuilder()
    let x = b.input([16])
    let clipped = b.add(Unary(.clip(low: 0, high: 6)), b.add(Binary(.add), x, b.scalar(3)))
    b.output(b.add(Binary(.div), b.add(Binary(.mul), x, clipped), b.scalar(divisor)))
    let graph = try expectSameResults(try b.finish(), [.f32([16], (0..<16).map { Double($0) - 8 })])
    #expect(graph.applies(.hardSwish) == (divisor == 6))
  }

  @Test(arguments: [0.044715, 0.05]) func tanhGeluNeedsItsConstants(_ cubic: Double) throws {
    let b = GraphBuilder()
    let x = b.input([2, 5])
    let cube = b.add(Binary(.pow), x, b.scalar(3))
    let inner = b.add(Binary(.add), x, b.add(Binary(.mul), cube, b.scalar(cubic)))
    let tanh = b.add(Unary(.tanh), b.add(Binary(.mul), inner, b.scalar((2 / Double.pi).squareRoot())))
    let half = b.add(Binary(.mul), x, b.scalar(0.5))
    b.output(b.add(Binary(.mul), half, b.add(Binary(.add), tanh, b.scalar(1))))
    let graph = try expectSameResults(try b.finish(), [.random([2, 5], seed: 3)])
    #expect(graph.applies(.geluTanh) == (cubic == 0.044715))
  }

  @Test(arguments: [[8], [1, 8], [3, 8], [3, 1]]) func rmsNormalizationNeedsOneScaleForAllRows(_ shape: [Int]) throws {
    for isConstant in [true, false] {
      let b = GraphBuilder()
      let x = b.input([3, 8])
      let scale = isConstant ? b.random(shape, 1) : b.input(shape.map { Dimension($0) })
      let mean = b.add(Reduce(.mean), b.add(Binary(.pow), x, b.scalar(2)), b.constant(.i64([1], [-1])))
      let root = b.add(Unary(.sqrt), b.add(Binary(.add), mean, b.scalar(1e-6)))
      b.output(b.add(Binary(.mul), b.add(Binary(.mul), x, b.add(Unary(.reciprocal), root)), scale))
      let inputs = [Tensor.random([3, 8], seed: 5)] + (isConstant ? [] : [.random(shape, seed: 6)])
      let graph = try expectSameResults(try b.finish(), inputs)
      #expect(graph.operatorNames.contains("RMSNormalization") == (shape == [8] || isConstant && shape == [1, 8]))
    }
  }

  @Test(arguments: [[4, 6], [6], [4, 1]]) func layerNormalizationMayCoverSeveralAxes(_ scale: [Int]) throws {
    let b = GraphBuilder()
    let x = b.input([Dimension(symbol: "N"), 4, 6])
    let axes = b.constant(.i64([2], [-1, 1]))
    let d = b.add(Binary(.sub), x, b.add(Reduce(.mean), x, axes))
    let variance = b.add(Reduce(.mean), b.add(Binary(.mul), d, d), axes)
    let rows = b.add(Binary(.div), d, b.add(Unary(.sqrt), b.add(Binary(.add), variance, b.scalar(1e-5))))
    b.output(b.add(Binary(.add), b.add(Binary(.mul), rows, b.random(scale, 1)), b.input([4, 6])))
    let graph = try expectSameResults(try b.finish(), [.random([3, 4, 6], seed: 5), .random([4, 6], seed: 6)])
    #expect(graph.operatorNames.first == "LayerNormalization")
    #expect((graph.operatorNames.count == 1) == (scale == [4, 6]), "a scale of other rows stays outside")
    #expect((graph.nodes[0].op as? LayerNormalization)?.axis == -2)
  }

  @Test(arguments: [0.0, 1.0]) func onlyZeroPaddingMovesIntoAConvolution(_ value: Double) throws {
    let b = GraphBuilder()
    let x = b.input([1, 2, 5, 5])
    let padded = b.add(Pad(), x, b.constant(.i64([8], [0, 0, 1, 2, 0, 0, 1, 0])), b.scalar(value))
    b.output(b.add(Conv(), padded, b.random([3, 2, 3, 3], 1)))
    let graph = try expectSameResults(try b.finish(), [.random([1, 2, 5, 5], seed: 2)])
    #expect(graph.operatorNames.contains("Pad") == (value != 0))
  }

  @Test(arguments: [[4], [3, 1]]) func onlyAVectorBecomesABias(_ shape: [Int]) throws {
    let b = GraphBuilder()
    let product = b.add(MatMul(), b.input([3, 6]), b.random([6, 4], 1))
    b.output(b.add(Binary(.add), product, b.random(shape, 2)))
    let graph = try expectSameResults(try b.finish(), [.random([3, 6], seed: 2)])
    #expect(graph.operatorNames == (shape == [4] ? ["MatMul"] : ["MatMul", "Binary"]))
  }

  @Test func numbersAroundAProductBecomeItsFactor() throws {
    let b = GraphBuilder()
    let scaled = b.add(Binary(.mul), b.input([3, 6]), b.scalar(0.5))
    b.output(b.add(Binary(.div), b.add(MatMul(), scaled, b.input([6, 4])), b.scalar(4)))
    let graph = try expectSameResults(try b.finish(), [.random([3, 6], seed: 2), .random([6, 4], seed: 3)])
    #expect(graph.operatorNames == ["MatMul"])
    #expect((graph.nodes[0].op as? MatMul)?.alpha == 0.125)
  }

  @Test(arguments: [[1, 0], [0, 1]]) func transposesCancelOrMoveIntoProducts(_ order: [Int]) throws {
    let b = GraphBuilder()
    let twice = b.add(Transpose(permutation: order), b.add(Transpose(permutation: [1, 0]), b.input([3, 6])))
    b.output(b.add(MatMul(), twice, order == [1, 0] ? b.random([6, 4], 1) : b.random([3, 4], 1)))
    let graph = try expectSameResults(try b.finish(), [.random([3, 6], seed: 2)])
    #expect(graph.operatorNames == ["MatMul"])
    #expect((graph.nodes[0].op as? MatMul)?.transposeA == (order == [0, 1]))
  }

  @Test func aTransposeOfOtherAxesStays() throws {
    let b = GraphBuilder()
    let moved = b.add(Transpose(permutation: [1, 0, 2]), b.input([2, 3, 6]))
    b.output(b.add(MatMul(), moved, b.random([6, 4], 1)))
    let graph = try expectSameResults(try b.finish(), [.random([2, 3, 6], seed: 2)])
    #expect(graph.operatorNames == ["Transpose", "MatMul"])
  }

  @Test func halvesAreComputedAsFloats() throws {
    let b = GraphBuilder()
    let x = b.input([2, 4], .float16)
    b.output(b.add(Unary(.exp), b.add(Binary(.mul), x, b.constant(.f16([4], [1, 2, 0.5, -1])))))
    let graph = try expectSameResults(try b.finish(), [.random([2, 4], seed: 2, element: .float16)], tolerance: 1e-2)
    #expect(
      graph.nodes.allSatisfy { node in
        node.op is Cast || node.outputs.allSatisfy { graph.type($0).element != .float16 || graph.outputs.contains($0) }
      })
    #expect(graph.type(graph.outputs[0]).element == .float16, "outputs keep their type")
  }

  @Test func twoOpenExtentsKeepAReshapeComputed() throws {
    let b = GraphBuilder()
    let x = b.input([Dimension(symbol: "N"), Dimension(symbol: "S"), 6])
    let extents = b.add(ShapeOf(), x)
    let first = b.add(Gather(axis: 0), extents, b.constant(.i64([1], [1])))
    let second = b.add(Gather(axis: 0), extents, b.constant(.i64([1], [0])))
    b.output(b.add(Reshape(), x, b.add(Concat(axis: 0), first, second, b.constant(.i64([1], [6])))))
    let graph = try expectSameResults(try b.finish(), [.random([4, 3, 6], seed: 1)])
    #expect(graph.operatorNames.contains("Concat"), "one −1 cannot stand for two extents")
    #expect("\(graph.type(graph.outputs[0]))" == "f32[SxNx6]")
  }

  @Test func largeResultsAreNotFolded() throws {
    let b = GraphBuilder()
    let wide = b.add(Expand(), b.constant(.f32([1], [2])), b.constant(.i64([1], [1 << 20])))
    b.output(b.add(Binary(.add), b.input([1]), wide))
    let graph = try expectSameResults(try b.finish(), [.f32([1], [1])])
    #expect(graph.constantBytes < 1 << 20)
  }

  @Test func spatialTensorsAreChannelsLastBetweenConvolutionsOnly() throws {
    let b = GraphBuilder()
    let x = b.input([1, 3, 8, 8])
    let conv = b.add(
      Conv(), b.add(Unary(.relu), b.add(Conv(), x, b.random([4, 3, 3, 3], 1))), b.random([4, 4, 3, 3], 2))
    b.output(b.add(Reshape(), conv, b.constant(.i64([2], [1, -1]))))
    let graph = try expectSameResults(try b.finish(), [.random([1, 3, 8, 8], seed: 1)])
    #expect(graph.operatorNames == ["Relayout", "Conv", "Conv", "Relayout", "Reshape"])
    #expect(graph.outputs.allSatisfy { graph.type($0).tensor?.layout == .rowMajor })
  }
}
