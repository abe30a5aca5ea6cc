import GRPCCore

/// A transport whose calls have metadata that the layers above can rely on.
///
/// A deadline is read before any handler or interceptor runs, by code that requires its amount not to be negative; a call
/// whose deadline cannot be read is therefore answered here.
struct CheckedTransport<Base: ServerTransport>: ServerTransport {
  typealias Bytes = Base.Bytes

  let base: Base

  func configure(context: GRPCServerContext) { base.configure(context: context) }

  func listen(
    streamHandler: @escaping @Sendable (RPCStream<Inbound, Outbound>, ServerContext) async -> Void
  ) async throws {
    try await base.listen { stream, context in
      let checked = stream.inbound.map { part in
        if case .metadata(let metadata) = part, !CallDeadline.isWellFormed(in: metadata) {
          throw RPCError(code: .invalidArgument, message: "\(CallDeadline.header) is malformed")
        }
        return part
      }
      await streamHandler(
        RPCStream(
          descriptor: stream.descriptor, inbound: RPCAsyncSequence(wrapping: checked), outbound: stream.outbound),
        context)
    }
  }

  func beginGracefulShutdown() { base.beginGracefulShutdown() }
}
