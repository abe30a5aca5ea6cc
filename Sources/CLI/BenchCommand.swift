import ArgumentParser
import MassCompiler
import MassDefaults
import MassFormats
import MassRuntime

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures opening, first inference, latency and memory.",
    discussion: """
      Inputs that are not given are made up, the same every time: random floats, small integers. A model is compiled to \
      a temporary plan by another process first, so that all figures are those of its plan.

      EXAMPLES
        mass bench model.plan --threads 1 --json
        mass bench model.onnx --shape image=8x3x224x224 --duration 10
      """)

  @Argument(help: "The plan, or an ONNX model to compile first.", completion: .file(extensions: ["onnx", "plan"]))
  var modelOrPlan: String

  @OptionGroup var shape: ShapeOptions
  @OptionGroup var input: InputOptions
  @OptionGroup var thread: ThreadOptions

  @Option(help: "Seconds to measure.")
  var duration = 3.0

  @Option(help: "Seconds to run before measuring.")
  var warmup = 0.5

  @Flag(help: "Compile a model without approximate passes and kernels.")
  var strict = false

  @OptionGroup var output: OutputOptions

  func validate() throws {
    for (name, value) in [("--duration", duration), ("--warmup", warmup)] where !(0...86_400).contains(value) {
      throw ValidationError("\(name): expected 0 to 86400 seconds, got \(value)")
    }
  }

  func run() throws {
    let file = try ModelFile(modelOrPlan)
    let temporary = file.isPlan ? nil : try TemporaryPlan(compiling: modelOrPlan, options: compileOptions)
    defer { temporary?.remove() }
    let report = try measure(temporary?.path ?? modelOrPlan)
    if output.json {
      print(report.json(model: modelOrPlan).text())
    } else if !output.quiet {
      print(report.text)
    }
  }

  private var compileOptions: [String] {
    let shapes = shape.shapes.flatMap { ["--shape", $0.description] }
    let threads = thread.threads.map { ["--threads", "\($0)"] } ?? []
    return shapes + threads + (strict ? ["--strict"] : []) + (output.quiet || output.json ? ["--quiet"] : [])
  }

  private func measure(_ plan: String) throws(Failure) -> BenchReport {
    let clock = ContinuousClock()
    let opening = clock.now
    let model: Model
    do throws(PlanError) { model = try Model.open(path: plan, plugins: DefaultPlugins.all) } catch {
      throw Failure(error, path: plan)
    }
    var session = Session(model, options: SessionOptions(threads: thread.threads, isStrict: strict))
    let loaded = opening.duration(to: clock.now).seconds
    let values = try ModelInputs(input, shape).values(for: model.inputs, path: modelOrPlan)
    let progress = output.progress
    defer { progress.clear() }
    var report = BenchReport(model: model, threads: session.threads, loadSeconds: loaded)
    let begin = clock.now
    let loop = try Failure.inRun(of: modelOrPlan) { () throws(RunError) in try InferenceLoop(&session, values) }
    try Failure.inRun(of: modelOrPlan) { () throws(RunError) in try loop.runOnce(&session) }
    report.firstRunSeconds = begin.duration(to: clock.now).seconds
    progress.show("\(FileSystem.name(modelOrPlan)): measuring")
    _ = try Failure.inRun(of: modelOrPlan) { () throws(RunError) in try loop.times(&session, seconds: warmup) }
    report.times = try Failure.inRun(of: modelOrPlan) { () throws(RunError) in
      try loop.times(&session, seconds: duration)
    }
    return report
  }
}

/// Runs one session again and again on the same memory.
@safe struct InferenceLoop {
  private let values: [Value]
  /// Results of prepared runs; nil when the outputs' shapes depend on data.
  private let outputs: [Tensor]?
  private let sources: [UnsafeRawPointer?]
  private let targets: [UnsafeMutableRawPointer?]

  /// Binds the session to the inputs' shapes.
  init(_ session: inout Session, _ values: [Value]) throws(RunError) {
    self.values = values
    let tensors = values.compactMap(\.tensor)
    let areDense = tensors.count == values.count && tensors.allSatisfy { $0.element != .string }
    let types = areDense ? try session.prepare(tensors.map(\.type)) : nil
    let outputs = types.flatMap { types in
      try? types.map { try Tensor(element: $0.element, shape: $0.shape.constants ?? []) }
    }
    self.outputs = outputs
    unsafe sources = tensors.map { unsafe $0.baseAddress }
    unsafe targets = (outputs ?? []).map { unsafe UnsafeMutableRawPointer(mutating: $0.baseAddress) }
  }

  func runOnce(_ session: inout Session) throws(RunError) {
    if outputs == nil {
      _ = try session.run(values)
    } else {
      try unsafe session.run(inputs: sources, outputs: targets)
    }
  }

  /// The seconds of every run within `seconds`, three runs at least.
  func times(_ session: inout Session, seconds: Double) throws(RunError) -> [Double] {
    let clock = ContinuousClock()
    let begin = clock.now
    var times: [Double] = []
    times.reserveCapacity(1 << 16)
    repeat {
      let start = clock.now
      try runOnce(&session)
      times.append(start.duration(to: clock.now).seconds)
    } while times.count < 3 || begin.duration(to: clock.now).seconds < seconds
    return times
  }
}

/// What a bench run found.
private struct BenchReport {
  let planBytes: Int
  let precision: String
  let threads: Int
  let loadSeconds: Double
  var firstRunSeconds = 0.0
  var times: [Double] = []

  init(model: Model, threads: Int, loadSeconds: Double) {
    planBytes = model.plan.byteCount
    precision = model.plan.header.numerics.split(separator: " ").first.map(String.init) ?? "f32"
    self.threads = threads
    self.loadSeconds = loadSeconds
  }

  /// Minimum, median, 90 % and 99 % quantiles and mean in milliseconds.
  private var latencies: [(String, Double)] {
    let sorted = times.sorted()
    func at(_ share: Double) -> Double { sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))] }
    let middle = sorted.count / 2
    let median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    let mean = sorted.reduce(0, +) / Double(sorted.count)
    return [("min", sorted[0]), ("median", median), ("p90", at(0.9)), ("p99", at(0.99)), ("mean", mean)].map {
      ($0, $1 * 1e3)
    }
  }

  func json(model: String) -> JSON {
    [
      "model": .string(model), "plan_bytes": .int(planBytes), "threads": .int(threads), "precision": .string(precision),
      "load_ms": .double(loadSeconds * 1e3), "first_run_ms": .double(firstRunSeconds * 1e3),
      "latency_ms": .object(latencies.map { ($0, .double($1)) }), "runs": .int(times.count),
      "peak_rss_mb": ProcessMemory.peakMegabytes.map { .double($0) } ?? .null,
    ]
  }

  var text: String {
    var rows = [
      ["plan", Text.bytes(planBytes)], ["threads", "\(threads)"], ["precision", precision],
      ["load", Text.fixed(loadSeconds * 1e3, 2) + " ms"], ["first run", Text.fixed(firstRunSeconds * 1e3, 2) + " ms"],
    ]
    rows += latencies.map { [$0, Text.fixed($1, 3) + " ms"] }
    rows.append(["runs", "\(times.count)"])
    if let peak = ProcessMemory.peakMegabytes { rows.append(["peak memory", Text.fixed(peak, 1) + " MB"]) }
    return Text.table(rows)
  }
}
