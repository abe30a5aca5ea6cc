import MassRuntime
import OperatorCases
import Testing

/// Which graphs are proven to treat rows by themselves, and which are not.
@Suite struct BatchAxisTests {
  private static let n = Dimension(symbol: "N")

  private static func graph(
    _ shapes: [Shape], element: ElementType = .float32, _ build: (inout Graph, [ValueID]) -> ValueID
  ) throws -> Graph {
    var graph = Graph(name: "test")
    let inputs = shapes.enumerated().map { i, shape in
      graph.addInput(name: "x\(i)", type: .tensor(TensorType(element, shape)))
    }
    graph.outputs = [build(&graph, inputs)]
    try graph.inferTypes()
    return graph
  }

  private static func append(_ graph: inout Graph, _ op: any Operator, _ inputs: [ValueID?]) -> ValueID {
    graph.append(op, inputs, resultNames: ["v\(graph.values.count)"], origins: ["node"])[0]
  }

  @Test func aProductWithSharedWeightsIsProven() throws {
    let graph = try Self.graph([[Self.n, 3]]) { graph, x in
      let w = graph.addConstant(.f32([3, 2], [1, 2, 3, 4, 5, 6]), name: "w")
      return Self.append(&graph, Softmax(axis: -1), [Self.append(&graph, MatMul(), [x[0], w])])
    }
    #expect(try BatchAxis(provenFor: graph).symbol == "N")
  }

  @Test func rowsThroughTheShapeOfAnInputAreProven() throws {
    // y = reshape(x, concat(shape(x)[0:1], [-1])), as exporters write flattening.
    let graph = try Self.graph([[Self.n, 2, 3]]) { graph, x in
      let shape = Self.append(&graph, ShapeOf(), [x[0]])
      let zero = graph.addConstant(.i64([1], [0]), name: "zero")
      let rest = graph.addConstant(.i64([1], [-1]), name: "rest")
      let rows = Self.append(&graph, Gather(axis: 0), [shape, zero])
      let wanted = Self.append(&graph, Concat(axis: 0), [rows, rest])
      return Self.append(&graph, Reshape(), [x[0], wanted])
    }
    #expect(try BatchAxis(provenFor: graph).symbol == "N")
  }

  @Test func headsThatLeaveTheFirstAxisAndComeBackAreProven() throws {
    let graph = try Self.graph([[Self.n, 4, 6]]) { graph, x in
      let split = graph.addConstant(.i64([4], [-1, 4, 2, 3]), name: "split")
      let merged = graph.addConstant(.i64([3], [-1, 4, 3]), name: "merged")
      let back = graph.addConstant(.i64([4], [-1, 2, 4, 3]), name: "back")
      let heads = Self.append(&graph, Reshape(), [x[0], split])
      let first = Self.append(&graph, Transpose(permutation: [0, 2, 1, 3]), [heads])
      let flat = Self.append(&graph, Reshape(), [first, merged])
      let normal = Self.append(&graph, Softmax(axis: 1), [flat])
      return Self.append(&graph, Reshape(), [normal, back])
    }
    #expect(try BatchAxis(provenFor: graph).symbol == "N")
  }

  /// Each row's own mask, picked by numbers of rows from all of them: flat[arange(N) · S + arange(S)].
  @Test(arguments: [(nil, true), (2, false), (-1, false)] as [(Int?, Bool)])
  func whatIsPickedByTheNumberOfTheRowIsProven(_ shift: Int?, _ isProven: Bool) throws {
    let s = Dimension(symbol: "S")
    let graph = try Self.graph([[Self.n, s]]) { graph, x in
      let (zero, one) = (graph.addConstant(.i64([], [0]), name: "0"), graph.addConstant(.i64([], [1]), name: "1"))
      let shape = Self.append(&graph, ShapeOf(), [x[0]])
      let rows = Self.append(&graph, Gather(axis: 0), [shape, zero])
      let length = Self.append(&graph, Gather(axis: 0), [shape, one])
      let flat = Self.append(&graph, Reshape(), [x[0], graph.addConstant(.i64([1], [-1]), name: "flat")])
      let numbers = Self.append(&graph, NumericRange(), [zero, rows, one])
      let column = Self.append(&graph, Unsqueeze(), [numbers, graph.addConstant(.i64([1], [1]), name: "axes")])
      var places = Self.append(&graph, NumericRange(), [zero, length, one])
      if let shift {
        let by = graph.addConstant(.i64([], [shift]), name: "shift")
        places = Self.append(&graph, Binary(.add), [places, by])
      }
      let starts = Self.append(&graph, Binary(.mul), [column, length])
      return Self.append(&graph, Gather(axis: 0), [flat, Self.append(&graph, Binary(.add), [starts, places])])
    }
    #expect(((try? BatchAxis(provenFor: graph)) != nil) == isProven)
  }

  @Test func numbersOfRowsAreNoAnswers() throws {
    let graph = try Self.graph([[Self.n, 3]]) { graph, x in
      let (zero, one) = (graph.addConstant(.i64([], [0]), name: "0"), graph.addConstant(.i64([], [1]), name: "1"))
      let rows = Self.append(&graph, Gather(axis: 0), [Self.append(&graph, ShapeOf(), [x[0]]), zero])
      return Self.append(&graph, NumericRange(), [zero, rows, one])
    }
    #expect(throws: BatchObstacle.self) { try BatchAxis(provenFor: graph) }
  }

  @Test func slicesTilesAndFillsOfOtherAxesAreProven() throws {
    // y = cumulative product of (tile(x[:, 1:3], [1, 2]) + fill(shape(x)[0:1] ++ [4])), along the second axis.
    let graph = try Self.graph([[Self.n, 5]]) { graph, x in
      let (one, three) = (graph.addConstant(.i64([1], [1]), name: "1"), graph.addConstant(.i64([1], [3]), name: "3"))
      let part = Self.append(&graph, Slice(), [x[0], one, three, one])
      let tiled = Self.append(&graph, Tile(), [part, graph.addConstant(.i64([2], [1, 2]), name: "repeats")])
      let rows = Self.append(
        &graph, Gather(axis: 0),
        [Self.append(&graph, ShapeOf(), [x[0]]), graph.addConstant(.i64([1], [0]), name: "zero")])
      let shape = Self.append(&graph, Concat(axis: 0), [rows, graph.addConstant(.i64([1], [4]), name: "four")])
      let sum = Self.append(&graph, Binary(.add), [tiled, Self.append(&graph, ConstantOfShape(), [shape])])
      return Self.append(&graph, CumProd(), [sum, graph.addConstant(.i64([], [1]), name: "axis")])
    }
    #expect(try BatchAxis(provenFor: graph).symbol == "N")
  }

  @Test(
    arguments: [
      (Slice(), [[0], [1], [0]]), (Slice(), [[-2], [100], [0]]), (Tile(), [[2, 1]]), (CumProd(), [[0]]),
    ] as [(any Operator, [[Int]])])
  func theSameOfRowsIsNot(_ op: any Operator, _ operands: [[Int]]) throws {
    let graph = try Self.graph([[Self.n, 5]]) { graph, x in
      let more = operands.enumerated().map { i, values in
        graph.addConstant(op is CumProd ? .i64([], values) : .i64([values.count], values), name: "c\(i)")
      }
      return Self.append(&graph, op, [x[0]] + more)
    }
    #expect(throws: BatchObstacle.self) { try BatchAxis(provenFor: graph) }
  }

  @Test(arguments: [
    ("Softmax", Softmax(axis: 0) as any Operator), ("Cumulative", CumSum()),
    ("Reduce", Reduce(.mean, keepDimensions: true)), ("NonZero", NonZero()), ("TopK", TopK(axis: 0)),
  ])
  func operatorsThatMixRowsAreNamed(_ name: String, _ op: any Operator) throws {
    let graph = try Self.graph([[Self.n, 3]]) { graph, x in
      let axis = graph.addConstant(.i64([], [0]), name: "axis")
      let one = graph.addConstant(.i64([1], [1]), name: "one")
      let extra: [ValueID?] = op is CumSum ? [axis] : op is TopK ? [one] : []
      return Self.append(&graph, op, [x[0]] + extra)
    }
    do {
      _ = try BatchAxis(provenFor: graph)
      Issue.record("\(name) was proven")
    } catch {
      guard case .node = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test func dividingByTheNumberOfRowsIsNotProven() throws {
    // y = x / float(shape(x)[0])
    let graph = try Self.graph([[Self.n, 3]]) { graph, x in
      let shape = Self.append(&graph, ShapeOf(), [x[0]])
      let zero = graph.addConstant(.i64([], [0]), name: "zero")
      let rows = Self.append(&graph, Gather(axis: 0), [shape, zero])
      let real = Self.append(&graph, Cast(to: .float32), [rows])
      return Self.append(&graph, Binary(.div), [x[0], real])
    }
    #expect(throws: BatchObstacle.self) { try BatchAxis(provenFor: graph) }
  }

  @Test func rowsThatMeetOtherRowsAreNotProven() throws {
    let product = try Self.graph([[Self.n, 3], [Self.n, 3]]) { graph, x in
      Self.append(&graph, MatMul(transposeB: true), [x[0], x[1]])
    }
    #expect(throws: BatchObstacle.self) { try BatchAxis(provenFor: product) }
    let across = try Self.graph([[Self.n, 3], [Self.n, 3]]) { graph, x in
      let axes = graph.addConstant(.i64([1], [1]), name: "axes")
      return Self.append(&graph, Binary(.add), [x[0], Self.append(&graph, Unsqueeze(), [x[1], axes])])
    }
    #expect(throws: BatchObstacle.self) { try BatchAxis(provenFor: across) }
  }

  @Test func inputsWithoutACommonSymbolAreNotBatched() throws {
    let fixed = try Self.graph([[1, 3]]) { graph, x in Self.append(&graph, Unary(.relu), [x[0]]) }
    #expect(throws: BatchObstacle.input("x0", "its first axis has no variable extent: it is f32[1x3]")) {
      try BatchAxis(provenFor: fixed)
    }
    let square = try Self.graph([[Self.n, Self.n]]) { graph, x in Self.append(&graph, Unary(.relu), [x[0]]) }
    #expect(throws: BatchObstacle.self) { try BatchAxis(provenFor: square) }
    let two = try Self.graph([[Self.n, 3], [Dimension(symbol: "M"), 3]]) { graph, x in
      Self.append(&graph, Unary(.relu), [x[0]])
    }
    #expect(throws: BatchObstacle.self) { try BatchAxis(provenFor: two) }
  }

  @Test func anOutputThatIsTheSameForAllRowsIsNotProven() throws {
    let graph = try Self.graph([[Self.n, 3]]) { graph, x in
      let axes = graph.addConstant(.i64([1], [0]), name: "axes")
      let sum = Self.append(&graph, Reduce(.max, keepDimensions: true), [x[0], axes])
      return Self.append(&graph, Binary(.add), [x[0], sum])
    }
    #expect(throws: BatchObstacle.self) { try BatchAxis(provenFor: graph) }
    let constant = try Self.graph([[Self.n, 3]]) { graph, x in
      graph.addConstant(.f32([1], [2]), name: "two")
    }
    #expect(throws: BatchObstacle.self) { try BatchAxis(provenFor: constant) }
  }
}
