import MassRuntime
import OperatorCases
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct PlanFileTests {
  /// Two nodes, a symbolic batch and a constant: every part of the format.
  static func plan() throws -> Plan {
    var graph = Graph(name: "sample")
    let n = Dimension(symbol: "N")
    let x = graph.addInput(name: "x", type: .tensor(TensorType(.float32, [n, 3])))
    let w = graph.addConstant(.f32([3], [1, 2, 3]), name: "w")
    let sum = graph.append(Binary(.add), [x, w], resultNames: ["sum"], origins: ["add"])
    let y = graph.append(Unary(.leakyRelu(alpha: 0.25)), [sum[0]], resultNames: ["y"], origins: ["act", "act2"])
    graph.outputs = y
    try graph.inferTypes()
    let record = PassRecord(
      name: "pass", milliseconds: 1.5, nodesBefore: 3, nodesAfter: 2, sites: ["add"],
      nearMisses: [PassRecord.NearMiss(node: "act", reason: "because")])
    return Plan(header: PlanHeader(producer: "test", numerics: "f32", source: "x.onnx"), graph: graph, report: [record])
  }

  static func bytes(of plan: Plan) throws -> [UInt8] {
    let path = "/tmp/mass-plan-\(UInt64.random(in: 0 ... .max)).plan"
    defer { unsafe _ = unlink(path) }
    try plan.write(to: path)
    return try read(path)
  }

  static func read(_ path: String) throws -> [UInt8] {
    guard let file = unsafe fopen(path, "rb") else { throw PlanError.file(path: path, reason: "missing") }
    defer { unsafe fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = unsafe fread(&bytes, 1, bytes.count, file)
    return Array(bytes.prefix(count))
  }

  static func open(_ bytes: [UInt8]) throws -> Plan {
    try unsafe bytes.withUnsafeBytes { try unsafe Plan.open(bytes: $0) }
  }

  @Test func whatIsWrittenIsRead() throws {
    let plan = try Self.plan()
    let read = try Self.open(try Self.bytes(of: plan))
    #expect(read.graph.text() == plan.graph.text())
    #expect(read.header == plan.header)
    #expect(read.report == plan.report)
    #expect(read.graph.nodes[1].origins == ["act", "act2"])
  }

  @Test func writingTwiceGivesTheSameBytes() throws {
    #expect(try Self.bytes(of: Self.plan()) == Self.bytes(of: Self.plan()))
  }

  @Test func truncationAtAnyByteIsAnError() throws {
    let bytes = try Self.bytes(of: Self.plan())
    for count in 0..<bytes.count {
      #expect(throws: PlanError.self) { try Self.open(Array(bytes.prefix(count))) }
    }
  }

  @Test func aFlippedBitInAStructureIsNoticed() throws {
    let bytes = try Self.bytes(of: Self.plan())
    var unnoticed = 0
    for at in 0..<bytes.count {
      var damaged = bytes
      damaged[at] ^= 0x10
      if (try? Self.open(damaged)) != nil { unnoticed += 1 }
    }
    // Padding, reserved fields and the twelve bytes of weights are not covered by a digest checked on opening.
    #expect(unnoticed < 4096 + 12 + 64)
  }

  @Test func seededMutationsNeverCrash() throws {
    let bytes = try Self.bytes(of: Self.plan())
    var mutations = Mutations(seed: 0x5EED)
    for _ in 0..<5000 {
      let damaged = mutations.damage(bytes)
      do { _ = try Self.open(damaged) } catch is PlanError {}
    }
  }

  @Test func otherFilesAreRefusedWithTheRemedy() {
    #expect(throws: PlanError.notAPlan) {
      try Self.open(Array("not a plan at all, but long enough to be one, see".utf8))
    }
    #expect("\(PlanError.notAPlan)".contains("mass compile"))
  }
}
