import HTTPTypes
import HummingbirdCore
import Logging
import MassFormats
import MassSecurity
import NIOCore
import NIOPosix
import ServiceLifecycle

/// HTTP/1.1: reads requests, hands them to the dialect their path names and writes the answers.
struct HTTPFront: Sendable {
  let options: HTTPOptions
  let service: ServedModels
  /// Of bodies; it may change at any time.
  let bodyLimit: LiveNumber
  private let v2: V2Front
  private let tensorFlow: TensorFlowFront
  private let registry: RegistryFront
  private let openAPI: String
  private let access: AccessControl?

  init(_ options: HTTPOptions, service: ServedModels, version: String) {
    self.options = options
    self.service = service
    bodyLimit = LiveNumber(options.bodyLimit)
    access = service.access
    v2 = V2Front(service: service.front, version: version)
    tensorFlow = TensorFlowFront(service: service.front)
    registry = RegistryFront(
      repository: service.repository, audit: service.audit, isGuarded: access != nil,
      allowsChanges: options.isLoopback || access != nil)
    openAPI = OpenAPIDocument.text(version: version)
  }

  /// A server to be run in a service group.
  ///
  /// - Parameters:
  ///   - polling: Of the group's loops; nil for none.
  ///   - onListening: Called with the address, once connections are accepted.
  func server(
    _ group: any EventLoopGroup, polling: BusyPolling? = nil, _ log: Logger,
    onListening: @escaping @Sendable (SocketAddress?) async -> Void
  ) -> any Service {
    service.watchProgress(of: group)
    let channel = HTTPConnectionChannel(
      configuration: HTTP1Channel.Configuration(
        idleTimeout: .seconds(options.idleSeconds),
        httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
          maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 100)),
      requestLimit: .seconds(options.requestSeconds), tls: options.tls,
      responder: { request, writer, connection in
        let start = try await respond(request, writer, connection)
        polling?.answered(connection, since: start)
      })
    return channel.server(
      configuration: HummingbirdCore.ServerConfiguration(
        address: .hostname(options.host, port: options.port), backlog: 1024),
      onServerRunning: { await onListening($0.localAddress) }, eventLoopGroup: group, logger: log)
  }

  /// - Returns: When the request came, in nanoseconds of the monotonic clock.
  private func respond(
    _ request: Request, _ writer: consuming ResponseWriter, _ connection: Connection
  ) async throws -> UInt64 {
    let head = HTTPRequestHead(request.head)
    var exchange = HTTPExchange(
      head, peer: connection.peer, logging: service.observer.logging,
      isGuarded: access != nil || service.audit != nil)
    if head.headers[.expect]?.lowercased() == "100-continue", declaredLength(head) ?? 0 <= bodyLimit.value,
      isLetIn(head)
    {
      try await writer.writeInformationalHead(HTTPResponse(status: .continue))
    }
    var answer: HTTPAnswer
    if let context = exchange.context {
      answer = try await RequestContext.$current.withValue(context) {
        try await self.answer(request, head, connection, &exchange.bytesIn)
      }
    } else {
      answer = try await self.answer(request, head, connection, &exchange.bytesIn)
    }
    let plain = answer
    answer = await compressed(answer, head)
    service.observer.ended(exchange, plain, sent: &answer)
    try await answer.write(to: writer, of: connection, method: head.method)
    return exchange.start
  }

  /// - Parameter bytesIn: Is set to the bytes of the body that came.
  private func answer(
    _ request: Request, _ head: HTTPRequestHead, _ connection: Connection, _ bytesIn: inout Int
  ) async throws -> HTTPAnswer {
    do {
      try await identify(head)
      // Nothing of strangers is kept: what is open to them takes no body.
      if access != nil, RequestContext.current?.principal == nil {
        return await routed(head, BodyBytes([]), connection)
      }
      if let receiver = try uploadReceiver(head) { return try await receive(request, receiver, &bytesIn) }
      let body = try await collect(request, head, &bytesIn)
      return try await answer(head, body, connection)
    } catch let error as ServingError {
      return V2Answer.error(error)
    }
  }

  /// Finds out who asks, before anything of the body is read.
  private func identify(_ head: HTTPRequestHead) async throws(ServingError) {
    do throws(ServingError) {
      if access == nil { try head.refuseForeignPages() }
      if let principal = try principal(head) { RequestContext.current?.principal = principal }
    } catch {
      await service.audit?.refused(error, "access", String(head.path))
      throw error
    }
  }

  /// Who asks; nil where no key is asked for. Health, the page and the description of the interface are open.
  private func principal(_ head: HTTPRequestHead) throws(ServingError) -> Principal? {
    let open = ["/", "/openapi.json", "/v2/health/live", "/v2/health/ready"]
    guard let access, !open.contains(String(head.path)) else { return nil }
    return try access.principal(
      authorization: head.headers[.authorization], apiKey: HTTPField.Name("x-api-key").flatMap { head.headers[$0] })
  }

  private func isLetIn(_ head: HTTPRequestHead) -> Bool {
    do throws(ServingError) { _ = try principal(head) } catch { return false }
    return true
  }

  private func answer(
    _ head: HTTPRequestHead, _ body: BodyBytes, _ connection: Connection
  ) async throws(ServingError) -> HTTPAnswer {
    let coding = try ContentCoding.named(head.headers[.contentEncoding])
    if body.count < Self.largeBody, coding == nil { return await routed(head, body, connection) }
    return await withTaskExecutorPreference(ThreadPoolExecutor.shared) {
      await answer(head, body, coding, connection)
    }
  }

  /// Bytes from which a body is neither read nor compressed on the event loop, which has other connections to serve.
  private static let largeBody = 256 << 10

  private func uploadReceiver(_ head: HTTPRequestHead) throws(ServingError) -> UploadReceiver? {
    guard head.method == .put, let segments = head.segments, segments.starts(with: ["v2", "registry"]) else {
      return nil
    }
    return try registry.receiver(head, Array(segments.dropFirst(2)))
  }

  /// Takes a body of any length to the disk.
  private func receive(
    _ request: Request, _ receiver: UploadReceiver, _ bytesIn: inout Int
  ) async throws -> HTTPAnswer {
    try await withTaskExecutorPreference(ThreadPoolExecutor.shared) {
      do {
        for try await chunk in request.body {
          try receiver.take(chunk)
          bytesIn += chunk.readableBytes
        }
        return try receiver.finish()
      } catch {
        receiver.abandon()
        throw error
      }
    }
  }

  private func declaredLength(_ head: HTTPRequestHead) -> Int? {
    head.headers.value(.contentLength).flatMap { Int($0) }
  }

  /// nil for a body that holds no tensor to be used where it lies.
  private func announcement(_ head: HTTPRequestHead) -> BodyBytes.Announcement? {
    guard let length = declaredLength(head), length >= BufferMemory.leastBytes, head.headers[.contentEncoding] == nil,
      let offset = head.headers.inferenceHeaderLength.flatMap({ Int($0) }), (0...length).contains(offset)
    else { return nil }
    return BodyBytes.Announcement(length: length, tensorOffset: offset)
  }

  private func collect(_ request: Request, _ head: HTTPRequestHead, _ bytesIn: inout Int) async throws -> BodyBytes {
    let refusal = ServingError(
      .payloadTooLarge, "the body exceeds the limit of \(bodyLimit.value) bytes; '--max-body-bytes' raises it")
    if let length = declaredLength(head), length > bodyLimit.value { throw refusal }
    var body = BodyBytes([], announced: announcement(head))
    for try await chunk in request.body {
      guard body.count + chunk.readableBytes <= bodyLimit.value else { throw refusal }
      body.append(chunk)
      bytesIn = body.count
    }
    return body
  }

  private func answer(
    _ head: HTTPRequestHead, _ body: BodyBytes, _ coding: ContentCoding?, _ connection: Connection
  ) async -> HTTPAnswer {
    do throws(ServingError) {
      let plain = coding == nil ? body : try ContentCoding.decode(body, limit: bodyLimit.value)
      return await routed(head, plain, connection)
    } catch { return V2Answer.error(error) }
  }

  private func routed(_ head: HTTPRequestHead, _ body: BodyBytes, _ connection: Connection) async -> HTTPAnswer {
    do throws(ServingError) {
      guard let segments = head.segments else { throw .invalid("the path is not well encoded") }
      if let answer = try await dispatch(head, segments, body, connection) { return answer }
      return .json(#"{"error":"Not Found"}"#, status: 404)
    } catch { return V2Answer.error(error) }
  }

  private func dispatch(
    _ head: HTTPRequestHead, _ segments: [String], _ body: BodyBytes, _ connection: Connection
  ) async throws(ServingError) -> HTTPAnswer? {
    switch segments.first {
    case "v2" where segments.count > 1 && segments[1] == "registry":
      let path = Array(segments.dropFirst(2))
      let result = await withTaskExecutorPreference(ThreadPoolExecutor.shared) {
        await registryAnswer(head, path, body, connection)
      }
      return try result.get()
    // What is stuck has a name, which is not for everybody.
    case "v2" where segments == ["v2", "health", "live"] && !service.isLive && access == nil: return notLive(head)
    case "v2": return try await v2.answer(head, Array(segments.dropFirst()), body, connection.next())
    case "v1", "V1":
      // TensorFlow Serving's paths are the same in either case.
      return await tensorFlow.answer(
        method: head.method.rawValue, path: String(head.path), body: body.chunks, abandonment: connection.next(),
        header: { name in HTTPField.Name(name).flatMap { head.headers[$0] } })
    case "" where segments.count == 1, nil:
      return page(head, "text/html; charset=utf-8", ByteBuffer(bytes: ServerPage.html))
    case "openapi.json" where segments.count == 1: return page(head, "application/json", ByteBuffer(string: openAPI))
    case "metrics" where segments.count == 1:
      try requireEverything()
      return page(head, "text/plain; version=0.0.4; charset=utf-8", ByteBuffer(string: metrics))
    default: return nil
    }
  }

  private func registryAnswer(
    _ head: HTTPRequestHead, _ path: [String], _ body: BodyBytes, _ connection: Connection
  ) async -> Result<HTTPAnswer?, ServingError> {
    do throws(ServingError) {
      return .success(try await registry.answer(head, path, body, peer: connection.peer))
    } catch { return .failure(error) }
  }

  /// What is about all models is for those who may see all of them.
  private func requireEverything() throws(ServingError) {
    guard access != nil else { return }
    guard let principal = RequestContext.current?.principal else {
      throw ServingError(.unauthenticated, AccessControl.noKey)
    }
    do throws(AccessError) { try principal.requireEverywhere(.reader) } catch { throw ServingError(error) }
  }

  private func compressed(_ answer: HTTPAnswer, _ head: HTTPRequestHead) async -> HTTPAnswer {
    var answer = answer
    if answer.status == 501, head.headers[.contentEncoding] != nil {
      answer.headers.append(("Accept-Encoding", "gzip, deflate"))
    }
    let plain = answer
    guard plain.byteCount > 0, let coding = ContentCoding.accepted(by: head.headers[.acceptEncoding]) else {
      return answer
    }
    let encoded =
      plain.byteCount < Self.largeBody
      ? coding.encode([plain.body])
      : await withTaskExecutorPreference(ThreadPoolExecutor.shared) { await Self.encode(plain, coding) }
    guard let encoded else { return answer }
    answer.body = encoded
    answer.parts = []
    answer.headers.append(("Content-Encoding", coding.rawValue))
    answer.headers.append(("Vary", "Accept-Encoding"))
    return answer
  }

  private nonisolated static func encode(_ answer: HTTPAnswer, _ coding: ContentCoding) async -> ByteBuffer? {
    coding.encode([answer.body] + answer.parts)
  }
}
