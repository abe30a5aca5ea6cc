import HTTPTypes
import Logging
import MassJSON
import NIOCore

/// One request over HTTP, as it came and as it is to be answered.
struct HTTPExchange: Sendable {
  let head: HTTPRequestHead
  /// Nanoseconds of the monotonic clock at which it came.
  let start: UInt64
  let peer: String
  /// nil unless the client named the request or its trace, a key is asked for, or every request is logged.
  let context: RequestContext?
  /// Bytes of the body that came.
  var bytesIn = 0

  /// - Parameter isGuarded: Whether a key is asked for.
  init(_ head: HTTPRequestHead, peer: String, logging: RequestLogging, isGuarded: Bool) {
    self.head = head
    self.peer = peer
    start = MonotonicClock.now()
    let names = HTTPField.Name.self
    let (id, parent) = (head.headers[names.requestID], head.headers[names.traceParent])
    guard id != nil || parent != nil || logging == .all || isGuarded else {
      context = nil
      return
    }
    context = RequestContext(peer: peer)
    context?.identify(id: id, traceparent: parent, tracestate: head.headers[names.traceState])
  }
}

extension RequestObserver {
  /// Counts and logs a request, and names it in its answer.
  ///
  /// - Parameters:
  ///   - plain: The answer before it was compressed.
  ///   - sent: What is written. Gets headers: `x-request-id`, for a client that sent one and for every failure;
  ///     `traceresponse`, for a client that sent its trace.
  func ended(_ exchange: HTTPExchange, _ plain: HTTPAnswer, sent: inout HTTPAnswer) {
    if plain.status >= 400 { refusals.count(RefusalReason(status: plain.status)) }
    let isFailure = plain.status >= 500
    guard isFailure || exchange.context != nil else { return }
    let context = exchange.context ?? RequestContext(peer: exchange.peer)
    if isFailure || context.clientID != nil { sent.headers.append(("X-Request-Id", context.id)) }
    if let trace = context.trace { sent.headers.append(("traceresponse", trace.response)) }
    let bytesOut = exchange.head.method == .head ? 0 : sent.byteCount
    // A probe that hears that the server is not ready did not fail.
    let isProbe = exchange.head.path.hasPrefix("/v2/health/")
    write(Self.record(exchange, plain, context, bytesOut), isFailure: isFailure && !isProbe)
  }

  private static func record(
    _ exchange: HTTPExchange, _ answer: HTTPAnswer, _ context: RequestContext, _ bytesOut: Int
  ) -> RequestRecord {
    var subject = context.subject
    if subject.model == nil, let (model, version) = exchange.head.model {
      subject.model = model
      subject.version = version
    }
    if answer.status >= 400 { subject.error = subject.error ?? error(of: answer) }
    return RequestRecord(
      protocolName: "http", target: [("method", exchange.head.method.rawValue), ("path", String(exchange.head.path))],
      status: .stringConvertible(answer.status), start: exchange.start, bytesIn: exchange.bytesIn, bytesOut: bytesOut,
      context: context, subject: subject)
  }

  /// The text of an answer `{"error": "…"}`.
  private static func error(of answer: HTTPAnswer) -> String? {
    guard answer.contentType == "application/json", answer.body.readableBytes < 1 << 20 else { return nil }
    return unsafe answer.body.withUnsafeReadableBytes { bytes in
      guard let document = try? unsafe JSONDocument(bytes: bytes) else { return nil }
      var text: String?
      document.root.forEachMember { key, value in if key == "error" { text = value.string } }
      return text
    }
  }
}

extension HTTPRequestHead {
  /// The model that the path names, and its version; nil when it names none.
  fileprivate var model: (name: String, version: Int?)? {
    guard let segments, let place = segments.prefix(3).firstIndex(of: "models"), place > 0,
      segments.indices.contains(place + 1)
    else { return nil }
    func word(_ text: String) -> String { String(text.prefix { $0 != ":" }) }
    let rest = segments.dropFirst(place + 2)
    let version = rest.first == "versions" ? rest.dropFirst().first.flatMap { Int(word($0)) } : nil
    return (word(segments[place + 1]), version)
  }
}

extension HTTPField.Name {
  fileprivate static let requestID = known("x-request-id")
  fileprivate static let traceParent = known("traceparent")
  fileprivate static let traceState = known("tracestate")

  /// - Requires: `name` is a token.
  private static func known(_ name: String) -> HTTPField.Name { HTTPField.Name(name) ?? .server }
}
