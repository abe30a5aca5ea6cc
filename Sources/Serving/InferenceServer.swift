import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// What `mass serve` is told.
public struct ServerOptions: Sendable {
  public var repository: RepositoryOptions
  public var http: HTTPOptions
  /// nil for no gRPC.
  public var grpcPort: Int?
  /// Seconds between the first signal to end and the moment connections are no longer accepted: the server is not ready then,
  /// but answers, so that load balancers can notice.
  public var drainSeconds: Int
  /// Seconds between two looks at the repository's folder and registry; 0 for none.
  public var watchSeconds: Int
  public var version: String

  public init(
    repository: RepositoryOptions, http: HTTPOptions, grpcPort: Int?, drainSeconds: Int, watchSeconds: Int,
    version: String
  ) {
    self.repository = repository
    self.http = http
    self.grpcPort = grpcPort
    self.drainSeconds = drainSeconds
    self.watchSeconds = watchSeconds
    self.version = version
  }
}

/// A repository of models behind HTTP and gRPC.
public struct InferenceServer: Sendable {
  private let options: ServerOptions
  private let log: Logger

  public init(_ options: ServerOptions, log: Logger) {
    self.options = options
    self.log = log
  }

  /// Serves until SIGTERM or SIGINT: then it stops being ready, drains, answers what was admitted, and returns.
  ///
  /// - Throws: When an address cannot be bound.
  public func run() async throws {
    let models = ServedModels(options.repository, log: log)
    let group = MultiThreadedEventLoopGroup.singleton
    let http = HTTPFront(options.http, service: models, version: options.version)
    let log = log
    let httpServer = http.server(group, Self.quiet) { address in
      log.info("listening", metadata: ["protocol": "http", "address": "\(Self.text(address))"])
    }
    let listening = ListeningService(
      base: httpServer, host: options.http.host, port: options.http.port, protocolName: "HTTP")
    var services: [any Service] = [ModelService(models: models, log: log), listening]
    if let port = options.grpcPort {
      services.append(GRPCService(models: models, options: options, port: port, log: log))
    }
    services.append(CanaryService(models: models))
    if options.watchSeconds > 0 {
      services.append(WatchService(models: models, interval: .seconds(options.watchSeconds)))
    }
    services.append(DrainService(models: models, seconds: options.drainSeconds, log: log))
    var configuration = ServiceGroupConfiguration(
      services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
      gracefulShutdownSignals: [.sigterm, .sigint], logger: Self.quiet)
    configuration.maximumGracefulShutdownDuration = .seconds(options.drainSeconds + 60)
    try await ServiceGroup(configuration: configuration).run()
    log.info("ended")
  }

  private static func text(_ address: SocketAddress?) -> String {
    guard let address, let host = address.ipAddress, let port = address.port else { return "" }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  private static let quiet = Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }
}

/// Loads the models at the start and takes them out of service at the end, when no connection is left.
private struct ModelService: Service {
  let models: ServedModels
  let log: Logger

  func run() async throws {
    await models.start()
    let ready = models.index(ready: true).count
    log.info("serving", metadata: ["versions": "\(ready)", "failed": "\(models.index(ready: false).count - ready)"])
    try await gracefulShutdown()
    await models.stop()
  }
}

/// Watches versions on trial.
private struct CanaryService: Service {
  let models: ServedModels

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskExecutorPreference(ThreadPoolExecutor.shared) { await models.watchCanaries() }
    }
  }
}

/// Follows what others change in the repository.
private struct WatchService: Service {
  let models: ServedModels
  let interval: Duration

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskExecutorPreference(ThreadPoolExecutor.shared) { await models.watch(every: interval) }
    }
  }
}

/// The first to hear of the end: makes the server unready and gives clients time to notice.
private struct DrainService: Service {
  let models: ServedModels
  let seconds: Int
  let log: Logger

  func run() async throws {
    try await gracefulShutdown()
    models.leave()
    log.info("draining", metadata: ["seconds": "\(seconds)"])
    try? await Task.sleep(for: .seconds(seconds))
  }
}
