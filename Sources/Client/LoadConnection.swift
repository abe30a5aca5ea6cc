import NIOCore

/// One connection of a load run: finds the ends of answers and tells the worker of its event loop.
final class LoadConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let index: Int
  private let worker: LoadWorker
  private var scanner = ResponseScanner()
  private var isClosed = false

  init(_ index: Int, of worker: LoadWorker) {
    self.index = index
    self.worker = worker
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    while buffer.readableBytes > 0, !isClosed {
      switch scanner.read(&buffer) {
      case .incomplete: return
      case .malformed: leave(.malformed, context)
      // Nothing more was asked for on this connection.
      case .complete(let status, let isReusable): answered(status, isReusable && buffer.readableBytes == 0, context)
      }
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if !isClosed, case .complete(let status, _) = scanner.close() { answered(status, false, context) }
    leave(.closed, context)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { leave(.closed, context) }

  private func answered(_ status: Int, _ isReusable: Bool, _ context: ChannelHandlerContext) {
    let isAwaited = worker.answered(index, status: status, isReusable: isReusable)
    if !isAwaited || !isReusable { leave(.malformed, context) }
  }

  private func leave(_ failure: LoadFailure, _ context: ChannelHandlerContext) {
    guard !isClosed else { return }
    isClosed = true
    worker.lost(index, because: failure)
    context.close(promise: nil)
  }
}
