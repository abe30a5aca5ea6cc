import MassCompiler
import MassRuntime
import OperatorCases
import Testing

/// Passes that have not both a hit and a refusal among the other suites' tests.
@Suite struct PassRefusalTests {
  @Test(arguments: [0.0, 1.0]) func onlyNeutralArithmeticDisappears(_ addend: Double) throws {
    let b = GraphBuilder()
    let x = b.input([2, 3])
    b.output(b.add(Softmax(axis: 1), b.add(Binary(.add), x, b.scalar(addend))))
    let graph = try expectSameResults(try b.finish(), [.random([2, 3], seed: 1)])
    #expect(graph.operatorNames == (addend == 0 ? ["Softmax"] : ["Binary", "Softmax"]))
  }

  @Test func aConstantSubgraphIsComputedOnce() throws {
    let b = GraphBuilder()
    let sum = b.add(Binary(.add), b.random([3], 1), b.random([3], 2))
    b.output(b.add(Binary(.mul), b.input([3]), sum))
    let graph = try expectSameResults(try b.finish(), [.random([3], seed: 3)])
    #expect(graph.operatorNames == ["Binary"])
  }

  @Test func nodesThatDifferInAnAttributeAreBothComputed() throws {
    let b = GraphBuilder()
    let x = b.input([2, 3])
    b.output(b.add(Softmax(axis: 0), x))
    b.output(b.add(Softmax(axis: 1), x))
    let graph = try expectSameResults(try b.finish(), [.random([2, 3], seed: 1)])
    #expect(graph.operatorNames == ["Softmax", "Softmax"])
  }

  @Test(arguments: [6.0, 5.0]) func hardSigmoidNeedsItsConstants(_ divisor: Double) throws {
    let b = GraphBuilder()
    let clipped = b.add(Unary(.clip(low: 0, high: 6)), b.add(Binary(.add), b.input([16]), b.scalar(3)))
    b.output(b.add(Binary(.div), clipped, b.scalar(divisor)))
    let graph = try expectSameResults(try b.finish(), [.f32([16], (0..<16).map { Double($0) - 8 })])
    #expect(graph.applies(.hardSigmoid(alpha: 1 / 6, beta: 0.5)) == (divisor == 6))
  }

  @Test(arguments: [true, false]) func onlyConstantStatisticsAreLowered(_ isConstant: Bool) throws {
    let b = GraphBuilder()
    let x = b.input([2, 3, 4])
    let mean = isConstant ? b.random([3], 1) : b.input([3])
    let ones = b.constant(.f32([3], [1, 1, 2]))
    b.output(b.add(BatchNormalization(), b.add(Unary(.relu), x), ones, b.random([3], 2), mean, ones))
    let inputs = [Tensor.random([2, 3, 4], seed: 5)] + (isConstant ? [] : [.random([3], seed: 6)])
    let graph = try expectSameResults(try b.finish(), inputs)
    #expect(graph.operatorNames.contains("BatchNormalization") == !isConstant)
  }

  @Test func aBroadcastAddendIsNoResidual() throws {
    let b = GraphBuilder()
    let product = b.add(MatMul(), b.input([3, 6]), b.random([6, 4], 1))
    b.output(b.add(Binary(.add), product, b.input([3, 1])))
    let graph = try expectSameResults(try b.finish(), [.random([3, 6], seed: 2), .random([3, 1], seed: 3)])
    #expect(graph.operatorNames == ["MatMul", "Binary"])
  }

  @Test func aProductThatIsAlsoAnOutputKeepsItsActivationApart() throws {
    let b = GraphBuilder()
    let product = b.add(MatMul(), b.input([3, 6]), b.random([6, 4], 1))
    b.output(b.add(Unary(.relu), product))
    b.output(product)
    let graph = try expectSameResults(try b.finish(), [.random([3, 6], seed: 2)])
    #expect(graph.operatorNames.contains("Unary"))
  }

  @Test func aVectorIsNotAProductsFactor() throws {
    let b = GraphBuilder()
    let scaled = b.add(Binary(.mul), b.input([3, 6]), b.random([6], 1))
    b.output(b.add(MatMul(), scaled, b.input([6, 4])))
    let graph = try expectSameResults(try b.finish(), [.random([3, 6], seed: 2), .random([6, 4], seed: 3)])
    #expect(graph.operatorNames == ["Binary", "MatMul"])
  }

  @Test func aSoftmaxOverQueriesIsNoAttention() throws {
    let b = GraphBuilder()
    let (q, k, v) = (b.input([1, 2, 3, 4]), b.input([1, 2, 3, 4]), b.input([1, 2, 3, 4]))
    let scores = b.add(MatMul(transposeB: true), q, k)
    b.output(b.add(MatMul(), b.add(Softmax(axis: 2), scores), v))
    let inputs = (1...3).map { Tensor.random([1, 2, 3, 4], seed: UInt64($0)) }
    let graph = try expectSameResults(try b.finish(), inputs)
    #expect(!graph.operatorNames.contains("Attention"))
  }

  /// The extents agree, but heads and keys are mixed: no transpose of the last two axes.
  @Test(arguments: [[2, 3, 5, 4], [2, 3, 4, 5], [3, 2, 5, 4]]) func onlyASwapOfTheLastTwoAxesIsRestored(
    _ target: [Int]
  ) throws {
    let b = GraphBuilder()
    let folded = b.add(Reshape(), b.input([2, 3, 4, 5]), b.constant(.i64([3], [-1, 4, 5])))
    let turned = b.add(Transpose(permutation: [0, 2, 1]), folded)
    let unfolded = b.add(Reshape(), turned, b.constant(.i64([4], target)))
    b.output(b.add(Unary(.exp), unfolded))
    let graph = try expectSameResults(try b.finish(), [.random([2, 3, 4, 5], seed: 1)])
    let isRestored = graph.nodes.contains { ($0.op as? Transpose)?.permutation == [0, 1, 3, 2] }
    #expect(isRestored == (target == [2, 3, 5, 4]))
  }

  @Test(arguments: [0.0, 1.0]) func onlyZeroForNaNIsAttention(_ replacement: Double) throws {
    let b = GraphBuilder()
    let (q, k, v) = (b.input([1, 2, 3, 4]), b.input([1, 2, 3, 4]), b.input([1, 2, 3, 4]))
    let hidden = b.constant(.f32([1, 1, 3, 3], [0, 0, 0, 0, -.infinity, 0, -.infinity, -.infinity, -.infinity]))
    let weights = b.add(Softmax(axis: -1), b.add(Binary(.add), b.add(MatMul(transposeB: true), q, k), hidden))
    let guarded = b.add(Select(), b.add(Unary(.isNaN), weights), b.scalar(replacement), weights)
    b.output(b.add(MatMul(), guarded, v))
    let inputs = (1...3).map { Tensor.random([1, 2, 3, 4], seed: UInt64($0)) }
    let graph = try expectSameResults(try b.finish(), inputs)
    #expect(graph.operatorNames.contains("Attention") == (replacement == 0))
  }

  @Test func aValueWithTwoUsersIsComputedOnceOutsideThePrograms() throws {
    let b = GraphBuilder()
    let e = b.add(Unary(.exp), b.input([4]))
    b.output(b.add(Unary(.neg), b.add(Unary(.sqrt), e)))
    b.output(b.add(Unary(.abs), b.add(Unary(.log), e)))
    let graph = try expectSameResults(try b.finish(), [.random([4], seed: 1)])
    #expect(graph.operatorNames == ["Unary", "ElementwiseProgram", "ElementwiseProgram"])
  }

  @Test func withoutConvolutionsNothingIsRelaidOut() throws {
    let b = GraphBuilder()
    b.output(b.add(Softmax(axis: 1), b.add(Unary(.exp), b.input([1, 3, 4, 4]))))
    let graph = try expectSameResults(try b.finish(), [.random([1, 3, 4, 4], seed: 1)])
    #expect(!graph.operatorNames.contains("Relayout") && !graph.operatorNames.contains("Cast"))
  }

  @Test func aTransposeBetweenDifferentShapesDoesNotSink() throws {
    let b = GraphBuilder()
    let moved = b.add(Transpose(permutation: [1, 0]), b.input([3, 2]))
    b.output(b.add(Binary(.add), moved, b.input([2, 3])))
    let graph = try expectSameResults(try b.finish(), [.random([3, 2], seed: 1), .random([2, 3], seed: 2)])
    #expect(graph.operatorNames == ["Transpose", "Binary"])
  }

  @Test func aTransposeSinksBehindAnActivation() throws {
    let b = GraphBuilder()
    let moved = b.add(Unary(.exp), b.add(Transpose(permutation: [1, 0]), b.input([3, 2])))
    b.output(b.add(MatMul(), moved, b.random([3, 4], 1)))
    let graph = try expectSameResults(try b.finish(), [.random([3, 2], seed: 1)])
    #expect(graph.operatorNames == ["Unary", "MatMul"])
  }
}
