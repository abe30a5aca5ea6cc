import GRPCCore
import NIOCore
import ServiceLifecycle

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What keeps an address from being listened on, in the system's words.
enum ListeningError {
  static func of(_ error: any Error, _ host: String, _ port: Int, _ protocolName: String) -> ServingError {
    let place = "\(host):\(port) (\(protocolName))"
    guard let code = code(error) else { return ServingError(.unavailable, "\(place): \(error)") }
    let remedy = code == EADDRINUSE ? "; stop what listens there or choose another port" : ""
    return ServingError(.unavailable, "\(place): \(unsafe String(cString: strerror(code)))\(remedy)")
  }

  private static func code(_ error: any Error) -> Int32? {
    switch error {
    case let error as IOError: error.errnoCode
    case let error as RuntimeError: error.cause.flatMap(code)
    default: nil
    }
  }
}

/// A service whose errors say which address they are about.
struct ListeningService: Service {
  let base: any Service
  let host: String
  let port: Int
  let protocolName: String

  func run() async throws {
    do { try await base.run() } catch { throw ListeningError.of(error, host, port, protocolName) }
  }
}
