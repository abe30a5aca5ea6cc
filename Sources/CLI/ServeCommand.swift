import ArgumentParser
import Logging
import MassCompiler
import MassDefaults
import MassFormats
import MassRuntime
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
      docs/serving.md describes the protocols, NAME/model.json and the log.

        mass serve --repository models
        curl localhost:8000/v2/models
      """)

  @Option(help: ArgumentHelp("Folder of models.", valueName: "DIR"), completion: .directory)
  var repository: String
  @Option(help: "Address to listen on.")
  var host = "127.0.0.1"
  @Option(help: ArgumentHelp("Port of HTTP; 0 for any.", valueName: "PORT"))
  var httpPort = 8000
  @Option(help: ArgumentHelp("Port of gRPC; 0 for any.", valueName: "PORT"))
  var grpcPort = 8001
  @Option(help: ArgumentHelp("Threads of an instance.", valueName: "N"))
  var threads = ThreadCount.default
  @Option(help: ArgumentHelp("Instances of a model, which share its weights.", valueName: "N"))
  var instances = 1
  @Option(help: ArgumentHelp("Requests that may wait for a model.", valueName: "N"))
  var queueLimit = 256
  @Option(help: ArgumentHelp("Largest request body, in bytes.", valueName: "N"))
  var maxBodyBytes = 64 << 20
  @Option(help: ArgumentHelp("Bytes of answers kept for models that have a cache.", valueName: "N"))
  var responseCacheBytes = 64 << 20
  @Option(help: ArgumentHelp("Seconds to go on answering, not ready, after SIGTERM.", valueName: "S"))
  var drainSeconds = 0
  @Option(help: ArgumentHelp("Seconds between looks for changes in the folder; 0 for none.", valueName: "S"))
  var watch = 1
  @Option(help: ArgumentHelp("Where plans of ONNX models are kept.", valueName: "DIR"), completion: .directory)
  var cache = PlanCacheFolder.standard

  func validate() throws {
    let positive = [("--threads", threads), ("--instances", instances), ("--queue-limit", queueLimit)]
    for (name, value) in positive where value < 1 { throw ValidationError("\(name) must be at least 1, got \(value)") }
    for (name, port) in [("--http-port", httpPort), ("--grpc-port", grpcPort)] where !(0...65535).contains(port) {
      throw ValidationError("\(name) must be 0 to 65535, got \(port)")
    }
    guard maxBodyBytes > 0, maxBodyBytes <= 2 << 30 else {
      throw ValidationError("--max-body-bytes must be 1 to \(2 << 30)")
    }
    guard (0...1 << 40).contains(responseCacheBytes) else {
      throw ValidationError("--response-cache-bytes must be 0 to \(1 << 40)")
    }
    guard (0...3600).contains(watch) else { throw ValidationError("--watch must be 0 to 3600") }
    guard (0...3600).contains(drainSeconds) else { throw ValidationError("--drain-seconds must be 0 to 3600") }
  }

  func run() async throws {
    guard FileSystem.names(in: repository) != nil else {
      throw Failure("\(repository): cannot read this folder: \(unsafe String(cString: strerror(errno)))")
    }
    let options = ServerOptions(
      repository: RepositoryOptions(
        folder: repository, cache: cache, plugins: DefaultPlugins.all,
        instances: InstanceOptions(count: instances, threads: threads, queueLimit: queueLimit),
        responseCacheBytes: responseCacheBytes,
        compile: { order throws(ServingError) in try CompilerProcess.compile(order) }),
      http: HTTPOptions(host: host, port: httpPort, bodyLimit: maxBodyBytes), grpcPort: grpcPort,
      drainSeconds: drainSeconds, watchSeconds: watch, version: Version.string)
    let log = Logger(label: "mass") { _ in JSONLogHandler() }
    do { try await InferenceServer(options, log: log).run() } catch {
      throw Failure("cannot serve: \(error)")
    }
  }
}

/// Where plans of served ONNX models are kept when nobody says: the XDG base directory specification's cache.
enum PlanCacheFolder {
  static var standard: String {
    func variable(_ name: String) -> String? {
      unsafe getenv(name).map { unsafe String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
    return "\(variable("XDG_CACHE_HOME") ?? "\(variable("HOME") ?? "/tmp")/.cache")/mass/plans"
  }
}
