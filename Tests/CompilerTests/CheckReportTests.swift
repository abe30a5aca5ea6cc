import MassCompiler
import MassRuntime
import OperatorCases
import Testing

/// A model of the corpus that cannot be imported, with every problem in order.
struct Refusal: Sendable, CustomTestStringConvertible {
  let model: String
  /// Part of the text of each problem.
  let problems: [String]
  var testDescription: String { model }

  init(_ model: String, _ problems: String...) {
    self.model = model
    self.problems = problems
  }
}

/// `check` names every problem at once: the node, its operator, what was expected, what came, and what to do.
@Suite struct CheckReportTests {
  static let structure = [
    Refusal("cycle", "node 'one': nodes need each other: one ← three ← two ← one", "itself ← itself"),
    Refusal(
      "missing", "node 'first' (Add): input 'nope' is defined by no node, input or initializer",
      "node 'second' (Relu): input 'nope' is defined", "output 'nothing' is defined by no node, input or initializer"),
    Refusal(
      "duplicates", "initializer 'w' is defined more than once", "input 'x' is declared more than once",
      "node 'two' (Exp): value 'y' is defined more than once",
      "node 'three' (Tanh): value 'x' is defined more than once"),
    Refusal("no_graph", "expected a model with a graph, got none; is this an ONNX model?"),
    Refusal("opset_older", "opset: expected 7 or later, got 6; try onnx.version_converter"),
    Refusal(
      "opset_none",
      "node 'one': the model does not say which opset of ai.onnx it is written in; its opset_import needs an entry"),
  ]

  static let nodes = [
    Refusal(
      "unsupported", "node 'frob1' (com.acme:Frob): operator Frob of com.acme opset 3 is not supported",
      "node 'grind' (com.acme:Grind): operator Grind",
      "node 'odd' (NoSuchThing): operator NoSuchThing of ai.onnx opset 17 is not supported"),
    Refusal(
      "attributes", "node 'text' (Concat): attribute 'axis': expected an integer, got a string",
      "node 'absent' (Concat): expected attribute 'axis', got none",
      "node 'single' (Transpose): attribute 'perm': expected a list of integers, got an integer",
      "node 'type' (Cast): attribute 'to' names element type 99, which is not supported",
      "node 'empty' (Concat): attribute 'axis': expected an integer, got no value of attribute type 5"),
    Refusal(
      "operands", "node 'mixed' (Add): expected operands of one element type, got f32 and i64",
      "node 'product' (MatMul): expected as many columns in A f32[2x3] as rows in B f32[2x3], got 3 and 2",
      "node 'bare' (Relu): expected 1 to 1 operands, got 0"),
    Refusal("function_recursion", "node 'start/to/back' (f:Ping): the function calls itself"),
    Refusal(
      "function_calls", "node 'many' (f:One): expected at most 1 inputs and 1 outputs, got 2 and 1",
      "node 'right' (f:One): the function's output 'o' is never made"),
    Refusal("function_depth", "(D1): expected functions nested at most 64 deep, got more"),
  ]

  static let tensors = [
    Refusal(
      "tensors_refused", "tensor 'short': expected 16 bytes for f32[4], got 3", "tensor 'long': expected 4 bytes",
      "tensor 'none': expected 4 values for f32[4], got 0", "tensor 'few': expected 4 values for f32[4], got 2",
      "tensor 'field': expected 1 values for f32[1], got 0", "tensor 'words': expected 3 strings for string[3], got 1",
      "tensor 'undefined': element type undefined", "tensor 'float6': element type 27 (float6e2m3) is not supported",
      "tensor 'future': element type 4000 is not supported", "tensor 'negative': shape [-1] has a negative extent",
      "tensor 'segment': expected a whole tensor, got a segment of one", "tensor 'elsewhere': expected a location"),
    Refusal(
      "sparse_refused", "sparse tensor 'beyond': expected ascending indices within [2, 3], got others at entry 0",
      "'descending': expected ascending indices within [2, 3], got others at entry 1", "'twice'", "'negative'",
      "'rank': expected i64 indices of shape [1] or [1, 2], got i64[1x3]",
      "'large': expected at most 268435456 bytes when dense, got 1073741824", "'overflow'", "'extent'"),
    Refusal(
      "huge", "'product': shape [4611686018427387904, 4611686018427387904] has more elements than an Int can count",
      "'bytes': a tensor f64[2305843009213693952] exceeds the limit", "'limit': a tensor f32[549755813888] exceeds",
      "'extreme'"),
  ]

  @Test(arguments: structure + nodes + tensors) func everyProblemIsNamed(_ refusal: Refusal) {
    let problems = Importer.check(path: Corpus.path(refusal.model)).problems
    #expect(problems.count == refusal.problems.count, "\(problems.map(\.description))")
    for (problem, text) in zip(problems, refusal.problems) {
      #expect(problem.description.contains(text), "expected '\(text)' in '\(problem)'")
    }
  }

  @Test func everyKindOfProblemIsFoundAtOnce() {
    let report = Importer.check(path: Corpus.path("everything"))
    let kinds: [Problem.Kind] = [
      .opset, .tensor, .externalData, .unsupportedType, .duplicateName, .cycle, .unsupportedOperator, .attribute,
      .operands, .missingInput, .function, .missingOutput,
    ]
    #expect(report.problems.map(\.kind) == kinds)
    #expect(report.problemCount == kinds.count)
    #expect(!report.isClean)
  }

  @Test func problemsAlikeAreOneWithTheirNodes() throws {
    let report = Importer.check(path: Corpus.path("unsupported"))
    #expect(report.problems.map(\.nodes) == [["frob1", "frob2", "frob3"], ["grind"], ["odd"]])
    #expect(report.problems.map(\.count) == [3, 1, 1])
    #expect(report.problemCount == 5)
    #expect(report.operatorCounts.map(\.name) == ["NoSuchThing", "Relu", "com.acme:Frob", "com.acme:Grind"])
    #expect(report.operatorCounts.map(\.count) == [1, 1, 3, 1])
    #expect(report.operatorCounts.map(\.isSupported) == [false, true, false, false])
    #expect(report.nodeCount == 6)
    #expect(report.opsets.map(\.version) == [17, 3])
  }

  @Test func whatFollowsFromAProblemIsNotAnother() {
    let report = Importer.check(path: Corpus.path("operands"))
    #expect(!report.problems.contains { $0.nodes.contains("after") }, "its operand is what 'mixed' failed to make")
  }

  @Test func theErrorIsTheFirstProblemAndCountsTheOthers() throws {
    let path = Corpus.path("unsupported")
    let error = try #require(throws: ImportError.self) { try ImportedModel(path: path) }
    #expect(error.problem.kind == .unsupportedOperator)
    #expect(error.problemCount == 5)
    #expect(
      error.description
        == "\(path): node 'frob1' (com.acme:Frob): operator Frob of com.acme opset 3 is not supported "
        + "(and 4 more; `mass check` lists them all)")
  }
}

/// What is worth a word but no refusal, and what cannot be opened at all.
@Suite struct CheckReportFileTests {
  @Test func aCleanModelIsDescribed() {
    let report = Importer.check(path: Corpus.path("plain"))
    #expect(report.isClean && report.warnings.isEmpty)
    #expect(report.producer == "make_models" && report.irVersion == 10)
    #expect(report.inputs.map(\.name) == ["x"] && report.outputs.map(\.name) == ["y"])
    #expect(report.constantBytes == 40 && report.nodeCount == 4)
  }

  @Test func newerVersionsAreReadWithAWarning() {
    let report = Importer.check(path: Corpus.path("opset_newer"))
    #expect(report.isClean)
    #expect(report.warnings.map(\.kind) == [.opset])
    #expect(report.warnings.first?.description.contains("opset 99 is newer than 28") == true)
    let newer = Importer.check(path: Corpus.path("ir_newer"))
    #expect(newer.isClean && newer.irVersion == 99)
  }

  @Test func wrongDeclarationsAreWarnings() {
    let report = Importer.check(path: Corpus.path("declared"))
    #expect(report.isClean)
    #expect(
      report.warnings.map(\.description) == [
        "value 'h' is declared as f32[Nx4xM] but computed as f32[Nx3xx_d2]",
        "value 'y' is declared as i64[Nx3xM] but computed as f32[Nx3xx_d2]",
      ])
  }

  @Test func unusedAttributesAreWarnings() {
    let warnings = Importer.check(path: Corpus.path("attributes")).warnings
    #expect(warnings.map(\.description) == ["node 'extra' (Relu): attribute 'bogus' is not used"])
  }

  @Test func emptyTensorsOfHugeExtentsAreNoProblem() {
    let problems = Importer.check(path: Corpus.path("huge")).problems
    #expect(!problems.contains { $0.message.contains("empty") })
  }

  @Test(arguments: [
    ("none.onnx", "cannot be opened"), ("", "is not a regular file"), ("weights.bin", "is not valid ONNX protobuf"),
  ])
  func filesThatAreNoModelsAreRefused(_ name: String, _ reason: String) throws {
    let path = "\(Corpus.modelFolder)/\(name)"
    let report = Importer.check(path: path)
    #expect(report.problems.map(\.kind) == [.unreadable])
    let error = try #require(throws: ImportError.self) { try ImportedModel(path: path) }
    #expect(error.description.hasPrefix("\(path): ") && error.description.contains(reason), "\(error)")
  }

  @Test func anEmptyFileIsNoModel() throws {
    let error = try #require(throws: ImportError.self) { try ONNXModel.open(bytes: [], name: "nothing") }
    #expect(error.description == "nothing: expected a model with a graph, got none; is this an ONNX model?")
  }
}
