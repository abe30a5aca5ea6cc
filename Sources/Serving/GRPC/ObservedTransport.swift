import GRPCCore
import Logging
import Synchronization

/// A transport whose calls are seen to begin and to end.
///
/// It binds the `RequestContext` of each call, tells the client its request's name and span (in the initial metadata, or in the
/// trailing ones when there are no others), and has the observer write the log.
struct ObservedTransport<Base: ServerTransport>: ServerTransport {
  typealias Bytes = Base.Bytes

  let base: Base
  let observer: RequestObserver

  func configure(context: GRPCServerContext) { base.configure(context: context) }

  func listen(
    streamHandler: @escaping @Sendable (RPCStream<Inbound, Outbound>, ServerContext) async -> Void
  ) async throws {
    try await base.listen { [observer] stream, context in
      let call = ObservedCall(peer: context.remotePeer)
      let inbound = stream.inbound.map { part in
        switch part {
        case .metadata(let metadata): call.began(metadata)
        case .message(let bytes): call.received(bytes.count)
        }
        return part
      }
      let outbound = RPCWriter.Closable(wrapping: ObservedWriter(base: stream.outbound, call: call))
      let observed = RPCStream(
        descriptor: stream.descriptor, inbound: RPCAsyncSequence(wrapping: inbound), outbound: outbound)
      await RequestContext.$current.withValue(call.context) { await streamHandler(observed, context) }
      call.ended(stream.descriptor, observer)
    }
  }

  func beginGracefulShutdown() { base.beginGracefulShutdown() }
}

/// One call over gRPC, as it came and as it was answered.
private final class ObservedCall: Sendable {
  private struct State {
    var bytesIn = 0
    var bytesOut = 0
    var hasMetadata = false
    var status: Status?
  }

  let context: RequestContext
  private let start = MonotonicClock.now()
  private let state = Mutex(State())

  init(peer: String) { context = RequestContext(peer: peer) }

  func began(_ metadata: Metadata) {
    func value(_ key: String) -> String? {
      var values = metadata[stringValues: key].makeIterator()
      guard let first = values.next() else { return nil }
      var text = first
      while let next = values.next() { text += "," + next }
      return text
    }
    let parent = value("traceparent")
    context.identify(
      id: value("x-request-id"), traceparent: parent, tracestate: parent.flatMap { _ in value("tracestate") })
  }

  func received(_ byteCount: Int) { state.withLock { $0.bytesIn += byteCount } }

  func sent(_ byteCount: Int) { state.withLock { $0.bytesOut += byteCount } }

  /// The metadata to begin the answer with.
  func metadata(_ metadata: Metadata) -> Metadata {
    state.withLock { $0.hasMetadata = true }
    return named(metadata, isFailure: false)
  }

  /// The metadata to end the answer with.
  func metadata(_ metadata: Metadata, endingWith status: Status) -> Metadata {
    let hasMetadata = state.withLock { state in
      state.status = status
      return state.hasMetadata
    }
    let isFailure = Self.isFailure(status)
    return hasMetadata && !isFailure ? metadata : named(metadata, isFailure: isFailure)
  }

  private func named(_ metadata: Metadata, isFailure: Bool) -> Metadata {
    let (clientID, trace) = (context.clientID, context.trace)
    guard isFailure || clientID != nil || trace != nil else { return metadata }
    var metadata = metadata
    if isFailure || clientID != nil { metadata.replaceOrAddString(context.id, forKey: "x-request-id") }
    if let trace { metadata.replaceOrAddString(trace.response, forKey: "traceresponse") }
    return metadata
  }

  /// Counts and logs the call. One without a status was broken off.
  func ended(_ method: MethodDescriptor, _ observer: RequestObserver) {
    let state = state.withLock { $0 }
    let status = state.status
    if status?.code == .unauthenticated { observer.refusals.count(.unauthenticated) }
    if status?.code == .permissionDenied { observer.refusals.count(.permissionDenied) }
    observer.write(record(method, state), isFailure: status.map(Self.isFailure) ?? false)
  }

  private func record(_ method: MethodDescriptor, _ state: State) -> RequestRecord {
    var subject = context.subject
    if let status = state.status, status.code != .ok {
      subject.error = status.message
    } else {
      subject.error = nil
    }
    let code = state.status?.code.rawValue ?? Status.Code.cancelled.rawValue
    let name = Self.names.indices.contains(code) ? Self.names[code] : "\(code)"
    return RequestRecord(
      protocolName: "grpc", target: [("rpc", method.fullyQualifiedMethod)], status: "\(name)", start: start,
      bytesIn: state.bytesIn, bytesOut: state.bytesOut, context: context, subject: subject)
  }

  private static func isFailure(_ status: Status) -> Bool {
    status.code == .internalError || status.code == .unknown || status.code == .unavailable
  }

  /// By their numbers, as the protocol spells them.
  private static let names = [
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
  ]
}

/// Passes on what is answered, and tells the call of it.
private struct ObservedWriter<Bytes: GRPCContiguousBytes & Sendable>: ClosableRPCWriterProtocol {
  typealias Element = RPCResponsePart<Bytes>

  let base: RPCWriter<Element>.Closable
  let call: ObservedCall

  func write(_ part: Element) async throws { try await base.write(noted(part)) }

  func write(contentsOf parts: some Sequence<Element>) async throws {
    try await base.write(contentsOf: parts.map(noted))
  }

  private func noted(_ part: Element) -> Element {
    switch part {
    case .metadata(let metadata): return .metadata(call.metadata(metadata))
    case .message(let bytes):
      call.sent(bytes.count)
      return part
    case .status(let status, let metadata): return .status(status, call.metadata(metadata, endingWith: status))
    }
  }

  func finish() async { await base.finish() }

  func finish(throwing error: any Error) async { await base.finish(throwing: error) }
}
