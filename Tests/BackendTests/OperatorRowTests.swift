import MassRuntime
import OperatorCases
import Testing

@Suite struct OperatorRowTests {
  @Test(arguments: Backend.allCases)
  func everyRowGivesItsResult(_ backend: Backend) {
    for row in OperatorCase.all where row.refusal == nil {
      do {
        let difference = row.difference(from: try backend.run(row))
        #expect(difference == nil, "\(row) on \(backend)")
      } catch { Issue.record("\(row) on \(backend): \(error)") }
    }
  }

  @Test func badOperandsAreRefusedByName() {
    for row in OperatorCase.all {
      guard let refusal = row.refusal else { continue }
      do {
        _ = try Backend.graph(row, results: 1)
        let context = EvaluationContext(node: "row", resultCount: 1)
        _ = try row.op.evaluate(row.inputs.map { $0.map { .tensor($0) } }, context)
        Issue.record("\(row) was accepted; expected a refusal about \(refusal)")
      } catch {
        #expect("\(error)".contains(refusal), "\(row): \(error)")
      }
    }
  }

  @Test func everyOperatorHasARow() {
    let covered = Set(OperatorCase.all.map { type(of: $0.op).name })
    let missing = OperatorSet.standard.names.filter { !covered.contains($0) }
    #expect(missing.isEmpty, "operators without a row in Tests/OperatorCases")
  }

  /// Attributes survive the plan file: what is decoded equals what was encoded.
  @Test func attributesSurviveThePlanFile() throws {
    for row in OperatorCase.all where row.refusal == nil {
      let (graph, _) = try Backend.graph(row, results: max(row.expected.count, 1))
      let path = "/tmp/mass-attributes-\(UInt64.random(in: 0 ... .max)).plan"
      defer { removeFile(path) }
      try Plan(header: PlanHeader(producer: "", numerics: "", source: ""), graph: graph).write(to: path)
      let read = try Plan.open(path: path)
      #expect(AnyHashable(read.graph.nodes[0].op) == AnyHashable(row.op), "\(row)")
    }
  }
}
