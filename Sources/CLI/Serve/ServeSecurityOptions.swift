import ArgumentParser
import MassSecurity
import MassServing

/// What keeps connections secret and strange models out.
struct ServeSecurityOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Keys and tenants, as 'mass key' writes them: whoever asks must have one. Without it only this machine is served.",
      valueName: "FILE"),
    completion: .file())
  var access: String?
  @Option(
    help: ArgumentHelp(
      "Where changes are written down, each entry with the hash of the one before.", valueName: "FILE"),
    completion: .file())
  var auditLog: String?
  @Option(
    help: ArgumentHelp(
      "The server's certificate and those that lead to its authority, in PEM: HTTP and gRPC are encrypted then, by TLS 1.3.",
      valueName: "FILE"),
    completion: .file())
  var tlsCertificate: String?
  @Option(help: ArgumentHelp("The certificate's private key, in PEM.", valueName: "FILE"), completion: .file())
  var tlsKey: String?
  @Option(
    help: ArgumentHelp(
      "Authorities, in PEM: only clients with a certificate of theirs are let in.", valueName: "FILE"),
    completion: .file())
  var tlsClientAuthorities: String?
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "A public key, in PEM; may be repeated. Only models signed with one of them are loaded.", valueName: "FILE"),
    completion: .file())
  var signer: [String] = []

  func validate() throws {
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-certificate and --tls-key go together")
    }
  }

  func apply(to configuration: inout ServerConfiguration) {
    configuration.access = access ?? configuration.access
    configuration.auditLog = auditLog ?? configuration.auditLog
    if let tlsCertificate, let tlsKey {
      configuration.tls = TLSOptions(
        certificate: tlsCertificate, privateKey: tlsKey,
        clientAuthorities: configuration.tls?.clientAuthorities)
    }
    if let tlsClientAuthorities { configuration.tls?.clientAuthorities = tlsClientAuthorities }
    if !signer.isEmpty { configuration.signers = signer }
  }
}

extension ServerConfiguration {
  /// The keys of the files that it names.
  ///
  /// - Throws: Which of them is of no use.
  func signerKeys() throws(ServingError) -> [SignerKey] {
    do throws(SigningError) {
      return try signers.map { (path) throws(SigningError) in try SignerKey(path: path) }
    } catch { throw .invalid("\(error)") }
  }
}

extension ServeCheck {
  /// Certificates that cannot be used, and keys of signers that cannot.
  static let security: Step = { configuration in
    var findings: [Finding] = []
    do throws(ServingError) {
      if let path = configuration.access { _ = try AccessControl(path: path) }
    } catch {
      findings.append(Finding(.error, configuration.access ?? "", error, remedy: "correct the file with 'mass key'"))
    }
    do throws(ServingError) {
      if let tls = configuration.tls { _ = try ReloadingTLS(tls) }
    } catch {
      findings.append(Finding(.error, configuration.tls?.certificate ?? "", "\(error)", remedy: ""))
    }
    do throws(ServingError) { try configuration.checkReach() } catch {
      findings.append(Finding(.error, configuration.host, error, remedy: ""))
    }
    for path in configuration.signers {
      do throws(SigningError) { _ = try SignerKey(path: path) } catch {
        let remedy = "name a public key that 'mass sign --new-key' or openssl wrote"
        findings.append(Finding(.error, path, "\(error)", remedy: remedy))
      }
    }
    return findings
  }
}
