import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Words for why a connection does not come about.
enum ConnectionFailure {
  static func text(_ error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError:
      if let failure = error.connectionErrors.first { return text(failure.error) }
      return error.dnsAError == nil && error.dnsAAAAError == nil
        ? "no address" : "the host '\(error.host)' is not known"
    case let error as IOError: return unsafe String(cString: strerror(error.errnoCode)).lowercased()
    case let error as NIOSSLError: return text(error)
    // What is refused after the client's own side of the handshake comes as such.
    case let error as BoringSSLError: return text(error)
    case let error as NIOSSLExtraError: return words("\(error)")
    case is ChannelError: return "the connection could not be made"
    default: return "\(error)"
    }
  }

  /// Whether the error is about encryption.
  static func isInsecure(_ error: any Error) -> Bool {
    error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError
  }

  private static func text(_ error: NIOSSLError) -> String {
    switch error {
    case .handshakeFailed(let error), .shutdownFailed(let error): text(error)
    case .uncleanShutdown: "it closed the connection"
    default: "\(error)"
    }
  }

  private static func text(_ error: BoringSSLError) -> String {
    switch error {
    case .sslError(let reasons), .unknownError(let reasons), .invalidSNIName(let reasons):
      words(reasons.first.map { "\($0)" } ?? "\(error)")
    default: "\(error)"
    }
  }

  /// What a reason of the TLS library means.
  private static func words(_ reason: String) -> String {
    let meanings = [
      ("CERTIFICATE_VERIFY_FAILED", "its certificate is not from an authority that is trusted, or not valid now"),
      ("WRONG_VERSION_NUMBER", "it does not speak TLS there"),
      ("PROTOCOL_VERSION", "it has no version of TLS in common with this client"),
      ("CERTIFICATE_REQUIRED", "it asks for a client's certificate"),
      ("ALERT_UNKNOWN_CA", "it does not trust the client's certificate"),
      ("alidateHostname", "its certificate is for another host"),
      ("EOF during handshake", "it closed the connection before it was encrypted"),
    ]
    return meanings.first { reason.contains($0.0) }?.1 ?? reason
  }
}
