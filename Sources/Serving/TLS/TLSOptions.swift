/// Where a server's certificate and key are, and whom it lets in.
public struct TLSOptions: Hashable, Sendable {
  /// A PEM file: the server's certificate, then those that lead to an authority.
  public var certificate: String
  /// A PEM file: the private key of the first certificate, not encrypted.
  public var privateKey: String
  /// A PEM file of authorities; a client must then show a certificate that one of them vouches for. nil asks clients for none.
  public var clientAuthorities: String?

  public init(certificate: String, privateKey: String, clientAuthorities: String? = nil) {
    self.certificate = certificate
    self.privateKey = privateKey
    self.clientAuthorities = clientAuthorities
  }

  var files: [String] { [certificate, privateKey] + [clientAuthorities].compactMap(\.self) }
}
