import GRPCCore

/// How gRPC carries an error: the status has its code and its text.
extension ServingError: RPCErrorConvertible {
  public var rpcErrorCode: RPCError.Code {
    switch code {
    case .invalidArgument: .invalidArgument
    case .unauthenticated: .unauthenticated
    case .permissionDenied: .permissionDenied
    case .notFound: .notFound
    case .alreadyExists: .alreadyExists
    case .resourceExhausted, .payloadTooLarge: .resourceExhausted
    case .cancelled: .cancelled
    case .deadlineExceeded: .deadlineExceeded
    case .unavailable: .unavailable
    case .unsupported: .unimplemented
    case .internalError: .internalError
    }
  }

  /// The text travels in a header, whose size clients limit.
  public var rpcErrorMessage: String {
    message.utf8.count <= Self.textLimit ? message : message.prefix(Self.textLimit / 4) + "…"
  }

  /// `grpc-retry-pushback-ms` is what clients with a retry policy obey.
  public var rpcErrorMetadata: Metadata {
    guard let retryAfter else { return [:] }
    return ["grpc-retry-pushback-ms": "\(retryAfter.multipliedReportingOverflow(by: 1000).partialValue)"]
  }

  private static let textLimit = 2048
}
