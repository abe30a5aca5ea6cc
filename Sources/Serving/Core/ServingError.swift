/// Why a request was not answered with a result: what every protocol translates into its own code.
public struct ServingError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Code: Hashable, Sendable, CaseIterable {
    case invalidArgument, unauthenticated, permissionDenied, notFound, alreadyExists, resourceExhausted, payloadTooLarge
    case cancelled, deadlineExceeded, unavailable, unsupported, internalError
  }

  public var code: Code
  public var message: String
  /// Seconds after which the same request may succeed.
  public var retryAfter: Int?
  /// Whether the version failed in running the request, whatever the client is told.
  var isFailureOfVersion = false

  public init(_ code: Code, _ message: String, retryAfter: Int? = nil) {
    self.code = code
    self.message = message
    self.retryAfter = retryAfter
  }

  public static func invalid(_ message: String) -> ServingError { ServingError(.invalidArgument, message) }

  public var description: String { message }
}
