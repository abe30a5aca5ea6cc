import ArgumentParser
import MassClient
import MassFormats
import MassRuntime

struct PredictCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Asks a served model once and shows or writes its outputs.",
    discussion: """
      The server may be any that speaks the Open Inference Protocol, version 2, over HTTP with binary tensor data: \
      mass serve, Triton and others. Inputs are prepared as `mass run` does it.

      EXAMPLES
        mass predict http://localhost:8000/v2/models/digits --input image=models/pictures/digit-7.png \
      --top 3 --labels models/digits.labels.txt
        mass predict http://localhost:8000/v2/models/digits/versions/1 --inputs models/digits.inputs.npz --output y.npz
      """)

  @Argument(help: ArgumentHelp("http://HOST:PORT/v2/models/NAME, with /versions/N for one version.", valueName: "url"))
  var url: String

  @OptionGroup var input: InputOptions
  @OptionGroup var result: ResultOptions

  @Option(help: ArgumentHelp("What the server's log and answer call the request.", valueName: "id"))
  var requestId: String?

  @Option(help: ArgumentHelp("Seconds to wait for each answer.", valueName: "s"))
  var timeout = 60.0

  @OptionGroup var security: SecurityOptions
  @OptionGroup var printing: OutputOptions

  func validate() throws {
    try RemoteModel.validate(url)
    guard timeout > 0, timeout <= 86_400 else {
      throw ValidationError("--timeout: expected more than 0 and at most 86400 seconds, got \(timeout)")
    }
  }

  func run() async throws {
    let labels = try result.classNames()
    let model = try await RemoteModel(url, timeout: timeout, security: security.read())
    let request = try model.request(input.orderedValues(for: model.inputs, path: model.url), id: requestId)
    let clock = ContinuousClock()
    let begin = clock.now
    let response = try await model.infer(request)
    let seconds = begin.duration(to: clock.now).seconds
    var members: [(String, JSON)] = [
      ("url", .string(model.url)), ("model", .string(response.modelName)),
      ("version", response.modelVersion.map { .string($0) } ?? .null),
    ]
    if let id = response.id { members.append(("id", .string(id))) }
    members.append(("request_ms", .double(seconds * 1e3)))
    try result.present(
      response.outputs.map { ($0.name, .tensor($0.tensor)) }, labels, of: model.url, as: members, printing)
  }
}
