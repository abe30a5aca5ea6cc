import NIOCore
import NIOSSL
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// TLS 1.3 with files that may be renewed while the server runs: new connections use what was read last, old ones stay as they
/// are.
public final class ReloadingTLS: Sendable {
  public let options: TLSOptions

  private struct State {
    var identity: TLSIdentity
    /// The files as they were when they were last tried.
    var stamps: [FileStamp?]
  }

  private let state: Mutex<State>
  /// Held for a whole reload: the later one must win.
  private let reloading = Mutex(())

  /// - Throws: `invalidArgument` naming the file that cannot be used, and what to do.
  public init(_ options: TLSOptions) throws(ServingError) {
    self.options = options
    let stamps = Self.stamps(options)
    state = Mutex(State(identity: try TLSIdentity(options, now: Self.now), stamps: stamps))
  }

  /// When the certificate expires, in seconds since 1970.
  public var certificateExpiry: Int { state.withLock { $0.identity.expiry } }

  /// The certificate's number, in hexadecimal digits.
  public var serialNumber: String { state.withLock { $0.identity.serialNumber } }

  /// Reads the files again.
  ///
  /// - Throws: Why they cannot be used; what was read before stays in use then.
  public func reload() throws(ServingError) {
    let result: Result<Void, ServingError> = reloading.withLock { _ in
      // Before the files are read: what changes meanwhile is seen by the next look.
      let stamps = Self.stamps(options)
      do throws(ServingError) {
        let identity = try TLSIdentity(options, now: Self.now)
        state.withLock { $0 = State(identity: identity, stamps: stamps) }
        return .success(())
      } catch {
        state.withLock { $0.stamps = stamps }
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Reads the files again if one of them changed since the last attempt.
  ///
  /// - Returns: Whether they were read.
  /// - Throws: As `reload`, once for each state of the files.
  @discardableResult
  public func reloadIfChanged() throws(ServingError) -> Bool {
    let former = state.withLock { $0.stamps }
    guard former != Self.stamps(options) else { return false }
    try reload()
    return true
  }

  // MARK: Connections

  /// The handlers that stand between a connection of HTTP and everything else, in their order.
  func handlersForHTTP() -> [any ChannelHandler] { handlers(state.withLock { $0.identity.http }) }

  /// As `handlersForHTTP`, for gRPC.
  func handlersForGRPC() -> [any ChannelHandler] { handlers(state.withLock { $0.identity.grpc }) }

  private func handlers(_ context: NIOSSLContext) -> [any ChannelHandler] {
    [NIOSSLServerHandler(context: context), HandshakeLimit(), PacedWrites()]
  }

  private static var now: Int { Int(time(nil)) }

  private static func stamps(_ options: TLSOptions) -> [FileStamp?] { options.files.map(FileStamp.init) }
}

/// What tells one state of a file from another without reading it; links are followed.
private struct FileStamp: Hashable {
  var byteCount: Int
  var modified: Int
  var inode: UInt64

  init?(_ path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    byteCount = Int(status.st_size)
    modified = Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)
    inode = UInt64(status.st_ino)
  }
}
