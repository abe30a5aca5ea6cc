import NIOCore
import NIOTLS

/// Closes a connection whose handshake takes too long: until it is done nothing else counts its time.
final class HandshakeLimit: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private static let limit = TimeAmount.seconds(10)
  private var timer: Scheduled<Void>?

  func handlerAdded(context: ChannelHandlerContext) {
    let channel = context.channel
    timer = context.eventLoop.scheduleTask(in: Self.limit) { channel.close(promise: nil) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted? = event as? TLSUserEvent { stop() }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    stop()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { stop() }

  private func stop() {
    timer?.cancel()
    timer = nil
  }
}
