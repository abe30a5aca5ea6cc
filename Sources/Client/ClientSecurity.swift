import AsyncHTTPClient
import MassFormats
import NIOCore
import NIOSSL

/// Whom a client trusts over https, and how it says who it is.
public struct ClientSecurity: Sendable {
  /// nil for the system's authorities and no certificate.
  let tls: TLSConfiguration?
  /// What `Authorization` says; nil for nothing.
  let authorization: String?

  /// The system's authorities, no certificate and no key.
  public static let standard = ClientSecurity(tls: nil, authorization: nil)

  private init(tls: TLSConfiguration?, authorization: String?) {
    self.tls = tls
    self.authorization = authorization
  }

  /// - Parameter authorities: A PEM file of those whose word on servers is taken, in place of the system's.
  /// - Parameter certificate: A PEM file of the client's certificate and those that lead to an authority.
  /// - Parameter key: A PEM file of its private key. Neither goes without the other.
  /// - Parameter apiKey: Sent with every request.
  /// - Throws: `invalidSecurity` naming what cannot be used.
  public init(
    authorities: String? = nil, certificate: String? = nil, key: String? = nil, apiKey: String? = nil
  ) throws(ClientError) {
    var tls = TLSConfiguration.makeClientConfiguration()
    if let authorities { tls.trustRoots = .certificates(try Self.certificates(authorities)) }
    switch (certificate, key) {
    case (let certificate?, let key?):
      tls.certificateChain = try Self.certificates(certificate).map { .certificate($0) }
      tls.privateKey = .privateKey(try Self.privateKey(key))
      guard (try? NIOSSLContext(configuration: tls)) != nil else {
        throw .invalidSecurity("\(key): this key does not belong to the certificate of \(certificate)")
      }
    case (nil, nil): break
    default: throw .invalidSecurity("a client's certificate and its key go together; one is missing")
    }
    authorization = try apiKey.map { (apiKey) throws(ClientError) in try Self.authorization(apiKey) }
    self.tls = authorities == nil && certificate == nil ? nil : tls
  }

  func apply(to request: inout HTTPClientRequest) {
    request.tlsConfiguration = tls
    if let authorization { request.headers.replaceOrAdd(name: "Authorization", value: authorization) }
  }

  private static func authorization(_ key: String) throws(ClientError) -> String {
    guard 1...4096 ~= key.utf8.count, key.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      throw .invalidSecurity("an API key has 1 to 4096 printable characters of ASCII and no blanks")
    }
    return "Bearer \(key)"
  }

  private static func certificates(_ path: String) throws(ClientError) -> [NIOSSLCertificate] {
    let bytes = try read(path)
    guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
      throw .invalidSecurity("\(path): expected certificates in PEM, got none that can be read")
    }
    return certificates
  }

  private static func privateKey(_ path: String) throws(ClientError) -> NIOSSLPrivateKey {
    let bytes = try read(path)
    guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
      throw .invalidSecurity("\(path): expected a private key in PEM that is not encrypted, got none that can be read")
    }
    return key
  }

  private static func read(_ path: String) throws(ClientError) -> [UInt8] {
    do throws(FormatError) { return try WholeFile.read(path, limit: 1 << 20) } catch {
      throw .invalidSecurity("\(error)")
    }
  }
}
