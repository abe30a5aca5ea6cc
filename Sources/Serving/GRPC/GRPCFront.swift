import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore
import NIOPosix

/// The server's gRPC side: the Open Inference Protocol and health checking on one address.
public final class GRPCFront: Sendable {
  public struct Options: Sendable {
    public var host = "127.0.0.1"
    /// Zero for one that is free.
    public var port = 8001
    /// Larger requests are refused. The default has room for 64 MiB of tensors and for what describes them.
    public var maxMessageBytes = 65 << 20
    /// Calls of one connection that run at once; clients queue the others.
    public var maxConcurrentStreams = 1024
    /// nil for no encryption.
    public var tls: ReloadingTLS?

    public init() {}
  }

  private typealias Transport = HTTP2ServerTransport.Posix

  private let transport: Transport
  private let server: GRPCServer<CheckedTransport<ObservedTransport<HTTP2ServerTransport.Posix>>>
  private let drain = Drain()

  /// - Parameters:
  ///   - observer: Is told of every call.
  ///   - interceptors: Run before every call, in their order.
  /// - Throws: `invalidArgument` if the host has no address.
  public init(
    _ service: any InferenceService, product: ServerProduct, options: Options = Options(), observer: RequestObserver,
    interceptors: [any ServerInterceptor] = [],
    eventLoopGroup: MultiThreadedEventLoopGroup = .singletonMultiThreadedEventLoopGroup
  ) throws(ServingError) {
    transport = Transport(
      address: try Self.address(options), transportSecurity: .plaintext, config: Self.config(options, observer),
      eventLoopGroup: eventLoopGroup)
    server = GRPCServer(
      transport: CheckedTransport(base: ObservedTransport(base: transport, observer: observer)),
      services: [
        InferenceRPCs(service: service, product: product, drain: drain), HealthRPCs(service: service, drain: drain),
      ],
      interceptors: interceptors)
  }

  /// Serves until the shutdown is over: every connection was closed by its client, or nothing that was admitted has run for a
  /// while. Cancelling the task cuts off what still runs.
  ///
  /// - Throws: If the address cannot be bound.
  public func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { [server, drain] group in
      group.addTask { try await server.serve() }
      group.addTask { try await drain.end() }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// The port in use, once it is bound.
  ///
  /// - Throws: If it could not be bound.
  public var port: Int {
    get async throws {
      let address = try await transport.listeningAddress
      return address.ipv4?.port ?? address.ipv6?.port ?? 0
    }
  }

  /// Accepts no more calls and answers those that were; then `run` returns. Streams end after the requests that were read, and
  /// connections that stay silent are cut off in the end.
  public func beginGracefulShutdown() {
    drain.begin()
    server.beginGracefulShutdown()
  }

  private static func address(
    _ options: Options
  ) throws(ServingError) -> GRPCNIOTransportHTTP2Posix.SocketAddress {
    do {
      let resolved = try NIOCore.SocketAddress.makeAddressResolvingHost(options.host, port: options.port)
      let host = resolved.ipAddress ?? options.host
      return if case .v6 = resolved { .ipv6(host: host, port: options.port) } else {
        .ipv4(host: host, port: options.port)
      }
    } catch {
      throw .invalid("host '\(options.host)' has no address: \(error)")
    }
  }

  private static func config(_ options: Options, _ observer: RequestObserver) -> Transport.Config {
    .defaults { config in
      config.rpc.maxRequestPayloadSize = options.maxMessageBytes
      config.http2.maxConcurrentStreams = options.maxConcurrentStreams
      // Tensors are large: few frames, and no waiting for the window to open again within most of them.
      config.http2.maxFrameSize = 1 << 18
      config.http2.targetWindowSize = 1 << 23
      // An answer is sent when it is there.
      config.connection.flushCoalescing = nil
      config.compression.enabledAlgorithms = .all
      if let tls = options.tls {
        // The transport's own encryption accepts TLS 1.2 and does not read renewed authorities.
        config.channelDebuggingCallbacks.onAcceptTCPConnection = { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandlers(tls.handlersForGRPC(), position: .first)
          }
        }
      }
      config.channelDebuggingCallbacks.onAcceptHTTP2Stream = { stream in
        stream.eventLoop.makeCompletedFuture {
          let limit = MessageLimit(bytes: options.maxMessageBytes) { observer.refusals.count(.bodyTooLarge) }
          try stream.pipeline.syncOperations.addHandler(limit, position: .first)
        }
      }
    }
  }
}
