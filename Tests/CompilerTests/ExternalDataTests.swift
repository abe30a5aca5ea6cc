import MassCompiler
import MassRuntime
import OperatorCases
import Testing

/// Weights in files beside the model — and only beside the model.
@Suite struct ExternalDataTests {
  /// 1, 2, 3, 4 as f32.
  private let numbers: [UInt8] = [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40]

  @Test func filesPartsAndUnalignedPartsAreRead() throws {
    let model = try ImportedModel("external")
    for name in ["whole", "part", "around"] { #expect(try model.constant(name).doubles() == [1, 2, 3, 4], "\(name)") }
    #expect(try model.constant("part").shape == [2, 2])
    #expect(try model.constant("unaligned").doubles() == [1.5])
    #expect(try model.constant("empty").shape == [0, 7])
  }

  @Test(arguments: [
    ("escape", "external data '../make_models.py' lies outside the model's folder; try a copy of it beside the model"),
    ("detour", "external data 'more/../../make_models.py' lies outside the model's folder"),
    ("absolute", "expected a path relative to the model's folder, got '/dev/zero'"),
    ("gone", "external data 'gone.bin' is not there; it belongs beside the model"),
    ("folder", "expected external data 'more' to be a file, got something else"),
    ("past", "expected 16 bytes at 16 of 'weights.bin', got a file of 28; is the file complete?"),
    ("far", "expected 16 bytes at 9223372036854775807 of 'weights.bin', got a file of 28"),
    ("overflow", "expected a number as offset of external data, got '18446744073709551616'"),
    ("negative", "expected a number as offset of external data, got '-4'"),
    ("word", "expected a number as offset of external data, got 'x'"),
    ("length", "expected 16 bytes of external data, got a length of 12"),
    ("nowhere", "expected a location of external data, got none"),
    ("memory", "is not there"), ("nul", "expected a path relative to the model's folder"),
  ])
  func whatLeavesTheFolderOrTheFileIsRefused(_ tensor: String, _ reason: String) throws {
    let problems = Importer.check(path: Corpus.path("external_refused")).problems
    let problem = try #require(problems.first { $0.message.hasPrefix("tensor '\(tensor)': ") })
    #expect(problem.kind == .externalData)
    #expect("\(problem)".contains(reason))
    #expect(problems.count == 14, "all of them are found at once")
  }

  @Test func aLinkOutOfTheFolderIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = try folder.copy("external_link")
    try folder.link("link.bin", to: "\(Corpus.modelFolder)/weights.bin")
    let error = try #require(throws: ImportError.self) { try ImportedModel(path: path) }
    #expect(error.problem.kind == .externalData)
    #expect("\(error)".contains("tensor 'linked': external data 'link.bin' lies outside the model's folder"))
    #expect("\(error)".hasPrefix("\(path): "))
  }

  @Test func aLinkWithinTheFolderIsFollowed() throws {
    let folder = try TemporaryFolder()
    let path = try folder.copy("external_link")
    try folder.write(numbers, to: "target.bin")
    try folder.link("link.bin", to: "target.bin")
    #expect(try ImportedModel(path: path).constant("linked").doubles() == [1, 2, 3, 4])
  }

  @Test func theFolderItselfMayBeALink() throws {
    let folder = try TemporaryFolder()
    try folder.link("models", to: Corpus.modelFolder)
    let model = try ImportedModel(path: "\(folder.path)/models/external.onnx")
    #expect(try model.constant("whole").doubles() == [1, 2, 3, 4])
  }

  @Test(.timeLimit(.minutes(1))) func aPipeIsRefusedWithoutWaiting() throws {
    let folder = try TemporaryFolder()
    let path = try folder.copy("external_link")
    try folder.pipe("link.bin")
    let error = try #require(throws: ImportError.self) { try ImportedModel(path: path) }
    #expect("\(error)".contains("expected external data 'link.bin' to be a file, got something else"))
  }

  @Test func aModelInMemoryReadsFilesOnlyWhereItIsTold() throws {
    let bytes = Corpus.bytes(at: Corpus.path("external"))
    let error = try #require(throws: ImportError.self) {
      try Importer.importGraph(try ONNXModel.open(bytes: bytes, name: "in-memory"))
    }
    #expect("\(error)".hasPrefix("in-memory: tensor 'whole': external data 'more/weights.bin' of a model in memory"))
    #expect("\(error)".contains("try opening the model from a file"))
    let graph = try Importer.importGraph(try ONNXModel.open(bytes: bytes, folder: Corpus.modelFolder))
    #expect(graph.constants.count == 5)
  }

  @Test func dataBeyondFourGibibytesIsReadInPlace() throws {
    let folder = try TemporaryFolder()
    let path = try folder.copy("external_large")
    // The file is a hole but for its end, and a tensor of 2 GiB is mapped, not copied.
    try folder.write(numbers, to: "large.bin", at: 5 << 30)
    let model = try ImportedModel(path: path)
    #expect(try model.constant("large").byteCount == 2 << 30)
    #expect(try model.constant("tail").doubles() == [1, 2, 3, 4])
  }
}
