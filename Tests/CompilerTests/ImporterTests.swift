import MassCompiler
import MassRuntime
import OperatorCases
import Testing

/// What must be read, and what it must become.
@Suite struct ImporterTests {
  @Test(arguments: ["typed", "raw"], ElementType.allCases)
  func everyElementTypeIsReadInEitherEncoding(_ encoding: String, _ element: ElementType) throws {
    if encoding == "raw" && element == .string { return }
    let tensor = try ImportedModel(encoding).constant("e\(element.rawValue)")
    #expect(tensor.element == element)
    #expect(tensor.shape == [5])
    switch element {
    case .string: #expect(tensor.strings == ["", "a", "\u{E9}", "four", "5"])
    case .complex64: #expect(unsafe tensor.withUnsafeBytes { unsafe Array($0.bindMemory(to: Float.self)) } == complex)
    case .complex128:
      let parts = unsafe tensor.withUnsafeBytes { unsafe Array($0.bindMemory(to: Double.self)) }
      #expect(parts == complex.map(Double.init))
    default: #expect(tensor.doubles() == expected(element))
    }
  }

  private let complex: [Float] = [1, 2, 3, 0, 0, 4, -1, 0, 0.5, 0]

  private func expected(_ element: ElementType) -> [Double] {
    switch element {
    case .bool: [1, 0, 1, 1, 0]
    case .uint2: [0, 1, 2, 3, 1]
    case .int2: [1, -2, -1, 0, 1]
    case .float8e8m0: [1, 2, 0.5, 1, 4]
    case _ where element.isFloatingPoint: [1, -2, 3, 0.5, -4]
    case _ where element.domain == .unsigned: [1, 2, 3, 0, 7]
    default: [1, -2, 3, 0, -4]
    }
  }

  @Test func aPlainModelKeepsNamesTypesAndOrigins() throws {
    let model = try ImportedModel("plain")
    let graph = model.graph
    #expect(graph.nodes.map(\.operatorName) == ["MatMul", "Binary", "Unary", "Unary"])
    #expect(graph.nodes.map(\.origins) == [["product"], ["bias"], ["clip"], ["activation"]])
    #expect(graph.inputs.map { "\(graph.name($0)): \(graph.type($0))" } == ["x: f32[Nx2]"])
    #expect(graph.outputs.map { "\(graph.name($0)): \(graph.type($0))" } == ["y: f32[Nx3]"])
    let y = try model.run(.f32([2, 2], [1, 1, -1, 0]))[0]
    #expect(y.difference(from: .f32([2, 3], [5.5, 6, 6, 0, 0, 0]), tolerance: 1e-6) == nil)
  }

  @Test func anInitializerThatIsAlsoAnInputIsAConstant() throws {
    let model = try ImportedModel("initializer_input")
    #expect(model.graph.inputs.map { model.graph.name($0) } == ["x"])
    let y = try model.run(.f32([1, 3, 2], [0, 0, 1, 1, 2, 2]))[0]
    #expect(y.doubles() == [1, 1, 3, 3, 5, 5])
  }

  @Test func nodesAreSorted() throws {
    let model = try ImportedModel("unsorted")
    #expect(model.graph.nodes.map(\.name) == ["first", "middle", "last"])
    #expect(try model.run(.f32([1, 3, 1], [-1, 0, -2]))[0].doubles() == [0.5, 0.5, 0.5])
  }

  @Test func everyOutputKeepsItsName() throws {
    let graph = try ImportedModel("aliases").graph
    #expect(graph.outputs.map { graph.name($0) } == ["y", "z", "r", "w"])
    #expect(graph.input(named: "x") != nil)
  }

  @Test func everyFormOfConstantIsRead() throws {
    let graph = try ImportedModel("constants").graph
    let constants = graph.constants.sorted { $0.key < $1.key }.map(\.value)
    let expected: [Tensor] = [
      .f32([2], [1, 2]), .i64([], [3]), .i64([2], [4, 5]), .f32([], [0.5]), .f32([2], [1.5, 2.5]),
      .strings([], ["text"]), .strings([2], ["a", "b"]), .f32([3], [0, 7, 0]),
    ]
    #expect(constants.count == expected.count)
    for (got, want) in zip(constants, expected) { #expect(got.difference(from: want, tolerance: 0) == nil) }
  }

  @Test func sparseInitializersBecomeDense() throws {
    let model = try ImportedModel("sparse")
    #expect(try model.constant("linear").doubles() == [1, 0, 2, 0, 0, 3])
    #expect(try model.constant("coordinates").doubles() == [0, 4, 0, 0, 0, 5])
    #expect(try model.constant("none").doubles() == [0, 0])
  }

  @Test func declaredShapesKeepTheirSymbols() throws {
    let graph = try ImportedModel("shapes").graph
    let types = graph.inputs.map { "\(graph.name($0)): \(graph.type($0))" }
    #expect(types[0] == "x: f32[Nx{2*N}xx_d2xx_d3x4]", "a name that reads as an expression stays a name")
    #expect(types[1] == "scalar: i64[]")
    #expect(types[3...] == ["sequence: sequence(f32[N])", "optional: optional(bool[1])"])
    #expect(graph.type(graph.inputs[2]).tensor == nil && graph.type(graph.inputs[2]).element == .float32)
  }
}

/// Functions that a model brings along.
@Suite struct ImportedFunctionTests {
  @Test func nestedFunctionsPassTheirAttributesOn() throws {
    let model = try ImportedModel("functions")
    // `Outer` is relu(beta·a + a), beta 2 unless the call says otherwise, as the second one does with 5.
    #expect(try model.run(.f32([1, 3, 1], [1, -1, 2]))[0].doubles() == [18, 0, 36])
    #expect(model.graph.nodes.prefix(3).map(\.name) == ["one/call/mul", "one/call/add", "one/relu"])
  }

  @Test func overloadsAreToldApart() throws {
    let graph = try ImportedModel("overloads").graph
    #expect(graph.nodes.map(\.name) == ["one/tanh", "two/relu"])
  }

  @Test(.timeLimit(.minutes(1))) func multiplyingFunctionsAreStopped() {
    let report = Importer.check(path: Corpus.path("function_bomb"))
    #expect(report.problems.map(\.kind) == [.limit])
    #expect(report.problems.first?.message.contains("expected at most 250000 nodes when inlined, got more") == true)
  }
}

/// Sub-graphs inside attributes.
@Suite struct NestedGraphTests {
  @Test func thirtyGraphsInsideOneAnotherAreRead() throws {
    var depth = 0
    var graph: ONNXGraph? = try ONNXModel.open(path: Corpus.path("nested")).graph
    while let inside = graph {
      depth += 1
      graph = inside.nodes[0].attributes.first.flatMap { attribute in
        if case .graph(let body) = attribute.value { body } else { nil }
      }
    }
    #expect(depth == 31)
  }

  @Test func deeperFilesAreRefusedNotOverflowed() {
    let report = Importer.check(path: Corpus.path("nested_too_deep"))
    #expect(report.problems.map(\.kind) == [.unreadable])
    #expect(report.problems.first?.message.contains("nested deeper than 100 messages") == true)
  }

  @Test func problemsInsideBodiesAreFound() {
    let report = Importer.check(path: Corpus.path("bodies"))
    #expect(report.problems.map(\.op) == ["com.acme:Choose", "com.acme:Frob"])
    #expect(report.problems.last?.nodes == ["choose/0/frob"])
  }
}
