/// Where and how HTTP is served.
public struct HTTPOptions: Sendable {
  public var host: String
  /// 0 for any that is free.
  public var port: Int
  /// Bytes of a body, and of what it decompresses to; larger ones are refused before they are kept.
  public var bodyLimit: Int
  /// Seconds after which a connection without a request is closed.
  public var idleSeconds: Int64 = 75
  /// Seconds for the body of a request to arrive.
  public var requestSeconds: Int64 = 120
  /// nil for plain HTTP.
  public var tls: ReloadingTLS?

  public init(host: String = "127.0.0.1", port: Int = 8000, bodyLimit: Int = 64 << 20) {
    self.host = host
    self.port = port
    self.bodyLimit = bodyLimit
  }

  /// Whether only this machine can connect.
  var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}
