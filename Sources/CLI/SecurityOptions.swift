import ArgumentParser
import MassClient

/// Whom a command trusts over https, and how it says who it is.
struct SecurityOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Authorities whose word on an https server is taken, in PEM. (default: the system's)", valueName: "file"),
    completion: .file())
  var ca: String?

  @Option(
    help: ArgumentHelp("The certificate to show to an https server that asks for one, in PEM.", valueName: "file"),
    completion: .file())
  var clientCertificate: String?

  @Option(help: ArgumentHelp("The certificate's private key, in PEM.", valueName: "file"), completion: .file())
  var clientKey: String?

  @Option(help: ArgumentHelp("Key to the server. Others see a command line: prefer $MASS_API_KEY.", valueName: "key"))
  var apiKey: String?

  func validate() throws {
    guard (clientCertificate == nil) == (clientKey == nil) else {
      throw ValidationError("--client-certificate and --client-key go together")
    }
  }

  func read() throws(Failure) -> ClientSecurity {
    do throws(ClientError) {
      return try ClientSecurity(
        authorities: ca, certificate: clientCertificate, key: clientKey,
        apiKey: apiKey ?? Environment.value("MASS_API_KEY"))
    } catch { throw Failure("\(error)") }
  }
}
