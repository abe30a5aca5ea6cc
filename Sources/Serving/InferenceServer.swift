import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// What `mass serve` is told.
public struct ServerOptions: Sendable {
  public var repository: RepositoryOptions
  public var http: HTTPOptions
  /// For both protocols; nil for no encryption.
  public var tls: TLSOptions?
  /// nil for no gRPC.
  public var grpcPort: Int?
  /// Seconds between the first signal to end and the moment connections are no longer accepted: the server is not ready then,
  /// but answers, so that load balancers can notice.
  public var drainSeconds: Int
  /// Seconds between two looks at the repository's folder and registry; 0 for none.
  public var watchSeconds: Int
  public var version: String
  /// The file of keys and tenants; nil for a server that asks nobody who it is.
  public var access: String?
  /// Where changes are written down; nil for nowhere.
  public var auditLog: String?
  /// How long event loops look for the next request before they sleep; 0 for not at all.
  public var busyPollMicroseconds = 0
  public var reload = ReloadOptions()

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
  /// - Throws: When an address cannot be bound, a file of TLS or of keys is of no use, or others could reach a server that asks
  ///   nobody who they are.
  public func run() async throws {
    var options = options
    try ServerConfiguration.checkReach(
      host: options.http.host, asks: options.access != nil || options.tls?.clientAuthorities != nil)
    if let files = options.tls { options.http.tls = try ReloadingTLS(files) }
    let models = try models(options)
    let http = HTTPFront(options.http, service: models, version: options.version)
    let live = LiveConfiguration(options) { [models, limit = http.bodyLimit] configuration in
      limit.value = configuration.maxBodyBytes
      models.take(configuration)
    }
    let loops = EventLoops(busyPollMicroseconds: options.busyPollMicroseconds)
    defer { loops.group.shutdownGracefully { _ in } }
    var services: [any Service] = [ModelService(models: models, log: log), listening(http, loops)]
    if let port = options.grpcPort {
      services.append(GRPCService(models: models, options: options, port: port, group: loops.group, log: log))
    }
    services.append(TendingService(models: models))
    // It is kept to the end: a signal that nobody waits for would end the process.
    let signals = await UnixSignalsSequence(trapping: .sighup)
    if let tls = options.http.tls {
      services.append(TLSService(tls: tls, log: log))
      options.reload.onReload.append { try tls.reload() }
    }
    if let access = models.access {
      services.append(AccessService(access: access, audit: models.audit, log: log))
      options.reload.onReload.append { [audit = models.audit] in try await access.reload(audit) }
    }
    services.append(ChangeService(models, signals: signals, options: options.reload, live: live, log: log))
    let (drains, drain) = AsyncStream.makeStream(of: Int.self)
    services.append(DrainService(models: models, live: live, began: drain, log: log))
    let configuration = ServiceGroupConfiguration(
      services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
      gracefulShutdownSignals: [.sigterm, .sigint], logger: Self.quiet)
    await models.audit?.note("server.start", options.version)
    try await Self.run(ServiceGroup(configuration: configuration), drains)
    withExtendedLifetime(signals) {}
    await models.audit?.note("server.stop", options.version)
    log.info("ended")
  }

  private func models(_ options: ServerOptions) throws(ServingError) -> ServedModels {
    let access = try options.access.map { path throws(ServingError) in try AccessControl(path: path) }
    let audit = try options.auditLog.map { [log] path throws(ServingError) in try AuditTrail(path: path, log: log) }
    let models = ServedModels(options.repository, access: access, audit: audit, log: log)
    models.take(options.reload.configuration)
    return models
  }

  private func listening(_ http: HTTPFront, _ loops: EventLoops) -> any Service {
    let server = http.server(loops.group, polling: loops.polling, Self.quiet) { [log] address in
      log.info("listening", metadata: ["protocol": "http", "address": "\(Self.text(address))"])
    }
    return ListeningService(base: server, host: http.options.host, port: http.options.port, protocolName: "HTTP")
  }

  /// Runs the services to their end. What has not ended a minute after the drain is cut off.
  ///
  /// - Parameter drains: Gives the seconds of the drain when it begins.
  private static func run(_ services: ServiceGroup, _ drains: AsyncStream<Int>) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { tasks in
      tasks.addTask {
        try await services.run()
        return true
      }
      tasks.addTask {
        for await seconds in drains {
          try await Task.sleep(for: .seconds(seconds + 60))
          return true
        }
        return false
      }
      defer { tasks.cancelAll() }
      while let isOver = try await tasks.next(), !isOver {}
    }
  }

  private static func text(_ address: SocketAddress?) -> String {
    guard let address, let host = address.ipAddress, let port = address.port else { return "" }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  private static let quiet = Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }
}

extension ServerConfiguration {
  /// - Throws: `invalidArgument` if others could reach a server that does not ask who they are.
  public func checkReach() throws(ServingError) {
    try Self.checkReach(host: host, asks: access != nil || tls?.clientAuthorities != nil)
  }

  /// - Parameter asks: Whether clients must present a key or a certificate.
  static func checkReach(host: String, asks: Bool) throws(ServingError) {
    guard !HTTPOptions(host: host).isLoopback, !asks else { return }
    throw .invalid(
      "others can reach \(host), and this server would not ask who they are: name a file of keys with --access "
        + "('mass key create' makes one), ask clients for certificates with --tls-client-authorities, or listen on 127.0.0.1"
    )
  }
}

extension ServedModels {
  /// Has loads and requests to come go by a configuration.
  fileprivate func take(_ configuration: ServerConfiguration) {
    stuckWatch.seconds = configuration.stuckSeconds
    observer.logging = configuration.requestLog
    repository.take(
      instances: InstanceOptions(
        count: configuration.instances, threads: configuration.threads, queueLimit: configuration.queueLimit),
      responseCacheBytes: configuration.responseCacheBytes)
  }
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

/// Takes keys and tenants over when their file changes.
private struct AccessService: Service {
  let access: AccessControl
  let audit: AuditTrail?
  let log: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskExecutorPreference(ThreadPoolExecutor.shared) { await watch() }
    }
  }

  private func watch() async {
    var lastError: ServingError?
    while (try? await Task.sleep(for: .seconds(1))) != nil {
      do throws(ServingError) {
        guard try access.reloadIfChanged() else { continue }
        log.info("access reloaded", metadata: ["file": "\(access.path)"])
        await audit?.note("access.reload", access.path)
        lastError = nil
      } catch {
        if error != lastError { log.error("access not reloaded", metadata: ["reason": "\(error)"]) }
        lastError = error
      }
    }
  }
}

/// Looks after versions that are on trial or idle.
private struct TendingService: Service {
  let models: ServedModels

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskExecutorPreference(ThreadPoolExecutor.shared) { await models.tend() }
    }
  }
}

/// The first to hear of the end: makes the server unready and gives clients time to notice.
private struct DrainService: Service {
  let models: ServedModels
  let live: LiveConfiguration
  /// Is told the seconds.
  let began: AsyncStream<Int>.Continuation
  let log: Logger

  func run() async throws {
    try await gracefulShutdown()
    models.leave()
    let seconds = live.current.drainSeconds
    began.yield(seconds)
    log.info("draining", metadata: ["seconds": "\(seconds)"])
    try? await Task.sleep(for: .seconds(seconds))
  }
}
