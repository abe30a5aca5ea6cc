import NIOCore
import NIOSSL
import NIOTLS

/// The encrypted connections of a load run.
struct SecureConnections: Sendable {
  private let context: NIOSSLContext
  /// nil where the address is a number: the certificate must name it then.
  private let name: String?

  /// - Throws: `invalidSecurity`.
  init(_ security: ClientSecurity, host: String) throws(ClientError) {
    let configuration = security.tls ?? .makeClientConfiguration()
    do { context = try NIOSSLContext(configuration: configuration) } catch {
      throw .invalidSecurity("connections cannot be encrypted: \(ConnectionFailure.text(error))")
    }
    let isNumber = (try? SocketAddress(ipAddress: host, port: 0)) != nil
    name = isNumber ? nil : host
  }

  /// Encrypts a new connection; when that is agreed with the server, `handler` is added to it.
  ///
  /// - Returns: Fails when there is no agreement; the connection is closed then.
  func secure(_ channel: any Channel, then handler: @escaping @Sendable () -> any ChannelHandler) -> EventLoopFuture<
    Void
  > {
    let opened = channel.eventLoop.makePromise(of: Void.self)
    do {
      guard channel.isActive else { throw ChannelError.eof }
      let encryption = try NIOSSLClientHandler(context: context, serverHostname: name)
      try channel.pipeline.syncOperations.addHandlers([SecureOpening(opened, then: handler)])
      try channel.pipeline.syncOperations.addHandler(encryption, position: .first)
    } catch {
      opened.fail(error)
      channel.close(promise: nil)
    }
    return opened.futureResult
  }
}

/// Waits until a connection is encrypted.
private final class SecureOpening: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private static let limit = TimeAmount.seconds(10)
  private let opened: EventLoopPromise<Void>
  private let handler: () -> any ChannelHandler
  private var timer: Scheduled<Void>?

  init(_ opened: EventLoopPromise<Void>, then handler: @escaping () -> any ChannelHandler) {
    self.opened = opened
    self.handler = handler
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let channel = context.channel
    timer = context.eventLoop.scheduleTask(in: Self.limit) { [opened] in
      opened.fail(ChannelError.connectTimeout(Self.limit))
      channel.close(promise: nil)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case .handshakeCompleted? = event as? TLSUserEvent else {
      return context.fireUserInboundEventTriggered(event)
    }
    timer?.cancel()
    do {
      try context.pipeline.syncOperations.addHandler(handler())
      opened.succeed()
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
    } catch {
      opened.fail(error)
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    opened.fail(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    opened.fail(ChannelError.eof)
    context.fireChannelInactive()
  }
}
