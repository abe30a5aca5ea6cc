import MassCompiler
import MassRuntime
import OperatorCases
import Testing

/// Damaged models: an `ImportError` or a valid graph, soon. `scripts/fuzz` goes on where this ends.
@Suite struct ImporterFuzzTests {
  private static let mutationCount = 5000
  /// Inlining as many nodes as are allowed takes its time, so these are damaged less often.
  private static let slowModels: Set = ["function_bomb"]
  /// Generous, since machines that test are busy.
  private static let limit = Duration.seconds(20)

  private static let models = Corpus.models + ["digits"]

  private static func bytes(of model: String) throws -> [UInt8] {
    let bytes = Corpus.bytes(at: model == "digits" ? Corpus.digits : Corpus.path(model))
    try #require(!bytes.isEmpty)
    return bytes
  }

  @Test func theCorpusIsThere() { #expect(Corpus.models.count > 30) }

  @Test(arguments: models) func truncationAtAnyByteIsSurvived(_ model: String) throws {
    let bytes = try Self.bytes(of: model)
    let step = model == "digits" ? 97 : 1
    for count in stride(from: 0, to: bytes.count, by: step) { try survive(Array(bytes[..<count])) }
  }

  @Test(arguments: models) func seededMutationsAreSurvived(_ model: String) throws {
    let bytes = try Self.bytes(of: model)
    let share = (Self.mutationCount + Self.models.count - 1) / Self.models.count
    // Each model its own seeds, the same in every run.
    let first = UInt64(Self.models.firstIndex(of: model) ?? 0) << 32
    for i in 0..<(Self.slowModels.contains(model) ? 4 : share) {
      var mutations = Mutations(seed: first + UInt64(i))
      let damaged = mutations.damage(bytes)
      let time = try ContinuousClock().measure { try survive(damaged) }
      #expect(time < Self.limit, "seed \(first + UInt64(i))")
    }
  }

  @Test(arguments: models) func flippedBitsAreSurvived(_ model: String) throws {
    guard model != "digits", !Self.slowModels.contains(model) else { return }
    var bytes = try Self.bytes(of: model)
    for at in bytes.indices {
      for mask: UInt8 in [0x01, 0x08, 0x80] {
        bytes[at] ^= mask
        try survive(bytes)
        bytes[at] ^= mask
      }
    }
  }

  /// Reads `bytes` as far as it goes: a refusal that says something, or a valid graph with readable constants.
  private func survive(_ bytes: [UInt8]) throws {
    do {
      let graph = try Importer.importGraph(try ONNXModel.open(bytes: bytes, folder: Corpus.modelFolder))
      try graph.verify()
      for tensor in graph.constants.values {
        // Reading both ends is reading within a mapping, or not.
        let ends = unsafe tensor.withUnsafeBytes { unsafe ($0.first, $0.last) }
        #expect((ends.0 == nil) == (tensor.byteCount == 0) && (ends.1 == nil) == (ends.0 == nil))
      }
    } catch let error as ImportError {
      #expect(error.problemCount > 0 && !error.problem.message.isEmpty)
    }
  }
}
