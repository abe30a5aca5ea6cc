import ArgumentParser
import MassCompiler
import MassFormats
import MassRuntime

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Shows inputs, outputs, steps, kernels, memory and passes.",
    discussion: """
      Kernels and memory depend on shapes and threads; symbols that --shape does not settle are 1.

      EXAMPLES
        mass inspect model.plan
        mass inspect model.plan --shape image=8x3x224x224 --json
        mass inspect model.onnx --text
      """)

  @Argument(help: "The plan, or an ONNX model to compile first.", completion: .file(extensions: ["onnx", "plan"]))
  var modelOrPlan: String

  @OptionGroup var shape: ShapeOptions
  @OptionGroup var thread: ThreadOptions
  @OptionGroup var compilation: CompilationOptions

  @Flag(help: "Print the graph's text form instead.")
  var text = false

  @OptionGroup var output: OutputOptions

  func run() throws {
    var options = compilation.options(shapes: shape.byName, threads: thread.threads)
    options.isTuned = false
    let model = try ModelFile(modelOrPlan).open(options, output.progress)
    if text {
      print(model.graph.text())
      return
    }
    let inspection = try inspection(of: model)
    print(output.json ? inspection.json.text() : inspection.text)
  }

  private func inspection(of model: Model) throws(Failure) -> Inspection {
    var inspection = Inspection(path: modelOrPlan, model: model)
    var session = Session(model, options: SessionOptions(threads: thread.threads, isStrict: compilation.strict))
    inspection.threads = session.threads
    guard model.inputs.allSatisfy({ $0.type.tensor != nil }) else { return inspection }
    let types = try model.inputs.concreteTypes(shape.byName, path: modelOrPlan)
    do throws(RunError) {
      inspection.programs = try session.describe(types)
    } catch {
      if !shape.shapes.isEmpty { throw Failure(error, path: modelOrPlan) }
      inspection.obstacle = "\(error)"
    }
    inspection.packedBytes = model.packedConstants.values.reduce(0) { $0 + $1.byteCount }
    return inspection
  }
}

/// What there is to know about a model without running it.
private struct Inspection {
  let path: String
  let model: Model
  var threads = 1
  var programs: [ProgramSummary] = []
  var packedBytes = 0
  /// Why no program could be bound for the shapes.
  var obstacle: String?

  init(path: String, model: Model) {
    self.path = path
    self.model = model
  }

  private var graph: Graph { model.graph }

  /// The symbol of the axis along which requests can be joined, or why there is none.
  private var batching: Result<String, BatchObstacle> {
    do throws(BatchObstacle) { return .success(try BatchAxis(provenFor: graph).symbol) } catch {
      return .failure(error)
    }
  }

  private var arenaBytes: Int { programs.map(\.arenaBytes).max() ?? 0 }
  private var scratchBytes: Int { programs.map(\.scratchBytes).max() ?? 0 }

  /// The kernel of each node that has a step; copies the binder added have -1.
  private var steps: [(node: Int, kernel: String)] { programs.flatMap(\.steps) }

  var json: JSON {
    let header = model.plan.header
    return [
      "model": .string(path), "producer": .string(header.producer), "source": .string(header.source),
      "numerics": .string(header.numerics), "plan_bytes": .int(model.plan.byteCount), "threads": .int(threads),
      "inputs": .array(model.inputs.map(\.json)), "outputs": .array(model.outputs.map(\.json)),
      "steps": .array(
        steps.map { step in
          let node = graph.nodes.indices.contains(step.node) ? graph.nodes[step.node] : nil
          return [
            "node": .int(step.node), "operator": .string(node?.operatorName ?? "copy"), "kernel": .string(step.kernel),
            "origins": .strings(node?.origins ?? []),
            "results": .array(node?.outputs.map { graph[$0].json } ?? []),
          ]
        }),
      "memory": [
        "constant_bytes": .int(graph.constantBytes), "packed_bytes": .int(packedBytes), "arena_bytes": .int(arenaBytes),
        "scratch_bytes": .int(scratchBytes),
      ],
      "target": model.plan.target.map { ["processor": .string($0.processor), "threads": .int($0.threads)] } ?? .null,
      "batching": batchingJSON, "passes": PassReport(model.plan.report).json,
      "nodes": .int(graph.nodes.count), "obstacle": obstacle.map { .string($0) } ?? .null,
    ]
  }

  private var batchingJSON: JSON {
    switch batching {
    case .success(let symbol): ["axis": .string(symbol), "obstacle": .null]
    case .failure(let obstacle): ["axis": .null, "obstacle": .string("\(obstacle)")]
    }
  }

  private var batchingLine: String {
    switch batching {
    case .success(let symbol): "rows along \(symbol) are independent: requests can be joined into batches"
    case .failure(let obstacle): "no batches: \(obstacle)"
    }
  }

  var text: String {
    let header = model.plan.header
    let size = model.plan.byteCount > 0 ? ", \(Text.bytes(model.plan.byteCount))" : ""
    var lines = ["\(path): \(header.source), \(header.numerics), by \(header.producer)\(size)", ""]
    lines += model.inputs.map { "input   \($0.name): \($0.type)" }
    lines += model.outputs.map { "output  \($0.name): \($0.type)" }
    lines += ["", stepTable, "", memoryLine, batchingLine]
    if let target = model.plan.target {
      lines.append("tuned for \(target.processor), \(Text.count(target.threads, "thread"))")
    }
    let busy = model.plan.report.filter { !$0.sites.isEmpty || $0.nodesBefore != $0.nodesAfter }
    if !busy.isEmpty {
      let rows = busy.map { record in
        [record.name, Text.count(record.sites.count, "hit"), "\(record.nodesBefore) → \(record.nodesAfter) nodes"]
      }
      lines += ["", Text.table(rows)]
    }
    return lines.joined(separator: "\n")
  }

  private var stepTable: String {
    if let obstacle { return "no steps for these shapes: \(obstacle)" }
    let rows = steps.enumerated().map { i, step -> [String] in
      guard graph.nodes.indices.contains(step.node) else { return ["\(i)", "copy", step.kernel, "", ""] }
      let node = graph.nodes[step.node]
      let result = node.outputs.first.map { "\(graph.type($0))" } ?? ""
      return ["\(i)", node.operatorName, step.kernel, result, Text.list(node.origins, limit: 3)]
    }
    return Text.table([["step", "operator", "kernel", "result", "from"]] + rows, right: [0])
  }

  private var memoryLine: String {
    "constants \(Text.bytes(graph.constantBytes)), packed \(Text.bytes(packedBytes)), arena \(Text.bytes(arenaBytes)), "
      + "scratch \(Text.bytes(scratchBytes)), \(Text.count(threads, "thread"))"
  }
}
