import MassRuntime

/// Why a server did not give what it was asked for.
public enum ClientError: Error, Hashable, CustomStringConvertible {
  case invalidAddress(String, reason: String)
  /// No connection came about, or it broke before the answer was complete.
  case unreachable(reason: String)
  /// There is a server, but no encrypted connection with it.
  case insecure(reason: String)
  /// A certificate or key of the client's own is of no use.
  case invalidSecurity(String)
  case timedOut(seconds: Double)
  /// The server's own words, with its HTTP status.
  case refused(status: Int, message: String)
  /// What answered does not speak the Open Inference Protocol.
  case notInferenceServer(reason: String)
  /// An answer that contradicts itself or the protocol.
  case malformed(String)
  case answerTooLarge(byteLimit: Int)
  case requestTooLarge(byteLimit: Int)
  /// The protocol has no name for an input's type.
  case unsupportedType(input: String, ElementType)

  public var description: String {
    switch self {
    case .invalidAddress(let url, let reason): "'\(url)' is not the address of a model: \(reason)"
    case .unreachable(let reason): "the server does not answer: \(reason)"
    case .insecure(let reason): "no secure connection: \(reason)"
    case .invalidSecurity(let reason): reason
    case .timedOut(let seconds): "no answer within \(seconds) s"
    case .refused(let status, let message): "\(message) (HTTP \(status))"
    case .notInferenceServer(let reason): "this is no server of the Open Inference Protocol: \(reason)"
    case .malformed(let reason): "invalid answer: \(reason)"
    case .answerTooLarge(let limit): "the answer is larger than \(limit) bytes"
    case .requestTooLarge(let limit): "the inputs take more than \(limit) bytes, the most one request may have"
    case .unsupportedType(let input, let element): "input '\(input)': the protocol cannot carry \(element)"
    }
  }
}
