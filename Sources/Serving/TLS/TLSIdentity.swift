import MassFormats
import NIOSSL

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A certificate with its key, read and checked, for both protocols.
struct TLSIdentity: Sendable {
  let http: NIOSSLContext
  let grpc: NIOSSLContext
  /// When the first certificate of the chain that does so expires, in seconds since 1970.
  let expiry: Int
  /// The server's certificate's number, in hexadecimal digits.
  let serialNumber: String

  /// Larger files hold no certificates.
  private static let fileLimit = 1 << 20
  /// For a client to answer that the connection ends.
  private static let closingSeconds: Int64 = 1

  /// - Parameter now: Seconds since 1970.
  /// - Throws: `invalidArgument` naming the file that is not there or of no use, and what to do.
  init(_ options: TLSOptions, now: Int) throws(ServingError) {
    let chain = try Self.certificates(options.certificate)
    let key = try Self.privateKey(options.privateKey)
    guard let expiry = chain.map({ Int($0.notValidAfter) }).min(), let leaf = chain.first else {
      throw Self.noCertificate(options.certificate)
    }
    try Self.checkPeriod(of: chain, in: options.certificate, now: now)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv13
    configuration.shutdownTimeout = .seconds(Self.closingSeconds)
    if let path = options.clientAuthorities {
      configuration.certificateVerification = .noHostnameVerification
      configuration.trustRoots = .certificates(try Self.certificates(path))
      configuration.sendCANameList = true
    }
    self.expiry = expiry
    serialNumber = leaf.serialNumber.map { Self.hexadecimal($0) }.joined()
    http = try Self.context(configuration, "http/1.1", options)
    grpc = try Self.context(configuration, "h2", options)
  }

  private static func context(
    _ configuration: TLSConfiguration, _ protocolName: String, _ options: TLSOptions
  ) throws(ServingError) -> NIOSSLContext {
    var configuration = configuration
    configuration.applicationProtocols = [protocolName]
    do { return try NIOSSLContext(configuration: configuration) } catch {
      throw .invalid(
        """
        \(options.privateKey): this key does not belong to the certificate of \(options.certificate); give the pair that \
        was made together
        """)
    }
  }

  private static func certificates(_ path: String) throws(ServingError) -> [NIOSSLCertificate] {
    let bytes = try read(path)
    guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
      throw noCertificate(path)
    }
    return certificates
  }

  private static func noCertificate(_ path: String) -> ServingError {
    .invalid("\(path): expected certificates in PEM, '-----BEGIN CERTIFICATE-----', got none that can be read")
  }

  private static func privateKey(_ path: String) throws(ServingError) -> NIOSSLPrivateKey {
    let bytes = try read(path)
    do { return try NIOSSLPrivateKey(bytes: bytes, format: .pem) } catch {
      throw .invalid(
        """
        \(path): expected a private key in PEM that is not encrypted, got none that can be read; \
        'openssl pkey -in FILE -out FILE' takes a passphrase away
        """)
    }
  }

  private static func read(_ path: String) throws(ServingError) -> [UInt8] {
    do throws(FormatError) { return try WholeFile.read(path, limit: fileLimit) } catch {
      throw .invalid("\(error); TLS needs this file")
    }
  }

  private static func checkPeriod(
    of chain: [NIOSSLCertificate], in path: String, now: Int
  ) throws(ServingError) {
    for certificate in chain {
      guard certificate.notValidAfter > now else {
        throw .invalid("\(path): a certificate expired on \(date(Int(certificate.notValidAfter))); renew it")
      }
      guard certificate.notValidBefore <= now else {
        throw .invalid(
          "\(path): a certificate is not valid before \(date(Int(certificate.notValidBefore))); is the clock right?")
      }
    }
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0\(digits)" : digits
  }

  private static func date(_ seconds: Int) -> String {
    var time = time_t(seconds)
    var parts = unsafe tm()
    guard unsafe gmtime_r(&time, &parts) != nil else { return "\(seconds) s after 1970" }
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return unsafe "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
  }
}
