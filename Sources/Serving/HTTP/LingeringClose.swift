import NIOCore

/// Closes a connection in stages, as RFC 9112, section 9.6 asks for.
///
/// What was written is sent first, for as long as the client takes some of it. When the server has said its last, it takes and
/// drops what the client still sends, for a while, so that the client reads the answer instead of a reset. Then it closes for
/// good, whether the client does or not.
final class LingeringClose: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer

  private static let limit = TimeAmount.seconds(2)
  /// How often a client is looked after that has not taken everything yet, and how often in a row it may have taken nothing.
  private static let interval = TimeAmount.milliseconds(50)
  private static let patience = 100

  private var isEnding = false
  private var timer: Scheduled<Void>?
  /// What waits until everything is sent.
  private var postponed: (mode: CloseMode, promise: EventLoopPromise<Void>?)?

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    let unsent = Self.unsent(context)
    guard mode != .input, unsent > 0 else { return closeNow(context, mode, promise) }
    isEnding = true
    let isWaiting = postponed != nil
    postponed?.promise?.fail(ChannelError.alreadyClosed)
    postponed = (mode, promise)
    if !isWaiting { wait(context, unsent: unsent, turns: 0) }
    context.read()
  }

  private func closeNow(_ context: ChannelHandlerContext, _ mode: CloseMode, _ promise: EventLoopPromise<Void>?) {
    guard mode == .output else { return context.close(mode: mode, promise: promise) }
    isEnding = true
    let channel = context.channel
    timer = context.eventLoop.scheduleTask(in: Self.limit) { channel.close(promise: nil) }
    context.close(mode: .output, promise: promise)
    context.read()
  }

  /// - Parameter turns: For how many in a row the client has taken nothing.
  private func wait(_ context: ChannelHandlerContext, unsent before: Int, turns: Int) {
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleTask(in: Self.interval) {
      let (handler, context) = bound.value
      let unsent = Self.unsent(context)
      let turns = unsent < before ? 0 : turns + 1
      if unsent > 0, turns < Self.patience { return handler.wait(context, unsent: unsent, turns: turns) }
      guard let (mode, promise) = handler.postponed else { return }
      handler.postponed = nil
      handler.closeNow(context, unsent > 0 ? .all : mode, promise)
    }
  }

  /// Bytes that the socket has not taken yet.
  private static func unsent(_ context: ChannelHandlerContext) -> Int {
    (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if !isEnding { context.fireChannelRead(data) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if isEnding { context.read() } else { context.fireChannelReadComplete() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    postponed?.promise?.fail(ChannelError.ioOnClosedChannel)
    postponed = nil
    context.fireChannelInactive()
  }
}
