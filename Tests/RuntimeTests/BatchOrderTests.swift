import MassRuntime
import OperatorCases
import Testing

/// Rows that lie in another order inside a graph, and operands that seem to have rows and have not.
@Suite struct BatchOrderTests {
  private static let n = Dimension(symbol: "N")
  private static let m = Dimension(symbol: "M")

  private static func proof(_ shapes: [Shape], _ build: (inout Builder, [ValueID]) -> ValueID) throws -> BatchAxis {
    var builder = Builder()
    let inputs = shapes.enumerated().map { i, shape in
      builder.graph.addInput(name: "x\(i)", type: .tensor(TensorType(i < 2 ? .float32 : .int64, shape)))
    }
    builder.graph.outputs = [build(&builder, inputs)]
    try builder.graph.inferTypes()
    return try BatchAxis(provenFor: builder.graph)
  }

  private struct Builder {
    var graph = Graph(name: "test")

    mutating func callAsFunction(_ op: any Operator, _ inputs: ValueID...) -> ValueID {
      graph.append(op, inputs, resultNames: ["v\(graph.values.count)"], origins: ["node"])[0]
    }

    mutating func integers(_ values: [Int]) -> ValueID {
      graph.addConstant(.i64([values.count], values), name: "c\(graph.values.count)")
    }

    mutating func weights(_ shape: [Int]) -> ValueID {
      let count = shape.reduce(1, *)
      return graph.addConstant(.f32(shape, Array(repeating: 1, count: count)), name: "w\(graph.values.count)")
    }

    /// Positions first, then rows and positions in one axis.
    mutating func sweeping(_ x: ValueID, width: Int) -> ValueID {
      let turned = self(Transpose(permutation: [1, 0, 2]), x)
      return self(Reshape(), turned, integers([-1, width]))
    }
  }

  @Test func rowsWithinPositionsAreProvenWhenTheyComeBack() throws {
    let axis = try Self.proof([[Self.n, 4, 6]]) { add, x in
      let product = add(MatMul(transposeB: true), add.sweeping(x[0], width: 6), add.weights([2, 6]))
      let scaled = add(Binary(.mul), add(Softmax(axis: -1), product), add.weights([2]))
      let apart = add(Reshape(), scaled, add.integers([4, -1, 2]))
      return add(Transpose(permutation: [1, 0, 2]), apart)
    }
    #expect(axis.symbol == "N")
  }

  @Test func positionsOfSymbolicNumberComeBack() throws {
    let axis = try Self.proof([[Self.n, Self.m, 6]]) { add, x in
      let shape = add(ShapeOf(), x[0])
      let wanted = add(Concat(axis: 0), add(Gather(), shape, add.integers([1, 0])), add.integers([6]))
      let apart = add(Reshape(), add(Unary(.tanh), add.sweeping(x[0], width: 6)), wanted)
      return add(Transpose(permutation: [1, 0, 2]), apart)
    }
    #expect(axis.symbol == "N")
  }

  @Test func rowsThatAreCutWithinPositionsAreNot() {
    #expect(throws: BatchObstacle.self) {
      try Self.proof([[Self.n, 4, 6]]) { add, x in
        add(Reshape(), add.sweeping(x[0], width: 6), add.integers([-1, 24]))
      }
    }
    #expect(throws: BatchObstacle.self) {
      try Self.proof([[Self.n, 4, 6]]) { add, x in
        add(Reshape(), add.sweeping(x[0], width: 6), add.integers([-1, 4, 6]))
      }
    }
  }

  @Test func rowsInDifferentOrdersDoNotGoTogether() {
    #expect(throws: BatchObstacle.self) {
      try Self.proof([[Self.n, 4, 6]]) { add, x in
        let straight = add(Reshape(), x[0], add.integers([-1, 6]))
        let sum = add(Binary(.add), straight, add.sweeping(x[0], width: 6))
        return add(Reshape(), sum, add.integers([-1, 4, 6]))
      }
    }
  }

  @Test func indicesOfFewerEntriesThanTheDataAreNot() {
    #expect(throws: BatchObstacle.self) {
      try Self.proof([[Self.n, 6], [Self.n, 1], [Self.n, 3]]) { add, x in
        add(GatherElements(axis: 1), add(Reshape(), x[0], add.integers([-1, 3])), x[2])
      }
    }
  }

  @Test func aRowIsNotRepeatedForAnotherExtent() throws {
    #expect(throws: BatchObstacle.self) {
      try Self.proof([[Self.n, 3], [Self.n, Self.m]]) { add, x in
        let others = add(Gather(), add(ShapeOf(), x[1]), add.integers([1]))
        return add(Expand(), x[0], add(Concat(axis: 0), others, add.integers([3])))
      }
    }
    let axis = try Self.proof([[Self.n, 3, 1]]) { add, x in add(Expand(), x[0], add.integers([1, 1, 5])) }
    #expect(axis.symbol == "N")
  }

  @Test func sharedCoordinatesPickFromSlicesWithRows() throws {
    let axis = try Self.proof([[Self.n, 3, 4]]) { add, x in
      let pairs = add.graph.addConstant(.i64([2, 2], [0, 1, 2, 3]), name: "pairs")
      let picked = add(GatherND(), add(Transpose(permutation: [1, 2, 0]), x[0]), pairs)
      return add(Transpose(permutation: [1, 0]), picked)
    }
    #expect(axis.symbol == "N")
  }

  @Test func padsOfShapesOfOtherAxesAreProvenAndThoseOfRowsAreNot() throws {
    let axis = try Self.proof([[Self.n, 3, Self.m]]) { add, x in
      let count = add(Gather(), add(ShapeOf(), x[0]), add.integers([2]))
      return add(Pad(), x[0], add(Concat(axis: 0), add.integers([0, 0, 0, 0, 0]), count))
    }
    #expect(axis.symbol == "N")
    #expect(throws: BatchObstacle.self) {
      try Self.proof([[Self.n, 3, 4]]) { add, x in
        let count = add(Gather(), add(ShapeOf(), x[0]), add.integers([0]))
        let less = add(Binary(.sub), add.integers([0]), count)
        let pads = add(Concat(axis: 0), add.integers([0, 0]), count, add.integers([0, 0]), less)
        return add(Pad(), x[0], pads)
      }
    }
  }

  @Test func anEllipsisOfRowsIsProven() throws {
    let axis = try Self.proof([[Self.n, 2, 4], [Self.n, 2, 4]]) { add, x in add(Einsum("...d,...d->..."), x[0], x[1]) }
    #expect(axis.symbol == "N")
    #expect(throws: BatchObstacle.self) {
      try Self.proof([[Self.n, 4], [Self.n, 4]]) { add, x in add(Einsum("id,jd->ij"), x[0], x[1]) }
    }
    #expect(throws: BatchObstacle.self) {
      try Self.proof([[Self.n, 4]]) { add, x in add(Einsum("ij->j"), x[0]) }
    }
  }

  @Test(arguments: [true, false]) func rowsThatAreChannelsAreNormalizedByThemselves(_ isTraining: Bool) throws {
    let axis = try Self.proof([[Self.n, 5], [Self.n]]) { add, x in
      let channels = add(Reshape(), x[0], add.integers([1, -1, 5]))
      let normal = add(BatchNormalization(isTraining: isTraining), channels, x[1], x[1], x[1], x[1])
      return add(Reshape(), normal, add.integers([-1, 5]))
    }
    #expect(axis.symbol == "N")
  }
}
