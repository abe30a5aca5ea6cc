/// Where a server is whose registry is meant: `http://HOST:PORT`, and a path where a proxy serves it under one.
public struct RegistryAddress: Hashable, Sendable, CustomStringConvertible {
  /// The URL without a slash at its end.
  public let description: String

  /// - Throws: `invalidAddress` for what is no URL of a server.
  public init(_ url: String) throws(RegistryClientError) {
    var root = url[...]
    while root.hasSuffix("/") { root.removeLast() }
    // A model's address has the same rules for what stands before its path.
    let modelPath = "/v2/models/model"
    do throws(ClientError) {
      let address = try ModelAddress(root + modelPath)
      description = String("\(address)".dropLast(modelPath.count))
    } catch {
      guard case .invalidAddress(_, let reason) = error else { throw .invalidAddress(url, reason: "\(error)") }
      throw .invalidAddress(url, reason: reason)
    }
  }
}
