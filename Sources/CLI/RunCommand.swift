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

  @OptionGroup var result: ResultOptions
  @OptionGroup var thread: ThreadOptions
  @OptionGroup var printing: OutputOptions

  func run() throws {
    let labels = try result.classNames()
    var options = CompileOptions()
    options.isTuned = false
    options.threads = thread.threads
    let model = try ModelFile(modelOrPlan).open(options, printing.progress)
    let values = try input.values(for: model.inputs, path: modelOrPlan)
    var session = Session(model, options: thread.session)
    let clock = ContinuousClock()
    let begin = clock.now
    let outputs: [Value]
    do throws(RunError) { outputs = try session.run(values) } catch { throw Failure(error, path: modelOrPlan) }
    let seconds = begin.duration(to: clock.now).seconds
    let named = Array(zip(model.outputs.map(\.name), outputs))
    try result.present(
      named, labels, of: modelOrPlan, as: [("model", .string(modelOrPlan)), ("run_ms", .double(seconds * 1e3))],
      printing)
  }
}
