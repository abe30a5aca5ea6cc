import Logging
import NIOPosix
import ServiceLifecycle

/// The gRPC side as a service of the group that runs the server.
struct GRPCService: Service {
  let models: ServedModels
  let options: ServerOptions
  let port: Int
  let group: MultiThreadedEventLoopGroup
  let log: Logger

  func run() async throws {
    let host = options.http.host
    var settings = GRPCFront.Options()
    settings.host = host
    settings.port = port
    settings.maxMessageBytes = options.http.bodyLimit + 1 << 20
    settings.tls = options.http.tls
    let front = try GRPCFront(
      models.front, product: ServerProduct(version: options.version, extensions: V2Front.extensions),
      options: settings, observer: models.observer,
      interceptors: models.access.map { [AccessInterceptor(access: $0, audit: models.audit)] } ?? [],
      eventLoopGroup: group)
    try await withGracefulShutdownHandler {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          do { try await front.run() } catch { throw ListeningError.of(error, host, port, "gRPC") }
        }
        // Without a port there is an error, which `run` throws in full.
        if let port = try? await front.port {
          log.info("listening", metadata: ["protocol": "grpc", "address": "\(host):\(port)"])
        }
        try await group.waitForAll()
      }
    } onGracefulShutdown: {
      front.beginGracefulShutdown()
    }
  }
}
