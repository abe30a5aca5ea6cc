import MassRuntime

/// Measures candidates in context: the whole model runs with the k-th kernel of every node at once, so each is timed with
/// the cache as its neighbours leave it.
struct KernelTrial {
  private let tuner: Tuner
  /// Holds what is packed for candidates; dropped after the trial.
  private let model: Model
  private let inputs: [Value]
  private let offered: OfferedKernels
  private let clock = ContinuousClock()

  /// A candidate must win by this factor to replace the default.
  private static let margin = 0.97
  /// Largest error of an approximate kernel, as a part of the result's largest magnitude.
  private static let epsilon = 1e-4
  /// Seconds for measuring, all candidates together.
  private static let budget = 3.0
  /// A model that takes longer than this many seconds keeps its default kernels.
  private static let slowest = 1.0

  init(_ tuner: Tuner, _ inputTypes: [TensorType]) throws(RunError) {
    self.tuner = tuner
    model = Model(tuner.plan, plugins: tuner.plugins)
    var inputs: [Value] = []
    for (i, type) in inputTypes.enumerated() {
      do throws(TensorError) { inputs.append(.tensor(try SampleTensor.make(type, seed: UInt64(i)))) } catch {
        throw .inputMismatch(name: "\(i)", expected: "\(type)", got: "\(error)")
      }
    }
    self.inputs = inputs
    var session = Session(model, options: tuner.sessionOptions, choices: KernelChoices())
    offered = try session.kernelOffers(inputTypes)
  }

  private var graph: Graph { tuner.plan.graph }

  /// The choices that made the whole model faster; none when nothing did.
  mutating func choose(
    _ record: inout PassRecord, _ progress: ((CompileProgress) -> Void)?
  ) throws(RunError) -> KernelChoices {
    let rounds = (offered.offers.values.map(\.count).max() ?? 0) - 1
    guard rounds > 0 else { return KernelChoices() }
    var base = Session(model, options: tuner.sessionOptions, choices: KernelChoices())
    guard let runs = try runsPerCandidate(&base, rounds) else {
      record.nearMisses.append(.init(node: graph.name, reason: "one run takes more than \(Self.slowest) s: not tuned"))
      return KernelChoices()
    }
    let defaults = try times(&base, runs)
    var best: [Int: (name: String, seconds: Double)] = [:]
    for k in 1...rounds {
      progress?(CompileProgress(stage: "tuning", fraction: Double(k) / Double(rounds + 2)))
      let candidates = offered.offers.compactMapValues { k < $0.count ? $0[k].name : nil }
      var session = Session(model, options: tuner.sessionOptions, choices: choices(candidates))
      for (node, time) in try times(&session, runs) {
        guard let name = candidates[node], time.kernel == name, let standard = defaults[node] else { continue }
        let limit = min(best[node]?.seconds ?? .infinity, standard.seconds * Self.margin)
        if time.seconds < limit { best[node] = (name, time.seconds) }
      }
    }
    var winners = best.mapValues(\.name)
    try rejectInaccurate(&winners, &record)
    guard !winners.isEmpty, try isFaster(choices(winners), runs, &record) else { return KernelChoices() }
    record.sites = winners.keys.sorted().map { graph.nodes[$0].name }
    return choices(winners)
  }

  private func choices(_ names: [Int: String]) -> KernelChoices {
    KernelChoices(
      Dictionary(
        uniqueKeysWithValues: names.map { (KernelChoices.Site(node: $0, signature: offered.signature), $1) }))
  }

  // MARK: Time

  /// Runs once to warm up and once to see how many runs fit the budget; nil when not even few do.
  private func runsPerCandidate(_ session: inout Session, _ rounds: Int) throws(RunError) -> Int? {
    _ = try session.run(inputs)
    let begin = clock.now
    _ = try session.run(inputs)
    let once = max(begin.duration(to: clock.now).seconds, 1e-6)
    // The default and each candidate, and two of both for the comparison of the whole.
    return once > Self.slowest ? nil : min(max(Int(Self.budget / once) / (rounds + 5), 2), 25)
  }

  private struct NodeTime {
    var kernel: String
    var seconds: Double
  }

  /// What each node takes, of `runs` runs after one that is not counted.
  private func times(_ session: inout Session, _ runs: Int) throws(RunError) -> [Int: NodeTime] {
    _ = try session.run(inputs)
    var times: [Int: [Double]] = [:]
    var kernels: [Int: String] = [:]
    for _ in 0..<runs {
      for step in try session.profile(inputs).steps where step.node >= 0 {
        times[step.node, default: []].append(step.seconds)
        kernels[step.node] = step.kernel
      }
    }
    return times.reduce(into: [:]) { result, entry in
      result[entry.key] = NodeTime(kernel: kernels[entry.key] ?? "", seconds: entry.value.lowerQuartile)
    }
  }

  /// Runs both ways in turn: only the whole counts.
  private func isFaster(
    _ choices: KernelChoices, _ runs: Int, _ record: inout PassRecord
  ) throws(RunError) -> Bool {
    var old = Session(model, options: tuner.sessionOptions, choices: KernelChoices())
    var new = Session(model, options: tuner.sessionOptions, choices: choices)
    _ = try old.run(inputs)
    _ = try new.run(inputs)
    var (before, after): ([Double], [Double]) = ([], [])
    for _ in 0..<2 * runs {
      before.append(try time(&old))
      after.append(try time(&new))
    }
    if after.lowerQuartile < before.lowerQuartile { return true }
    let reason = "kernels that were faster one by one made the whole no faster"
    record.nearMisses.append(.init(node: graph.name, reason: reason))
    return false
  }

  private func time(_ session: inout Session) throws(RunError) -> Double {
    let begin = clock.now
    _ = try session.run(inputs)
    return begin.duration(to: clock.now).seconds
  }

  // MARK: Accuracy

  /// Drops approximate winners whose result differs too much from the default kernel's on this model's own data.
  private func rejectInaccurate(_ winners: inout [Int: String], _ record: inout PassRecord) throws(RunError) {
    let approximate = winners.filter { node, name in
      offered.offers[node]?.contains { $0.name == name && $0.exactness.isApproximate } ?? false
    }
    let operands = try operands(of: approximate.keys.sorted())
    for (node, name) in approximate.sorted(by: { $0.key < $1.key }) {
      let error = try LayerTrial(tuner, graph.nodes[node], operands).error(of: name)
      if error <= Self.epsilon { continue }
      winners[node] = nil
      record.nearMisses.append(
        .init(node: graph.nodes[node].name, reason: "\(name) is off by \(error) of the largest magnitude"))
    }
  }

  /// What the nodes read when the model runs with its default kernels.
  private func operands(of nodes: [Int]) throws(RunError) -> [ValueID: Value] {
    var result = Dictionary(zip(graph.inputs, inputs), uniquingKeysWith: { a, _ in a })
    var wanted: [ValueID] = []
    for case let id? in nodes.flatMap({ graph.nodes[$0].inputs })
    where result[id] == nil && graph.constants[id] == nil && !wanted.contains(id) { wanted.append(id) }
    guard !wanted.isEmpty else { return result }
    var plan = tuner.plan
    plan.graph.outputs = wanted
    var session = Session(Model(plan, plugins: tuner.plugins), options: tuner.sessionOptions, choices: KernelChoices())
    for (id, value) in zip(wanted, try session.run(inputs)) { result[id] = value }
    return result
  }
}

extension [Double] {
  /// What a run takes when little else disturbs the machine; zero when empty.
  var lowerQuartile: Double { isEmpty ? 0 : sorted()[count / 4] }
}
