import ArgumentParser
import MassCompiler
import MassFormats
import MassRuntime

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Runs a model once and shows or writes its outputs.",
    discussion: """
      A picture is converted to the channels and scaled to the size of its input (bilinear, averaging when it shrinks). \
      Inputs of floats get (sample / 255 - mean) / std, inputs of bytes the samples.

      EXAMPLES
        mass run model.plan --input x=x.npy --output y.npz
        mass run model.plan --inputs inputs.npz
        mass run model.onnx --input-dir test_data_set_0
        mass run model.plan --input image=cat.jpg --image-mean 0.485,0.456,0.406 --image-std 0.229,0.224,0.225 \
      --top 5 --labels labels.txt
      """)

  @Argument(help: "The plan, or an ONNX model to compile first.", completion: .file(extensions: ["onnx", "plan"]))
  var modelOrPlan: String

  @OptionGroup var input: InputOptions

  @Option(help: ArgumentHelp("Write the outputs to an archive, in the model's order.", valueName: "file.npz"))
  var output: String?

  @Option(help: ArgumentHelp("Show the K largest scores of the first output of floats, as they are.", valueName: "k"))
  var top: Int?

  @Option(help: ArgumentHelp("The classes' names, one a line.", valueName: "file"), completion: .file())
  var labels: String?

  @OptionGroup var thread: ThreadOptions
  @OptionGroup var printing: OutputOptions

  func validate() throws {
    if let top, top < 1 { throw ValidationError("--top: expected 1 or more, got \(top)") }
    if labels != nil && top == nil { throw ValidationError("--labels: expected --top beside it") }
  }

  func run() throws {
    let labels = try labels.map { file throws(Failure) in try Ranking.labels(file) }
    var options = CompileOptions()
    options.isTuned = false
    options.threads = thread.threads
    let model = try ModelFile(modelOrPlan).open(options, printing.progress)
    let values = try input.values(for: model, path: modelOrPlan)
    var session = Session(model, options: thread.session)
    let clock = ContinuousClock()
    let begin = clock.now
    let outputs: [Value]
    do throws(RunError) { outputs = try session.run(values) } catch { throw Failure(error, path: modelOrPlan) }
    let seconds = begin.duration(to: clock.now).seconds
    let named = Array(zip(model.outputs.map(\.name), outputs))
    if let output { try write(named, to: output) }
    try show(named, labels, seconds: seconds)
  }

  private func write(_ outputs: [(String, Value)], to path: String) throws(Failure) {
    var tensors: [(name: String, tensor: Tensor)] = []
    for (name, value) in outputs where !tensors.contains(where: { $0.name == name }) {
      guard let tensor = value.tensor else {
        throw Failure("\(path): output '\(name)' is \(value.type), which a .npz archive cannot hold")
      }
      tensors.append((name, tensor))
    }
    try Interruption.postponed { () throws(Failure) in
      try Failure.inFormat { () throws(FormatError) in try NPZArchive.write(tensors, to: path) }
    }
  }

  private func show(_ outputs: [(String, Value)], _ labels: [String]?, seconds: Double) throws(Failure) {
    let rankings = try top.map { count throws(Failure) in
      try Ranking.ofFirst(outputs, count: count, labels: labels, path: modelOrPlan)
    }
    let summaries = outputs.map { ValueSummary(name: $0, $1) }
    if printing.json {
      var members: [(String, JSON)] = [
        ("model", .string(modelOrPlan)), ("run_ms", .double(seconds * 1e3)),
        ("outputs", .array(summaries.map(\.json))),
      ]
      if let rankings { members.append(("top", .array(rankings.map(\.json)))) }
      print(JSON.object(members).text())
    } else if !printing.quiet {
      print(Text.table(summaries.map(\.cells)))
      for ranking in rankings ?? [] { print(ranking.text) }
    }
  }
}
