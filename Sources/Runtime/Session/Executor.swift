import ThreadsShim

/// What a session owns: its arena, the programs bound so far, and the loop that runs them.
@safe final class Executor {
  private let model: Model
  private let environment: BindingEnvironment
  private let choices: KernelChoices
  private let programLimit: Int
  private let outputMemory: (@Sendable (Int) throws(TensorError) -> TensorStorage)?
  private var arena = Arena()
  /// Most recently used last.
  private var programs: [Program] = []
  private var prepared: Program?
  private var timings: [StepTime]?

  init(_ model: Model, _ options: SessionOptions, threads: Int, choices: KernelChoices) {
    self.model = model
    self.choices = choices
    programLimit = max(1, options.programLimit)
    outputMemory = unsafe options.outputMemory
    environment = BindingEnvironment(threads: threads, isStrict: options.isStrict, packed: model.packed)
  }

  private var graph: Graph { model.graph }

  // MARK: Running on values

  func run(_ inputs: [Value]) throws(RunError) -> [Value] {
    var known = try initialEnvironment(inputs)
    var start = 0
    repeat {
      let program = try program(from: start, known)
      try run(program, &known)
      start = program.endNode
      if start < graph.nodes.count {
        try runOnHost(start, &known)
        start += 1
      }
    } while start < graph.nodes.count
    var results: [Value] = []
    for id in graph.outputs {
      guard let value = known[id] ?? graph.constants[id].map({ Value.tensor($0) }) else {
        throw .missingInput(graph.name(id), type: "\(graph.type(id))")
      }
      results.append(value)
    }
    return results
  }

  func profile(_ inputs: [Value]) throws(RunError) -> (outputs: [Value], steps: [StepTime]) {
    timings = []
    defer { timings = nil }
    let outputs = try run(inputs)
    return (outputs, timings ?? [])
  }

  private func initialEnvironment(_ inputs: [Value]) throws(RunError) -> [ValueID: Value] {
    guard inputs.count == graph.inputs.count else {
      throw .inputCount(expected: graph.inputs.count, got: inputs.count)
    }
    for (id, value) in zip(graph.inputs, inputs) where graph.type(id).tensor != nil && value.tensor == nil {
      throw .inputMismatch(name: graph.name(id), expected: "\(graph.type(id))", got: "\(value.type)")
    }
    _ = try graph.bindSymbols(inputs.map { $0.tensor?.type })
    return Dictionary(uniqueKeysWithValues: zip(graph.inputs, inputs))
  }

  /// Runs one program on fresh output tensors and adds its results to `known`.
  private func run(_ program: Program, _ known: inout [ValueID: Value]) throws(RunError) {
    for (id, tensor) in program.folded { known[id] = .tensor(tensor) }
    var outputs: [Tensor] = []
    for type in program.outputTypes {
      do throws(TensorError) {
        outputs.append(try output(type.element, type.shape.constants ?? []))
      } catch { throw .node(OperatorError(op: "Output", node: "", expected: "an allocatable output", got: "\(error)")) }
    }
    let inputs = program.inputs.map { known[$0]?.tensor }
    let sources = unsafe inputs.map { unsafe $0?.baseAddress }
    let targets: [UnsafeMutableRawPointer?] = unsafe outputs.map {
      unsafe UnsafeMutableRawPointer(mutating: $0.baseAddress)
    }
    try unsafe execute(program, inputs: sources, outputs: targets)
    withExtendedLifetime(inputs) {}
    for (id, tensor) in zip(program.outputs, outputs) { known[id] = .tensor(tensor) }
  }

  /// Memory for an output, of which kernels write every byte, as they do where it is the caller's.
  private func output(_ element: ElementType, _ shape: [Int]) throws(TensorError) -> Tensor {
    guard let outputMemory, let size = element.byteCount(elements: try Tensor.elementCount(of: shape)) else {
      return try unsafe Tensor(unsafeUninitialized: element, shape: shape) { _ in }
    }
    return try Tensor(element: element, shape: shape, storage: try outputMemory(size))
  }

  /// Runs a node that no program can hold: its results' shapes depend on data, or they are not tensors.
  private func runOnHost(_ index: Int, _ known: inout [ValueID: Value]) throws(RunError) {
    let node = graph.nodes[index]
    let operands = node.inputs.map { $0.flatMap { known[$0] ?? graph.constants[$0].map { .tensor($0) } } }
    let context = EvaluationContext(node: node.name, resultCount: node.outputs.count)
    let clock = ContinuousClock()
    let begin = clock.now
    do throws(OperatorError) {
      let results = try node.op.evaluate(operands, context)
      for (id, value) in zip(node.outputs, results) { known[id] = value }
    } catch { throw .node(error) }
    let seconds = begin.duration(to: clock.now).seconds
    timings?.append(StepTime(node: index, kernel: ReferenceKernel.name, seconds: seconds))
  }

  // MARK: Running on the caller's memory

  func prepare(_ inputTypes: [TensorType]) throws(RunError) -> [TensorType]? {
    _ = try graph.bindSymbols(inputTypes.map { $0 })
    let liveIn = zip(graph.inputs, inputTypes).map { (id: $0, type: $1) }
    let program = try program(from: 0, liveIn: liveIn, known: [:])
    prepared = program
    guard program.endNode == graph.nodes.count, program.outputs.count == graph.outputs.count else { return nil }
    return program.outputTypes
  }

  func runPrepared(
    inputs: UnsafePointer<UnsafeRawPointer?>, outputs: UnsafePointer<UnsafeMutableRawPointer?>
  ) throws(RunError) {
    guard let prepared else { throw .notPrepared }
    guard prepared.endNode == graph.nodes.count else { throw .shapesKnownOnlyAfterRunning }
    try unsafe execute(prepared, inputs: inputs, outputs: outputs)
  }

  private func execute(
    _ program: Program, inputs: UnsafePointer<UnsafeRawPointer?>, outputs: UnsafePointer<UnsafeMutableRawPointer?>
  ) throws(RunError) {
    try arena.reserve(program.arenaBytes + program.scratchBytes)
    unsafe program.relocate(arena: arena.base, inputs: inputs, outputs: outputs)
    let scratch = unsafe arena.base.map { unsafe $0 + program.arenaBytes }
    let threads = Int32(clamping: environment.threads)
    mass_threads_set(threads)
    let saved = mass_floating_point_enter_team(threads)
    defer { mass_floating_point_leave_team(threads, saved) }
    do throws(OperatorError) {
      if timings == nil {
        try unsafe program.run(scratch: scratch)
      } else {
        try unsafe program.run(scratch: scratch, clock: ContinuousClock()) { step, time in
          timings?.append(StepTime(node: step.node, kernel: step.kernelName, seconds: time.seconds))
        }
      }
    } catch { throw .node(error) }
  }

  // MARK: Programs

  private func program(from start: Int, _ known: [ValueID: Value]) throws(RunError) -> Program {
    let ids = start == 0 ? graph.inputs : known.keys.filter { model.lastUse[$0.index] >= start }.sorted()
    var liveIn: [(id: ValueID, type: TensorType)] = []
    for id in ids {
      if let tensor = known[id]?.tensor, tensor.element != .string { liveIn.append((id, tensor.type)) }
    }
    return try program(from: start, liveIn: liveIn, known: [:])
  }

  private func program(
    from start: Int, liveIn: [(id: ValueID, type: TensorType)], known: [ValueID: Tensor]
  ) throws(RunError) -> Program {
    let signature = Self.signature(liveIn)
    if let at = programs.lastIndex(where: {
      $0.firstNode == start && $0.signature == signature && $0.inputs.elementsEqual(liveIn.lazy.map(\.id))
    }) {
      if at + 1 < programs.count { programs.append(programs.remove(at: at)) }
      return programs[programs.count - 1]
    }
    var binder = Binder(model, environment: environment, choices: choices)
    let bound = try binder.bind(from: start, liveIn: liveIn, known: known, signature: signature)
    if programs.count >= programLimit { programs.removeFirst() }
    programs.append(bound)
    return bound
  }

  /// Ranks and extents, one after the other.
  static func signature(_ liveIn: [(id: ValueID, type: TensorType)]) -> [Int] {
    var signature: [Int] = []
    for (_, type) in liveIn {
      signature.append(type.rank)
      signature += type.shape.constants ?? []
    }
    return signature
  }

  func kernelOffers(_ inputTypes: [TensorType]) throws(RunError) -> OfferedKernels {
    _ = try graph.bindSymbols(inputTypes.map { $0 })
    let liveIn = zip(graph.inputs, inputTypes).map { (id: $0, type: $1) }
    let signature = Self.signature(liveIn)
    var binder = Binder(model, environment: environment, choices: KernelChoices())
    return try binder.kernelOffers(liveIn: liveIn, signature: signature)
  }

  func describe(_ inputTypes: [TensorType]) throws(RunError) -> [ProgramSummary] {
    _ = try prepare(inputTypes)
    guard let program = prepared else { return [] }
    return [
      ProgramSummary(
        firstNode: program.firstNode, endNode: program.endNode, arenaBytes: program.arenaBytes,
        scratchBytes: program.scratchBytes, steps: program.steps.map { ($0.node, $0.kernelName) })
    ]
  }
}

extension Duration {
  public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
