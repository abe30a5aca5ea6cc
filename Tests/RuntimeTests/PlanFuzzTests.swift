import MassRuntime
import OperatorCases
import Testing

/// Plans whose digests agree with the damage: the parsers behind them must hold on their own.
@Suite struct PlanFuzzTests {
  @Test func damageThatDigestsDoNotShowIsSurvived() throws {
    let damage = PlanDamage(try PlanFileTests.bytes(of: PlanFileTests.plan()))
    var opened = 0
    for seed in 0..<5000 as Range<UInt64> {
      var mutations = Mutations(seed: seed)
      let bytes = damage.next(&mutations)
      do {
        let graph = try PlanFileTests.open(bytes).graph
        try graph.verify()
        opened += 1
      } catch PlanError.digestMismatch(section: "table") {
        Issue.record("seed \(seed): the digest should agree")
      } catch let error as PlanError { #expect(!error.description.isEmpty) }
    }
    #expect(opened > 100, "damage to names and the like leaves a plan valid")
  }
}
