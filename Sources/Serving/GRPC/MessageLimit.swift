import GRPCCore
import NIOCore
import NIOHPACK
import NIOHTTP2

/// Says why a call ends whose message is too large: the transport resets its stream, which clients take for a cancellation.
///
/// It stands between the connection and the transport's handler of one call, watches the lengths of messages pass, and writes
/// the status before that handler closes the stream.
final class MessageLimit: ChannelDuplexHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias InboundOut = HTTP2Frame.FramePayload
  typealias OutboundIn = HTTP2Frame.FramePayload
  typealias OutboundOut = HTTP2Frame.FramePayload

  private let limit: Int
  private let onRefusal: @Sendable () -> Void
  /// What has come of a message's compression flag and length.
  private var prefix: [UInt8] = []
  /// Bytes that are missing of the current message.
  private var missing = 0
  private var isCompressed = false
  private var excess: Int?
  private var isReading = false
  private var hasBegunAnswer = false
  private var hasEndedAnswer = false

  /// - Parameter onRefusal: Called when a call ends for its message's length.
  init(bytes limit: Int, onRefusal: @escaping @Sendable () -> Void = {}) {
    self.limit = limit
    self.onRefusal = onRefusal
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .data(let frame) = unwrapInboundIn(data), case .byteBuffer(let bytes) = frame.data {
      scan(bytes)
    }
    isReading = true
    context.fireChannelRead(data)
    isReading = false
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .headers(let headers) = unwrapOutboundIn(data) {
      hasBegunAnswer = true
      hasEndedAnswer = hasEndedAnswer || headers.endStream
    }
    context.write(data, promise: promise)
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if isReading, !hasEndedAnswer, let reason {
      hasEndedAnswer = true
      onRefusal()
      var headers: HPACKHeaders =
        hasBegunAnswer ? [:] : [":status": "200", "content-type": "application/grpc"]
      headers.add(name: "grpc-status", value: "\(Status.Code.resourceExhausted.rawValue)")
      headers.add(name: "grpc-message", value: reason)
      context.write(
        wrapOutboundOut(.headers(.init(headers: headers, endStream: true))), promise: nil)
      // The answer is whole: the client need not send the rest.
      context.writeAndFlush(wrapOutboundOut(.rstStream(.noError)), promise: nil)
    }
    context.close(mode: mode, promise: promise)
  }

  private var reason: String? {
    if let excess { return "the message has \(excess) bytes, more than the limit of \(limit)" }
    return isCompressed ? "the compressed message is damaged or has more than \(limit) bytes" : nil
  }

  private func scan(_ bytes: ByteBuffer) {
    var bytes = bytes
    while bytes.readableBytes > 0, excess == nil {
      let passed = min(missing, bytes.readableBytes)
      bytes.moveReaderIndex(forwardBy: passed)
      missing -= passed
      guard missing == 0, let byte = bytes.readInteger(as: UInt8.self) else { return }
      prefix.append(byte)
      guard prefix.count == 5 else { continue }
      isCompressed = prefix[0] == 1
      missing = prefix.dropFirst().reduce(0) { $0 << 8 | Int($1) }
      if missing > limit { excess = missing }
      prefix = []
    }
  }
}
