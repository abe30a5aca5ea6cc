import ArgumentParser
import MassCompiler
import MassDefaults
import MassFormats
import MassRuntime

struct CompileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile", abstract: "Compiles a model into a plan.",
    discussion: """
      The plan is tuned for the shapes given and runs for all others, too. It is written beside its final name and \
      renamed when it is complete.

      EXAMPLES
        mass compile model.onnx -o model.plan
        mass compile model.onnx -o model.plan --shape image=1x3x224x224 --threads 2
        mass compile model.onnx -o model.plan --report

      PASSES
        \(Set(StandardPasses.all.map(\.name)).sorted().joined(separator: ", "))
      """)

  @Argument(help: "The ONNX model.", completion: .file(extensions: ["onnx"]))
  var model: String

  @Option(
    name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where to write the plan.", valueName: "plan"),
    completion: .file())
  var plan: String

  @OptionGroup var shape: ShapeOptions
  @OptionGroup var thread: ThreadOptions
  @OptionGroup var compilation: CompilationOptions

  @Flag(help: "Tell what every pass did, and what it nearly did.")
  var report = false

  @OptionGroup var output: OutputOptions

  func run() throws {
    let clock = ContinuousClock()
    let begin = clock.now
    let plan = try compiled()
    let seconds = begin.duration(to: clock.now).seconds
    let bytes = FileSystem.byteCount(self.plan)
    if output.json {
      print(json(plan, bytes: bytes, seconds: seconds).text())
    } else if !output.quiet {
      if report { print(PassReport(plan.report).text) }
      print("\(self.plan): \(Text.bytes(bytes)), \(plan.graph.nodes.count) steps, in \(Text.fixed(seconds, 2)) s")
    }
  }

  private func compiled() throws(Failure) -> Plan {
    let progress = output.progress
    defer { progress.clear() }
    let options = compilation.options(shapes: shape.byName, threads: thread.threads)
    Interruption.removing(PlanFile.partialPath(of: self.plan))
    let plan: Plan
    do throws(CompileError) {
      plan = try Compiler.compile(
        path: model, options: options, plugins: DefaultPlugins.all, progress: progress.compiling(model))
    } catch { throw Failure(error) }
    progress.show("\(FileSystem.name(model)): writing")
    do throws(PlanError) { try plan.write(to: self.plan) } catch { throw Failure(error, path: self.plan) }
    return plan
  }

  private func json(_ plan: Plan, bytes: Int, seconds: Double) -> JSON {
    [
      "model": .string(model), "plan": .string(self.plan), "plan_bytes": .int(bytes),
      "numerics": .string(plan.header.numerics), "steps": .int(plan.graph.nodes.count),
      "compile_ms": .double(seconds * 1e3), "passes": PassReport(plan.report).json,
    ]
  }
}

/// How a model is compiled.
struct CompilationOptions: ParsableArguments {
  @Flag(help: "Use no approximate pass or kernel.")
  var strict = false

  @Option(
    name: .customLong("disable"), parsing: .singleValue, help: ArgumentHelp("A pass to leave out.", valueName: "pass"))
  var disabled: [String] = []

  @Option(help: ArgumentHelp("Run the first passes only: to find the one that breaks a model.", valueName: "n"))
  var stopAfter: Int?

  @Flag(name: .customLong("no-tuning"), help: "Measure nothing and pack nothing for this machine.")
  var isUntuned = false

  func options(shapes: [String: [Int]], threads: Int?) -> CompileOptions {
    var options = CompileOptions()
    options.shapes = shapes
    options.threads = threads
    options.isStrict = strict
    options.disabledPasses = Set(disabled)
    options.stopAfter = stopAfter
    options.isTuned = !isUntuned
    return options
  }
}

/// What the passes did, for people and programs.
struct PassReport {
  let records: [PassRecord]

  init(_ records: [PassRecord]) { self.records = records }

  var text: String {
    records.map { record in
      let change = record.nodesBefore == record.nodesAfter ? "" : ", \(record.nodesBefore) → \(record.nodesAfter) nodes"
      let time = Text.fixed(record.milliseconds, 1)
      let head = "\(record.name): \(Text.count(record.sites.count, "hit"))\(change), \(time) ms"
      let hits = record.sites.isEmpty ? [] : ["  \(Text.list(record.sites))"]
      return ([head] + hits + record.nearMisses.map { "  not \($0.node): \($0.reason)" }).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  var json: JSON {
    .array(
      records.map { record in
        [
          "name": .string(record.name), "milliseconds": .double(record.milliseconds),
          "nodes_before": .int(record.nodesBefore), "nodes_after": .int(record.nodesAfter),
          "hits": .strings(record.sites),
          "near_misses": .array(record.nearMisses.map { ["node": .string($0.node), "reason": .string($0.reason)] }),
        ]
      })
  }
}
