import Logging
import ServiceLifecycle

/// The gRPC side as a service of the group that runs the server.
struct GRPCService: Service {
  let models: ServedModels
  let options: ServerOptions
  let port: Int
  let log: Logger

  func run() async throws {
    var settings = GRPCFront.Options()
    settings.host = options.http.host
    settings.port = port
    settings.maxMessageBytes = options.http.bodyLimit + 1 << 20
    let front = try GRPCFront(
      models, product: ServerProduct(version: options.version, extensions: V2Front.extensions), options: settings)
    try await withGracefulShutdownHandler {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await front.run() }
        let port = try await front.port
        log.info("listening", metadata: ["protocol": "grpc", "address": "\(settings.host):\(port)"])
        try await group.waitForAll()
      }
    } onGracefulShutdown: {
      front.beginGracefulShutdown()
    }
  }
}
