import HTTPTypes
import HummingbirdCore
import NIOCore

/// What is sent back for one HTTP request.
public struct HTTPAnswer: Sendable {
  public var status: Int
  public var contentType: String
  public var headers: [(String, String)]
  public var body: ByteBuffer
  /// What follows `body`: large outputs, which are sent from where they lie.
  var parts: [ByteBuffer] = []

  /// Bytes of the whole body.
  var byteCount: Int { parts.reduce(body.readableBytes) { $0 + $1.readableBytes } }

  public init(status: Int = 200, contentType: String, headers: [(String, String)] = [], body: ByteBuffer) {
    self.status = status
    self.contentType = contentType
    self.headers = headers
    self.body = body
  }

  public static func json(_ text: String, status: Int = 200) -> HTTPAnswer {
    HTTPAnswer(status: status, contentType: "application/json", body: ByteBuffer(string: text))
  }
}

extension HTTPAnswer {
  /// Sends the answer to a request that came over a connection.
  func write(to writer: consuming ResponseWriter, of connection: Connection, method: HTTPRequest.Method) async throws {
    var fields = HTTPFields()
    fields[.contentType] = contentType
    fields[.contentLength] = "\(byteCount)"
    for (name, value) in headers {
      if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
    }
    let response = HTTPResponse(status: HTTPResponse.Status(code: status), headerFields: fields)
    if method == .head {
      try await writer.writeResponse(response)
    } else {
      connection.append(parts)
      try await writer.write(response: response, body: ResponseBody(byteBuffer: body))
    }
  }
}

extension ServingError.Code {
  /// The status of the Open Inference Protocol, as Triton maps it, with the statuses HTTP has for what Triton lacks.
  var httpStatus: Int {
    switch self {
    case .invalidArgument: 400
    case .alreadyExists: 409
    case .unauthenticated: 401
    case .permissionDenied: 403
    case .notFound: 404
    case .payloadTooLarge: 413
    case .resourceExhausted: 429
    case .cancelled: 499
    case .internalError: 500
    case .unsupported: 501
    case .unavailable, .deadlineExceeded: 503
    }
  }
}
