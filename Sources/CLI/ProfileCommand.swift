import ArgumentParser
import MassCompiler
import MassFormats
import MassRuntime

struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile", abstract: "Shows what every step costs.",
    discussion: """
      GFLOP/s counts multiplications and additions of convolutions, matrix products, attention and recurrent layers; \
      GB/s counts the bytes of every operand and result once.

      EXAMPLES
        mass profile model.plan
        mass profile model.plan --inputs inputs.npz --runs 50 --json
        mass profile model.plan --chrome trace.json
      """)

  @Argument(help: "The plan, or an ONNX model to compile first.", completion: .file(extensions: ["onnx", "plan"]))
  var modelOrPlan: String

  @OptionGroup var shape: ShapeOptions
  @OptionGroup var input: InputOptions
  @OptionGroup var thread: ThreadOptions

  @Option(help: "Runs to average.")
  var runs = 20

  @Option(help: "Runs before that.")
  var warmup = 3

  @Option(
    help: ArgumentHelp("Write a trace for chrome://tracing or Perfetto.", valueName: "file.json"), completion: .file())
  var chrome: String?

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...1_000_000).contains(runs) else { throw ValidationError("--runs: expected 1 to 1000000, got \(runs)") }
    guard (0...1_000_000).contains(warmup) else { throw ValidationError("--warmup: expected 0 or more, got \(warmup)") }
  }

  func run() throws {
    let profile = try measured()
    if let chrome { try TextFile.write(profile.trace.text(isIndented: false), to: chrome) }
    if output.json {
      print(profile.json.text())
    } else if !output.quiet {
      print(profile.text)
    }
  }

  private func measured() throws(Failure) -> Profile {
    var options = CompileOptions()
    options.shapes = shape.byName
    options.threads = thread.threads
    let progress = output.progress
    let model = try ModelFile(modelOrPlan).open(options, progress)
    let values = try ModelInputs(input, shape).values(for: model.inputs, path: modelOrPlan)
    var session = Session(model, options: thread.session)
    var profile = Profile(model: model, path: modelOrPlan, threads: session.threads, inputs: values)
    defer { progress.clear() }
    for i in 0..<warmup + runs {
      progress.show("\(FileSystem.name(modelOrPlan)): running", fraction: Double(i) / Double(warmup + runs))
      let steps: [StepTime]
      do throws(RunError) { steps = try session.profile(values).steps } catch {
        throw Failure(error, path: modelOrPlan)
      }
      if i >= warmup { profile.add(steps) }
    }
    return profile
  }
}

/// Mean times of a model's steps.
private struct Profile {
  private struct Row {
    var time: StepTime
    var cost: StepCost
    var origins: [String]
    var op: String
  }

  private let path: String
  private let threads: Int
  private let model: Model
  private let costs: [StepCost]
  private var times: [StepTime] = []
  private var count = 0

  init(model: Model, path: String, threads: Int, inputs: [Value]) {
    self.path = path
    self.threads = threads
    self.model = model
    costs = StepCost.all(in: model.graph, inputs: inputs)
  }

  /// Adds one run; a run of other steps than the first is left out.
  mutating func add(_ steps: [StepTime]) {
    guard count > 0 else {
      times = steps
      count = 1
      return
    }
    guard steps.map(\.node) == times.map(\.node) else { return }
    for (i, step) in steps.enumerated() { times[i].seconds += step.seconds }
    count += 1
  }

  private var rows: [Row] {
    times.map { total in
      var time = total
      time.seconds /= Double(max(count, 1))
      guard model.graph.nodes.indices.contains(time.node) else {
        return Row(time: time, cost: StepCost(), origins: [], op: "copy")
      }
      let node = model.graph.nodes[time.node]
      return Row(time: time, cost: costs[time.node], origins: node.origins, op: node.operatorName)
    }
  }

  private var seconds: Double { rows.reduce(0) { $0 + $1.time.seconds } }

  var text: String {
    let total = max(seconds, .leastNonzeroMagnitude)
    let head = ["step", "µs", "share", "GFLOP/s", "GB/s", "operator", "kernel", "from"]
    let body = rows.enumerated().map { i, row in
      [
        "\(i)", Text.fixed(row.time.seconds * 1e6, 1), Text.percent(row.time.seconds / total),
        row.cost.operationRate(row.time.seconds).map { Text.fixed($0, 1) } ?? "",
        row.cost.byteRate(row.time.seconds).map { Text.fixed($0, 1) } ?? "", row.op, row.time.kernel,
        Text.list(row.origins, limit: 3),
      ]
    }
    let sums = byKernel.map { [$0.0, Text.fixed($0.1 * 1e6, 1), Text.percent($0.1 / total)] }
    return """
      \(Text.table([head] + body, right: [0, 1, 2, 3, 4]))

      \(Text.table([["kernel", "µs", "share"]] + sums, right: [1, 2]))

      \(Text.fixed(total * 1e3, 3)) ms in \(times.count) steps, mean of \(Text.count(count, "run")), \(Text.count(threads, "thread"))
      """
  }

  /// Seconds of every kernel, the largest first.
  private var byKernel: [(String, Double)] {
    var sums: [String: Double] = [:]
    for row in rows { sums[row.time.kernel, default: 0] += row.time.seconds }
    return sums.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
  }

  var json: JSON {
    let total = max(seconds, .leastNonzeroMagnitude)
    let steps = rows.map { row -> JSON in
      func number(_ value: Double?) -> JSON { value.map { .double($0) } ?? .null }
      return [
        "node": .int(row.time.node), "operator": .string(row.op), "kernel": .string(row.time.kernel),
        "origins": .strings(row.origins), "us": .double(row.time.seconds * 1e6),
        "share": .double(row.time.seconds / total), "gflops": number(row.cost.operationRate(row.time.seconds)),
        "gbps": number(row.cost.byteRate(row.time.seconds)),
      ]
    }
    return [
      "model": .string(path), "threads": .int(threads), "runs": .int(count), "total_ms": .double(total * 1e3),
      "steps": .array(steps),
    ]
  }

  /// Trace events of one mean run.
  var trace: JSON {
    var start = 0.0
    let events = rows.map { row -> JSON in
      defer { start += row.time.seconds * 1e6 }
      return [
        "name": .string(row.op), "cat": .string(row.time.kernel), "ph": "X", "ts": .double(start),
        "dur": .double(row.time.seconds * 1e6), "pid": 1, "tid": 1,
        "args": ["node": .int(row.time.node), "kernel": .string(row.time.kernel), "origins": .strings(row.origins)],
      ]
    }
    return ["traceEvents": .array(events), "displayTimeUnit": "ns"]
  }
}
