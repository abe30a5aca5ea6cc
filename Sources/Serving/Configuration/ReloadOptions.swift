/// What SIGHUP makes a server do, besides looking at its repository.
public struct ReloadOptions: Sendable {
  /// What the server was started with.
  public var configuration = ServerConfiguration()
  /// Reads the configuration again; nil where there is no file of it.
  public var reread: (@Sendable () throws(ServingError) -> ServerConfiguration)?
  /// Parts that have files of their own. One that throws keeps what it had.
  public var onReload: [@Sendable () async throws -> Void] = []

  public init() {}
}
