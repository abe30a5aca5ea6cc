import MassCompiler
import MassRuntime
import OperatorCases

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Feeds damaged models and plans to the two readers until time is up: `FuzzReaders SECONDS [FIRST_SEED]`.
///
/// A crash ends the process; the last line on standard error names the seed that repeats it.
@main struct FuzzReaders {
  private let models: [[UInt8]]
  private let plans: [PlanDamage]
  /// An input that takes longer is a hang: the process ends on SIGALRM.
  private static let secondsPerInput: UInt32 = 30

  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst().map { UInt64($0) }
    guard let seconds = arguments.first ?? nil, arguments.count < 3, let first = arguments.dropFirst().first ?? 0 else {
      say("usage: FuzzReaders SECONDS [FIRST_SEED]\n")
      exit(2)
    }
    let readers = try FuzzReaders()
    let end = ContinuousClock.now + .seconds(seconds)
    var seed = first
    while ContinuousClock.now < end || seed == first {
      say("\rseed \(seed)")
      alarm(secondsPerInput)
      try readers.feed(seed)
      seed += 1
    }
    say("\rseeds \(first) to \(seed - 1): both readers hold\n")
  }

  /// Writes at once, so that it stands there when the process dies.
  private static func say(_ text: String) {
    let bytes = Array(text.utf8)
    unsafe _ = write(STDERR_FILENO, bytes, bytes.count)
  }

  private init() throws {
    models = (Corpus.models.map(Corpus.path) + [Corpus.digits]).map(Corpus.bytes)
    plans = models.compactMap { Self.plan($0) }.map(PlanDamage.init)
    guard models.allSatisfy({ !$0.isEmpty }), plans.count > 1 else {
      throw ImportError(Problem(.unreadable, message: "expected models in \(Corpus.modelFolder), got none"))
    }
  }

  /// The plan file of a model that compiles, with every kind of section.
  private static func plan(_ model: [UInt8]) -> [UInt8]? {
    guard let model = try? ONNXModel.open(bytes: model, folder: Corpus.modelFolder),
      let graph = try? Importer.importGraph(model)
    else { return nil }
    let miss = PassRecord.NearMiss(node: "node", reason: "because")
    let record = PassRecord(
      name: "pass", milliseconds: 1, nodesBefore: 2, nodesAfter: 1, sites: ["node"], nearMisses: [miss])
    let target = PlanTarget(
      processor: "", threads: 1, packed: [:],
      choices: KernelChoices([KernelChoices.Site(node: 0, signature: [1, 2]): "kernel"]))
    let plan = Plan(
      header: PlanHeader(producer: "fuzz", numerics: "f32", source: "model"), graph: graph, target: target,
      report: [record])
    let path = "/tmp/mass-fuzz-\(getpid()).plan"
    defer { unsafe _ = unlink(path) }
    guard (try? plan.write(to: path)) != nil else { return nil }
    return Corpus.bytes(at: path)
  }

  private func feed(_ seed: UInt64) throws {
    var mutations = Mutations(seed: seed)
    if seed.isMultiple(of: 2) {
      let model = models[mutations.next(below: models.count)]
      try readModel(mutations.damage(model))
    } else {
      let plan = plans[mutations.next(below: plans.count)]
      try readPlan(mutations.next(below: 4) == 0 ? mutations.damage(plan.plan) : plan.next(&mutations))
    }
  }

  /// A reader may refuse with its own error; a graph it gives must be valid and its constants readable.
  private func readModel(_ bytes: [UInt8]) throws {
    do throws(ImportError) {
      let model = try ONNXModel.open(bytes: bytes, folder: Corpus.modelFolder)
      try use(Importer.importGraph(model))
    } catch { precondition(!"\(error)".isEmpty) }
  }

  private func readPlan(_ bytes: [UInt8]) throws {
    do throws(PlanError) {
      let result = unsafe bytes.withUnsafeBytes { bytes in
        Result { () throws(PlanError) in try unsafe Plan.open(bytes: bytes) }
      }
      use(try result.get().graph)
    } catch { precondition(!"\(error)".isEmpty) }
  }

  private func use(_ graph: Graph) {
    do { try graph.verify() } catch { fatalError("the graph is not valid: \(error)") }
    precondition(!graph.text().isEmpty)
    for tensor in graph.constants.values where tensor.byteCount <= 1 << 20 {
      // The sum is not used, but every byte is read.
      let sum = unsafe tensor.withUnsafeBytes { unsafe $0.reduce(0) { $0 &+ Int($1) } }
      precondition(sum >= 0)
    }
  }
}
