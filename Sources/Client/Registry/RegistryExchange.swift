import AsyncHTTPClient
import MassFormats
import MassJSON
import NIOCore
import NIOHTTP1

/// A request to a registry.
struct RegistryRequest {
  var method: HTTPMethod
  /// What follows `/v2/registry`, not percent-encoded.
  var path: [String]
  var query = ""
  var headers: HTTPHeaders = [:]
  var body: HTTPClientRequest.Body?
  /// How long it may take, from the first to the last byte.
  var seconds: Double

  init(_ method: HTTPMethod, _ path: [String], seconds: Double) {
    self.method = method
    self.path = path
    self.seconds = seconds
  }

  mutating func setBody(_ json: JSON) {
    headers.replaceOrAdd(name: "Content-Type", value: "application/json")
    body = .bytes(ByteBuffer(string: json.text(isIndented: false)))
  }

  /// The path in the form that URLs have.
  var encodedPath: String { (["", "v2", "registry"] + path.map(Self.percentEncoded)).joined(separator: "/") + query }

  private static func percentEncoded(_ segment: String) -> String {
    // A segment of dots only would be taken for a step in the path.
    let isPlainDot = segment != "." && segment != ".."
    let digits = Array("0123456789ABCDEF".utf8)
    let bytes = segment.utf8.flatMap { (byte) -> [UInt8] in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
        [byte]
      case UInt8(ascii: ".") where isPlainDot: [byte]
      default: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension RegistryClient {
  /// Larger answers are refused.
  static let answerByteLimit = 256 << 20

  /// Lives as long as the process; clients of it need no end. A server that stops reading is given up.
  private static let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)

  private static var configuration: HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10), read: nil, write: .seconds(60)))
    configuration.connectionPool.retryConnectionEstablishment = false
    return configuration
  }

  /// Sends a request and reads the object that answers it.
  func exchange(_ request: RegistryRequest) async throws(RegistryClientError) -> RegistryAnswer {
    let path = request.encodedPath
    var message = HTTPClientRequest(url: "\(address)\(path)")
    message.method = request.method
    message.headers = request.headers
    security.apply(to: &message)
    message.headers.add(name: "Accept", value: "application/json")
    message.headers.add(name: "X-Mass-User", value: user)
    message.body = request.body
    let (status, body) = try await execute(message, seconds: request.seconds)
    let root = Self.document(body)
    guard (200..<300).contains(status) else {
      guard let text = root?.member("error")?.string else {
        throw .notRegistry(reason: "\(path) is answered with HTTP \(status) and no error of a registry")
      }
      throw .refused(status: status, message: text)
    }
    guard let root else { throw .notRegistry(reason: "\(path) is not answered in JSON") }
    return try RegistryAnswer(root, "the answer")
  }

  private func execute(
    _ message: HTTPClientRequest, seconds: Double
  ) async throws(RegistryClientError) -> (Int, ByteBuffer) {
    do {
      let timeout = TimeAmount.nanoseconds(Int64(min(max(seconds, 0.001), 1e6) * 1e9))
      let response = try await Self.http.execute(message, timeout: timeout)
      return (Int(response.status.code), try await response.body.collect(upTo: Self.answerByteLimit))
    } catch let error as RegistryClientError {
      throw error
    } catch is NIOTooManyBytesError {
      throw .malformed("it is larger than \(Self.answerByteLimit) bytes")
    } catch is CancellationError {
      throw .canceled(whilePublishing: false)
    } catch let error as HTTPClientError {
      throw Self.failure(error, seconds)
    } catch let error as HTTPParserError {
      throw .notRegistry(reason: "the answer is not HTTP: \(error)")
    } catch {
      let reason = ConnectionFailure.text(error)
      throw ConnectionFailure.isInsecure(error) ? .insecure(reason: reason) : .unreachable(reason: reason)
    }
  }

  private static func failure(_ error: HTTPClientError, _ seconds: Double) -> RegistryClientError {
    switch error {
    case .cancelled: .canceled(whilePublishing: false)
    case .connectTimeout: .unreachable(reason: "no connection within 10 s")
    case .deadlineExceeded, .readTimeout, .getConnectionFromPoolTimeout: .timedOut(seconds: seconds)
    case .writeTimeout: .unreachable(reason: "it took no byte for 60 s")
    case .remoteConnectionClosed: .unreachable(reason: "it closed the connection")
    default: .unreachable(reason: "\(error)")
    }
  }

  private static func document(_ body: ByteBuffer) -> JSONValue? {
    try? unsafe body.withUnsafeReadableBytes { bytes in
      try unsafe JSONDocument(bytes: bytes, options: JSONOptions(byteLimit: answerByteLimit)).root
    }
  }
}
