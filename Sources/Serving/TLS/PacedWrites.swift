import NIOCore

/// Hands large writes on in parts.
///
/// What encrypts keeps a buffer as large as the most that it was ever given at once, for as long as the connection lives: this
/// keeps the buffer small.
final class PacedWrites: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private static let limit = 256 << 10
  /// Bytes since the last flush.
  private var pending = 0

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    var bytes = unwrapOutboundIn(data)
    while bytes.readableBytes > Self.limit, let part = bytes.readSlice(length: Self.limit) {
      context.write(wrapOutboundOut(part), promise: nil)
      flush(context: context)
    }
    pending += bytes.readableBytes
    context.write(wrapOutboundOut(bytes), promise: promise)
    if pending >= Self.limit { flush(context: context) }
  }

  func flush(context: ChannelHandlerContext) {
    pending = 0
    context.flush()
  }
}
