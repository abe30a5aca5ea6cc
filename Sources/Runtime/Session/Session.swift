import ThreadsShim

public struct SessionOptions: Sendable {
  /// Size of the OpenMP team; nil for `ThreadCount.default`.
  public var threads: Int?
  /// Refuses approximate kernels.
  public var isStrict: Bool
  /// Programs kept for different input shapes; the least recently used goes first.
  public var programLimit: Int
  /// Gives the memory of an output, by its size in bytes: memory that is used for nothing else, aligned as
  /// `TensorStorage.alignment` says. nil for the heap.
  @unsafe public var outputMemory: (@Sendable (Int) throws(TensorError) -> TensorStorage)?

  public init(threads: Int? = nil, isStrict: Bool = false, programLimit: Int = 16) {
    self.threads = threads
    self.isStrict = isStrict
    self.programLimit = programLimit
  }
}

/// Runs a model for one caller at a time. Sessions of one model share its weights; each has its own arena.
public struct Session: ~Copyable {
  public let model: Model
  public let threads: Int
  private let executor: Executor

  public init(_ model: Model, options: SessionOptions = SessionOptions(), choices: KernelChoices? = nil) {
    self.model = model
    threads = max(1, options.threads ?? ThreadCount.default)
    executor = Executor(
      model, options, threads: threads, choices: choices ?? model.plan.target?.choices ?? KernelChoices())
  }

  /// Runs on inputs in the model's order and returns outputs in the model's order.
  public mutating func run(_ inputs: [Value]) throws(RunError) -> [Value] { try executor.run(inputs) }

  /// Runs on inputs by name.
  public mutating func run(_ inputs: [String: Value]) throws(RunError) -> [Value] {
    let known = model.inputs.map(\.name)
    if let stranger = inputs.keys.sorted().first(where: { !known.contains($0) }) {
      throw .unknownInput(stranger, known: known)
    }
    var ordered: [Value] = []
    for input in model.inputs {
      guard let value = inputs[input.name] else { throw .missingInput(input.name, type: "\(input.type)") }
      ordered.append(value)
    }
    return try executor.run(ordered)
  }

  /// Binds the model to input shapes ahead of `run(inputs:outputs:)`.
  ///
  /// - Returns: The outputs' types; nil when they depend on data, in which case only `run(_:)` works.
  public mutating func prepare(_ inputTypes: [TensorType]) throws(RunError) -> [TensorType]? {
    try executor.prepare(inputTypes)
  }

  /// Runs the prepared program on the caller's memory: dense, in the prepared types' layout, outputs not overlapping
  /// inputs. Allocates nothing.
  @unsafe public mutating func run(
    inputs: UnsafePointer<UnsafeRawPointer?>, outputs: UnsafePointer<UnsafeMutableRawPointer?>
  ) throws(RunError) {
    try unsafe executor.runPrepared(inputs: inputs, outputs: outputs)
  }

  /// As `run(_:)`, with the time each step took.
  public mutating func profile(_ inputs: [Value]) throws(RunError) -> (outputs: [Value], steps: [StepTime]) {
    try executor.profile(inputs)
  }

  /// The kernels offered for each node that runs, for the tuner to choose from.
  package mutating func kernelOffers(_ inputTypes: [TensorType]) throws(RunError) -> OfferedKernels {
    try executor.kernelOffers(inputTypes)
  }

  /// What runs for these input types, step by step, and the memory it needs.
  public mutating func describe(_ inputTypes: [TensorType]) throws(RunError) -> [ProgramSummary] {
    try executor.describe(inputTypes)
  }
}

/// One step's share of a profiled run.
public struct StepTime: Sendable {
  /// Index of the graph's node; -1 for a copy the binder added.
  public var node: Int
  public var kernel: String
  public var seconds: Double
}

/// A bound program as reports show it.
public struct ProgramSummary: Sendable {
  public var firstNode: Int
  public var endNode: Int
  public var arenaBytes: Int
  public var scratchBytes: Int
  public var steps: [(node: Int, kernel: String)]
}

/// Kernels that the nodes of a program can run on: the first program, if running reveals shapes.
package struct OfferedKernels: Sendable {
  package struct Offer: Sendable {
    package var name: String
    package var exactness: Exactness
  }

  /// Under which choices are looked up.
  package var signature: [Int]
  /// By node, best first.
  package var offers: [Int: [Offer]]
}
