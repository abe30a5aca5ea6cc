import AsyncHTTPClient
import MassJSON
import MassRuntime
import NIOCore
import NIOHTTP1

/// Speaks the Open Inference Protocol, version 2, to the server of one model.
///
/// Connections are kept and shared by all clients of the process. Redirections are not followed.
public struct InferenceClient: Sendable {
  public let address: ModelAddress
  public let options: Options
  private let security: ClientSecurity

  public struct Options: Sendable, Hashable {
    /// How long a request may take, from the first to the last byte.
    public var timeoutSeconds: Double
    /// Larger answers to an inference are refused.
    public var answerByteLimit: Int

    public init(timeoutSeconds: Double = 60, answerByteLimit: Int = 1 << 30) {
      self.timeoutSeconds = timeoutSeconds
      self.answerByteLimit = answerByteLimit
    }
  }

  /// Metadata and errors may have this many bytes.
  public static let messageByteLimit = 4 << 20

  /// Lives as long as the process; clients of it need no end.
  private static let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)

  private static var configuration: HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10)))
    // Whoever refuses a connection, or shows a certificate that is not trusted, does so the next time too.
    configuration.connectionPool.retryConnectionEstablishment = false
    return configuration
  }

  public init(_ address: ModelAddress, options: Options = Options(), security: ClientSecurity = .standard) {
    self.address = address
    self.options = options
    self.security = security
  }

  /// Whether the model answers requests now.
  public func ready() async throws(ClientError) -> Bool {
    let answer = try await execute(request("/ready"), byteLimit: Self.messageByteLimit)
    switch answer.status {
    case 200: return true
    case 400, 404, 503: return false
    default: throw refusal(answer)
    }
  }

  /// What the model takes and gives.
  public func metadata() async throws(ClientError) -> ModelMetadata {
    let answer = try await execute(request(""), byteLimit: Self.messageByteLimit)
    guard answer.status == 200 else { throw refusal(answer) }
    guard let root = Self.document(answer.body) else {
      throw .notInferenceServer(reason: "the model's metadata is not JSON")
    }
    return try ModelMetadata(root)
  }

  /// Runs the model once. Tensors travel as bytes in both directions.
  public func infer(_ request: InferenceRequest) async throws(ClientError) -> InferenceResponse {
    try await infer(EncodedRequest(request))
  }

  /// As above, for a request that is sent more than once.
  public func infer(_ encoded: EncodedRequest) async throws(ClientError) -> InferenceResponse {
    var request = request("/infer")
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/octet-stream")
    request.headers.add(name: ProtocolHeader.jsonLength, value: "\(encoded.headerLength)")
    request.body = .bytes(encoded.body)
    let answer = try await execute(request, byteLimit: options.answerByteLimit)
    guard answer.status == 200 else { throw refusal(answer) }
    var length: Int?
    if let text = answer.jsonLength {
      guard let number = Int(text) else { throw .malformed("\(ProtocolHeader.jsonLength) is '\(text)'") }
      length = number
    }
    return try InferenceResponse(answer.body, headerLength: length)
  }
}

enum ProtocolHeader {
  static let jsonLength = "Inference-Header-Content-Length"
}

extension InferenceClient {
  private struct Answer {
    var status: Int
    var jsonLength: String?
    var body: ByteBuffer
  }

  private func request(_ suffix: String) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: "\(address)\(suffix)")
    security.apply(to: &request)
    request.headers.add(name: "Accept", value: "application/json, application/octet-stream")
    return request
  }

  /// The body is collected only as far as `byteLimit`, whatever its length is said to be.
  private func execute(_ request: HTTPClientRequest, byteLimit: Int) async throws(ClientError) -> Answer {
    do {
      let timeout = TimeAmount.nanoseconds(Int64(min(max(options.timeoutSeconds, 0.001), 1e6) * 1e9))
      let response = try await Self.http.execute(request, timeout: timeout)
      let limit = response.status == .ok ? byteLimit : Self.messageByteLimit
      let body = try await response.body.collect(upTo: limit)
      return Answer(
        status: Int(response.status.code), jsonLength: response.headers.first(name: ProtocolHeader.jsonLength),
        body: body)
    } catch is NIOTooManyBytesError {
      throw .answerTooLarge(byteLimit: byteLimit)
    } catch let error as HTTPClientError {
      throw failure(error)
    } catch let error as HTTPParserError {
      throw .notInferenceServer(reason: "the answer is not HTTP: \(error)")
    } catch {
      let reason = ConnectionFailure.text(error)
      throw ConnectionFailure.isInsecure(error) ? .insecure(reason: reason) : .unreachable(reason: reason)
    }
  }

  private func failure(_ error: HTTPClientError) -> ClientError {
    switch error {
    case .connectTimeout: .unreachable(reason: "no connection within 10 s")
    case .deadlineExceeded, .readTimeout, .getConnectionFromPoolTimeout: .timedOut(seconds: options.timeoutSeconds)
    case .remoteConnectionClosed: .unreachable(reason: "it closed the connection")
    default: .unreachable(reason: "\(error)")
    }
  }

  private func refusal(_ answer: Answer) -> ClientError {
    guard let message = Self.document(answer.body)?.member("error")?.string else {
      return .notInferenceServer(
        reason: "\(address.path) is answered with HTTP \(answer.status) and no error of the protocol")
    }
    return .refused(status: answer.status, message: message)
  }

  private static func document(_ body: ByteBuffer) -> JSONValue? {
    try? unsafe body.withUnsafeReadableBytes { bytes in
      try unsafe JSONDocument(bytes: bytes, options: JSONOptions(byteLimit: messageByteLimit)).root
    }
  }
}
