/// Why a server's registry did not do what was asked.
public enum RegistryClientError: Error, Hashable, CustomStringConvertible {
  case invalidAddress(String, reason: String)
  /// The request is wrong in itself; nothing was sent.
  case invalid(String)
  /// A file to publish cannot be read, or changed meanwhile.
  case unreadableFile(path: String, reason: String)
  /// No connection came about, or it broke before the answer was complete.
  case unreachable(reason: String)
  /// There is a server, but no encrypted connection with it.
  case insecure(reason: String)
  case timedOut(seconds: Double)
  /// The server's own words, with its HTTP status.
  case refused(status: Int, message: String)
  /// What answered has no registry.
  case notRegistry(reason: String)
  /// An answer that contradicts itself or the protocol.
  case malformed(String)
  /// The server received something else than was sent.
  case differentContent(file: String, sent: String, received: String)
  /// The task was canceled. Where the server was publishing already, whether it did is not known.
  case canceled(whilePublishing: Bool)

  public var description: String {
    switch self {
    case .invalidAddress(let url, let reason): "'\(url)' is not the address of a server: \(reason)"
    case .invalid(let reason): reason
    case .unreadableFile(let path, let reason): "\(path): \(reason)"
    case .unreachable(let reason): "the server does not answer: \(reason)"
    case .insecure(let reason): "no secure connection: \(reason)"
    case .timedOut(let seconds): "no answer within \(seconds) s"
    case .refused(let status, let message): "\(message) (HTTP \(status))"
    case .notRegistry(let reason): "this server has no registry: \(reason)"
    case .malformed(let reason): "invalid answer: \(reason)"
    case .differentContent(let file, let sent, let received): "\(file): sent \(sent), the server received \(received)"
    case .canceled(false): "canceled: nothing was published"
    case .canceled(true): "canceled while the server was publishing: it may have done so"
    }
  }
}
