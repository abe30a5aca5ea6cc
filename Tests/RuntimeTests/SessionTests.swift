import MassRuntime
import OperatorCases
import Testing

@Suite struct SessionTests {
  private func model() throws -> Model { Model(try PlanFileTests.plan(), plugins: []) }

  @Test func onePlanServesEveryBatchSize() throws {
    var session = Session(try model(), options: SessionOptions(threads: 1, programLimit: 2))
    for batch in [1, 4, 1, 2, 1, 4, 7, 4] {
      let x = Tensor.random([batch, 3], seed: UInt64(batch))
      let y = try session.run([.tensor(x)])[0].tensor
      let want = zip(x.doubles(), Array(repeating: [1.0, 2, 3], count: batch).joined()).map { $0 + $1 }
      #expect(y?.difference(from: .f32([batch, 3], want), tolerance: 1e-6) == nil)
    }
  }

  @Test func wrongInputsAreNamed() throws {
    var session = Session(try model(), options: SessionOptions(threads: 1))
    let good = Value.tensor(.f32([1, 3], [0, 0, 0]))
    #expect(throws: RunError.unknownInput("z", known: ["x"])) { try session.run(["z": good]) }
    #expect(throws: RunError.missingInput("x", type: "f32[Nx3]")) { try session.run([:]) }
    #expect(throws: RunError.inputCount(expected: 1, got: 2)) { try session.run([good, good]) }
    do {
      _ = try session.run([.tensor(.f32([1, 4], [0, 0, 0, 0]))])
      Issue.record("a wrong shape was accepted")
    } catch { #expect("\(error)" == "input 'x': expected f32[Nx3], got f32[1x4]") }
    #expect(throws: RunError.self) { try session.run([.tensor(.f64([1, 3], [0, 0, 0]))]) }
  }

  @Test func aNodeWhoseShapeDependsOnDataRunsInTheMiddle() throws {
    var graph = Graph(name: "data-dependent")
    let x = graph.addInput(name: "x", type: .tensor(TensorType(.float32, [Dimension(symbol: "N")])))
    let doubled = graph.append(Binary(.add), [x, x], resultNames: ["doubled"], origins: ["double"])
    let positions = graph.append(NonZero(), [doubled[0]], resultNames: ["positions"], origins: ["nonzero"])
    let two = graph.addConstant(.i64([], [2]), name: "two")
    let scaled = graph.append(Binary(.mul), [positions[0], two], resultNames: ["scaled"], origins: ["scale"])
    graph.outputs = [scaled[0], doubled[0]]
    try graph.inferTypes()
    let plan = Plan(header: PlanHeader(producer: "", numerics: "", source: ""), graph: graph)
    var session = Session(Model(plan, plugins: []), options: SessionOptions(threads: 1))
    let results = try session.run([.tensor(.f32([5], [0, 3, 0, 1, 2]))]).compactMap(\.tensor)
    #expect(results[0].integers() == [2, 6, 8])
    #expect(results[0].shape == [1, 3])
    #expect(results[1].doubles() == [0, 6, 0, 2, 4])
  }

  /// Extents that no machine can hold are an error of the run, not the end of the process.
  @Test(arguments: [1 << 34, 1 << 45, Int.max / 2]) func absurdSizesAreErrors(_ extent: Int) throws {
    var graph = Graph(name: "huge")
    let x = graph.addInput(name: "x", type: .tensor(TensorType(.float32, [1])))
    let shape = graph.addConstant(.i64([2], [extent, 64]), name: "shape")
    let wide = graph.append(Expand(), [x, shape], resultNames: ["wide"], origins: ["expand"])
    graph.outputs = graph.append(Unary(.exp), wide, resultNames: ["y"], origins: ["exp"])
    try graph.inferTypes()
    let plan = Plan(header: PlanHeader(producer: "", numerics: "", source: ""), graph: graph)
    var session = Session(Model(plan, plugins: []), options: SessionOptions(threads: 1))
    #expect(throws: RunError.self) { try session.run([.tensor(.f32([1], [1]))]) }
  }

  @Test func quotasAreRoundedUp() {
    let quotas = ["200000 100000": 2, "150000 100000": 2, "100 100000": 1, "100001 100000": 2]
    for (text, processors) in quotas { #expect(ThreadCount.quota(v2: text) == processors, "\(text)") }
    #expect(ThreadCount.quota(limit: "250000", period: "100000") == 3)
    #expect(ThreadCount.default >= 1 && ThreadCount.default <= ThreadCount.affinity)
  }

  @Test(arguments: [
    "", "max 100000", "0 100000", "-1 100000", "100000", "1 0", "x y", "1 2 3", "9223372036854775808 1",
  ])
  func whatIsNoQuotaLimitsNothing(_ text: String) {
    #expect(ThreadCount.quota(v2: text) == nil)
  }

  @Test func theLargestQuotaDoesNotOverflow() {
    #expect(ThreadCount.quota(v2: "\(Int.max) \(Int.max)") == 1)
    #expect(ThreadCount.quota(v2: "\(Int.max) 1") == Int.max)
  }
}
