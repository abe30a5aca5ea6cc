import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Synchronization

/// One client's connection: tells the request that is being answered when the client is gone.
final class Connection: Sendable {
  private struct State {
    var isGone = false
    var current: Abandonment?
    var parts: [ByteBuffer] = []
  }

  /// The client's address.
  let peer: String
  private let state = Mutex(State())

  init(peer: String) { self.peer = peer }

  /// What the next request is abandoned by. The requests of a connection are answered one after the other.
  func next() -> Abandonment {
    let abandonment = Abandonment()
    let isGone = state.withLock { state in
      state.current = abandonment
      return state.isGone
    }
    if isGone { abandonment.give(Self.departure) }
    return abandonment
  }

  fileprivate func leave() {
    let abandonment = state.withLock { state in
      state.isGone = true
      state.parts = []
      return state.current
    }
    abandonment?.give(Self.departure)
  }

  /// Sends these behind the body of the answer that is written next, in the same write: an answer of several buffers is handed
  /// to the channel at once, like one of a single buffer.
  func append(_ parts: [ByteBuffer]) { state.withLock { $0.parts = parts } }

  fileprivate func takeParts() -> [ByteBuffer] {
    state.withLock { state in
      defer { state.parts = [] }
      return state.parts
    }
  }

  private static let departure = ServingError(.cancelled, "the client closed the connection")
}

/// Notices that the client closed its side, also while a request is being answered, and closes the connection of one that
/// takes too long to send a request. Writes the parts of answers that the connection was given.
///
/// A client that ends its sending side counts as gone, as it does for the common HTTP servers: nothing tells it from one that
/// closed the socket.
private final class ClientHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let connection: Connection
  private let requestLimit: TimeAmount
  /// For the rest of a request when the server is about to end.
  private static let lastLimit = TimeAmount.seconds(5)
  /// Bytes that have to arrive in each `requestLimit`, or the request has taken too long.
  private static let leastProgress = 1 << 20
  private var isReceiving = false
  private var received = 0
  private var timer: Scheduled<Void>?

  init(_ connection: Connection, requestLimit: TimeAmount) {
    self.connection = connection
    self.requestLimit = requestLimit
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head: isReceiving = true
    case .body(let bytes): received += bytes.readableBytes
    case .end:
      isReceiving = false
      timer?.cancel()
      timer = nil
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .end = unwrapOutboundIn(data) {
      for part in connection.takeParts() { context.write(wrapOutboundOut(.body(part)), promise: nil) }
    }
    context.write(data, promise: promise)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if isReceiving, timer == nil { watch(context.channel, in: requestLimit) }
    context.fireChannelReadComplete()
  }

  /// Closes the connection after a time, unless enough of the request arrives meanwhile.
  private func watch(_ channel: any Channel, in limit: TimeAmount) {
    received = 0
    let loopBound = NIOLoopBound(self, eventLoop: channel.eventLoop)
    timer = channel.eventLoop.scheduleTask(in: limit) {
      let handler = loopBound.value
      guard handler.received >= Self.leastProgress else { return channel.close(promise: nil) }
      handler.watch(channel, in: limit)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed { connection.leave() }
    if event is ChannelShouldQuiesceEvent, isReceiving {
      timer?.cancel()
      watch(context.channel, in: min(requestLimit, Self.lastLimit))
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    connection.leave()
    context.fireChannelInactive()
  }
}

/// Has a connection of HTTP/1.0 closed after the answer unless the client asks to keep it: behind this handler the version is
/// no longer known.
private final class OldVersionHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(var head) = unwrapInboundIn(data), !head.isKeepAlive else {
      return context.fireChannelRead(data)
    }
    head.headers.replaceOrAdd(name: "Connection", value: "close")
    context.fireChannelRead(wrapInboundOut(.head(head)))
  }
}

/// HTTP/1.1 connections that know their `Connection`.
struct HTTPConnectionChannel: ServerChildChannel {
  typealias Responder = @Sendable (Request, consuming ResponseWriter, Connection) async throws -> Void

  struct Value: ServerChildChannelValue {
    let inner: HTTP1Channel.Value
    let connection: Connection

    var channel: any Channel { inner.channel }
  }

  let configuration: HTTP1Channel.Configuration
  /// For a whole request to arrive, from the end of its head.
  let requestLimit: TimeAmount
  /// nil for no encryption.
  let tls: ReloadingTLS?
  let responder: Responder

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    let connection = Connection(peer: channel.remoteAddress?.ipAddress ?? "")
    return http(connection).setup(channel: channel, logger: logger).flatMapThrowing { inner in
      let pipeline = channel.pipeline.syncOperations
      // Encryption is next to the socket: what lingers is what the client says, not its records.
      try pipeline.addHandlers((tls?.handlersForHTTP() ?? []) + [LingeringClose()], position: .first)
      try pipeline.addHandler(
        OldVersionHandler(), position: .before(try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)))
      return Value(inner: inner, connection: connection)
    }
  }

  func handle(value: Value, logger: Logger) async {
    // On the connection's own event loop: a small request is read, answered and written without a change of threads but the
    // one to the model's.
    await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
      await http(value.connection).handle(value: value.inner, logger: logger)
    }
  }

  private func http(_ connection: Connection) -> HTTP1Channel {
    var configuration = configuration
    let limit = requestLimit
    configuration.additionalChannelHandlers = { [ClientHandler(connection, requestLimit: limit)] }
    let responder = responder
    return HTTP1Channel(
      responder: { request, writer, _ in try await responder(request, writer, connection) },
      configuration: configuration)
  }
}
