import MassRuntime

/// Runs passes in order; after each it infers types and verifies the graph, so that a broken pass is named at once.
struct PassDriver {
  let passes: [any Pass]
  let context: PassContext
  var progress: ((CompileProgress) -> Void)?

  func run(_ graph: inout Graph) throws(PassError) -> [PassRecord] {
    var records: [PassRecord] = []
    let clock = ContinuousClock()
    let selected = passes.filter(isWanted).prefix(context.options.stopAfter ?? Int.max)
    for (i, pass) in selected.enumerated() {
      progress?(
        CompileProgress(stage: "optimizing: \(pass.name)", fraction: Double(i) / Double(max(selected.count, 1))))
      let before = graph.nodes.count
      let begin = clock.now
      let outcome = try pass.run(&graph, context)
      do throws(OperatorError) { try graph.inferTypes() } catch { throw PassError(pass: pass.name, reason: "\(error)") }
      do throws(GraphError) { try graph.verify() } catch { throw PassError(pass: pass.name, reason: "\(error)") }
      records.append(
        PassRecord(
          name: pass.name, milliseconds: begin.duration(to: clock.now).seconds * 1000, nodesBefore: before,
          nodesAfter: graph.nodes.count, sites: outcome.sites, nearMisses: outcome.nearMisses))
    }
    return records
  }

  private func isWanted(_ pass: any Pass) -> Bool {
    if context.options.disabledPasses.contains(pass.name) { return false }
    return !(context.options.isStrict && pass.exactness.isApproximate)
  }
}
