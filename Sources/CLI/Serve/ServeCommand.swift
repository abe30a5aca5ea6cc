import ArgumentParser
import Logging
import MassFormats
import MassServing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serve the models of a folder over HTTP and gRPC.",
    discussion: """
      The repository is a folder of models: NAME/VERSION/model.plan, or model.onnx, which is compiled on its first load. \
      docs/serving.md describes the protocols, NAME/model.json, the configuration's file and the log.

      EXAMPLES
        mass serve --repository models
        mass serve --config server.json
        mass serve --config server.json --check
        curl localhost:8000/v2/models
      """)

  @Option(
    help: ArgumentHelp(
      "The server's configuration, a JSON file; options of the command line win over it. SIGHUP has it read again.",
      valueName: "FILE"),
    completion: .file(extensions: ["json"]))
  var config: String?
  @Flag(
    help: """
      Check the configuration and every model that would be served, and leave: exit status 0 when nothing is wrong, 1 when \
      something is. Addresses are not tried.
      """)
  var check = false
  @Flag(help: "Print what the check finds as JSON.")
  var json = false
  @Flag(help: "Check without compiling: of ONNX models only those whose plan is kept are tried.")
  var noCompile = false

  @OptionGroup var options: ServeOptions

  func validate() throws {
    if !check, json { throw ValidationError("--json belongs to --check") }
    if !check, noCompile { throw ValidationError("--no-compile belongs to --check") }
    if check, !options.model.isEmpty { throw ValidationError("--check is for folders of models, not for --model") }
    if config == nil, options.repository == nil, options.model.isEmpty {
      throw ValidationError("name the folder of models: --repository DIR, or 'repository' in the file of --config")
    }
  }

  func run() async throws {
    // What asks for a reload must not end a server that does not listen for it yet.
    signal(SIGHUP, SIG_IGN)
    if check {
      let report = await ServeCheck(config: config, options: options, compiles: !noCompile).run()
      print(json ? report.json.text() : report.text)
      if !report.isClean { throw ExitCode(1) }
      return
    }
    let source = ConfigurationSource(file: config, options: options)
    let log = Logger(label: "mass") { _ in JSONLogHandler() }
    do {
      try await InferenceServer(try serverOptions(source), log: log).run()
    } catch { throw Failure("cannot serve: \(error)") }
  }

  private func serverOptions(_ source: ConfigurationSource) throws(Failure) -> ServerOptions {
    let configuration: ServerConfiguration
    let models: [SingleModel]
    do throws(ServingError) {
      configuration = try source.read()
      models = try self.options.models()
    } catch { throw Failure("\(error)") }
    guard let repository = models.isEmpty ? configuration.repository : "" else {
      throw Failure(
        "\(config ?? "--config"): 'repository' is missing; name the folder of models there or with --repository")
    }
    guard !models.isEmpty || FileSystem.names(in: repository) != nil else {
      throw Failure("\(repository): cannot read this folder: \(unsafe String(cString: strerror(errno)))")
    }
    var options: ServerOptions
    do throws(ServingError) { options = try ServerOptions(configuration, repository: repository) } catch {
      throw Failure("\(error)")
    }
    options.repository.models = models
    if source.file != nil { options.reload.reread = { () throws(ServingError) in try source.read() } }
    return options
  }
}

/// Where the configuration comes from: a file, if there is one, and the command line.
struct ConfigurationSource: Sendable {
  let file: String?
  private let options: ServeOptions

  init(file: String?, options: ServeOptions) {
    self.file = file
    self.options = options
  }

  /// - Throws: What is wrong with the file.
  func read() throws(ServingError) -> ServerConfiguration {
    var configuration = ServerConfiguration()
    if let file { try configuration.read(file) }
    options.apply(to: &configuration)
    return configuration
  }
}
