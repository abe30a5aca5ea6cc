import NIOCore
import NIOPosix

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
    case is ChannelError: return "the connection could not be made"
    default: return "\(error)"
    }
  }
}
