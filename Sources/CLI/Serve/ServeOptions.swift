import ArgumentParser
import MassServing

/// The members of the configuration that the command line can give: they win over the file.
struct ServeOptions: ParsableArguments {
  private static let standard = ServerConfiguration()

  @Option(help: ArgumentHelp("Folder of models.", valueName: "DIR"), completion: .directory)
  var repository: String?
  @Option(
    help: ArgumentHelp(
      "A model instead of a folder of models: a file, or a folder of a model or of its versions. Can be repeated.",
      valueName: "NAME=PATH"))
  var model: [String] = []
  @Option(help: "Address to listen on. (default: \(standard.host))")
  var host: String?
  @Option(help: ArgumentHelp("Port of HTTP; 0 for any. (default: \(standard.httpPort))", valueName: "PORT"))
  var httpPort: Int?
  @Option(help: ArgumentHelp("Port of gRPC; 0 for any. (default: \(standard.grpcPort))", valueName: "PORT"))
  var grpcPort: Int?
  @Option(
    help: ArgumentHelp("Threads of an instance. (default: the processors this process may use)", valueName: "N"))
  var threads: Int?
  @Option(
    help: ArgumentHelp(
      "Instances of a model, which share its weights. (default: \(standard.instances))", valueName: "N"))
  var instances: Int?
  @Option(
    help: ArgumentHelp("Requests that may wait for a model. (default: \(standard.queueLimit))", valueName: "N"))
  var queueLimit: Int?
  @Option(
    help: ArgumentHelp("Largest request body, in bytes. (default: \(standard.maxBodyBytes))", valueName: "N"))
  var maxBodyBytes: Int?
  @Option(
    help: ArgumentHelp(
      "Bytes of answers kept for models that have a cache. (default: \(standard.responseCacheBytes))",
      valueName: "N"))
  var responseCacheBytes: Int?
  @Option(
    help: ArgumentHelp(
      """
      Microseconds that an event loop looks for the next request before it sleeps, while that pays. (default: \
      \(standard.busyPollMicroseconds))
      """,
      valueName: "N"))
  var busyPollUs: Int?
  @Option(
    help: ArgumentHelp(
      "Seconds to go on answering, not ready, after SIGTERM. (default: \(standard.drainSeconds))", valueName: "S"))
  var drainSeconds: Int?
  @Option(
    help: ArgumentHelp(
      "Seconds between looks for changes in the folder; 0 for none. (default: \(standard.watchSeconds))",
      valueName: "S"))
  var watch: Int?
  @Option(
    help: ArgumentHelp(
      "Where plans of ONNX models are kept. (default: \(PlanCacheFolder.standard))", valueName: "DIR"),
    completion: .directory)
  var cache: String?
  @OptionGroup var security: ServeSecurityOptions

  func validate() throws {
    if repository != nil, !model.isEmpty { throw ValidationError("give either --repository or --model") }
    typealias Limits = ServerConfiguration.Limits
    let numbers: [(name: String, value: Int?, range: ClosedRange<Int>)] = [
      ("--http-port", httpPort, Limits.port), ("--grpc-port", grpcPort, Limits.port),
      ("--threads", threads, Limits.threads), ("--instances", instances, Limits.instances),
      ("--queue-limit", queueLimit, Limits.queue), ("--max-body-bytes", maxBodyBytes, Limits.body),
      ("--response-cache-bytes", responseCacheBytes, Limits.responseCache),
      ("--busy-poll-us", busyPollUs, Limits.busyPoll),
      ("--drain-seconds", drainSeconds, Limits.seconds), ("--watch", watch, Limits.seconds),
    ]
    for (name, value, range) in numbers {
      guard let value, !range.contains(value) else { continue }
      throw ValidationError("\(name) must be \(range.lowerBound) to \(range.upperBound), got \(value)")
    }
  }

  /// The models of `--model`.
  ///
  /// - Throws: What is wrong with one of them, or with their names.
  func models() throws(ServingError) -> [SingleModel] {
    var models: [SingleModel] = []
    for text in model {
      let model = try SingleModel(text)
      guard !models.contains(where: { $0.name == model.name }) else { throw .invalid("two models '\(model.name)'") }
      try model.check()
      models.append(model)
    }
    return models
  }

  /// Overwrites what the command line gives.
  func apply(to configuration: inout ServerConfiguration) {
    configuration.repository = repository ?? configuration.repository
    configuration.host = host ?? configuration.host
    configuration.httpPort = httpPort ?? configuration.httpPort
    configuration.grpcPort = grpcPort ?? configuration.grpcPort
    configuration.threads = threads ?? configuration.threads
    configuration.instances = instances ?? configuration.instances
    configuration.queueLimit = queueLimit ?? configuration.queueLimit
    configuration.maxBodyBytes = maxBodyBytes ?? configuration.maxBodyBytes
    configuration.responseCacheBytes = responseCacheBytes ?? configuration.responseCacheBytes
    configuration.busyPollMicroseconds = busyPollUs ?? configuration.busyPollMicroseconds
    configuration.drainSeconds = drainSeconds ?? configuration.drainSeconds
    configuration.watchSeconds = watch ?? configuration.watchSeconds
    configuration.planCache = cache ?? configuration.planCache ?? PlanCacheFolder.standard
    security.apply(to: &configuration)
  }
}
