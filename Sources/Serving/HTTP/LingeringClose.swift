import NIOCore

/// Closes a connection in stages, as RFC 9112, section 9.6 asks for: when the server has said its last, it takes and drops what
/// the client still sends, for a while, so that the client reads the answer instead of a reset. Then it closes for good, whether
/// the client does or not.
final class LingeringClose: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer

  private static let limit = TimeAmount.seconds(2)
  private var isLingering = false
  private var timer: Scheduled<Void>?

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard mode == .output else { return context.close(mode: mode, promise: promise) }
    isLingering = true
    let channel = context.channel
    timer = context.eventLoop.scheduleTask(in: Self.limit) { channel.close(promise: nil) }
    context.close(mode: .output, promise: promise)
    context.read()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if !isLingering { context.fireChannelRead(data) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if isLingering { context.read() } else { context.fireChannelReadComplete() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    context.fireChannelInactive()
  }
}
