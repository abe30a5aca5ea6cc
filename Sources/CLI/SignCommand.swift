import ArgumentParser
import MassCompiler
import MassFormats
import MassSecurity

struct SignCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign", abstract: "Signs a model, so that servers can tell who vouches for it.",
    discussion: """
      The signature is written to MODEL.sig beside the model. A server that is given public keys (signers) loads only \
      models signed with one of them. The files of an ONNX model's external data are signed along with it: name them.

      Keys are Ed25519 in PEM; `openssl genpkey -algorithm ed25519` makes them too.

      EXAMPLES
        mass sign --new-key release
        mass sign digits.plan --key release.pem
        mass sign encoder.onnx encoder.onnx.data --key release.pem --model whisper
        mass verify-signature digits.plan --signer release.pub.pem
      """)

  @Argument(
    help: ArgumentHelp("The model, then the files of its external data.", valueName: "file"), completion: .file())
  var files: [String] = []

  @Option(help: ArgumentHelp("The private key to sign with.", valueName: "file"), completion: .file())
  var key: String?

  @Option(help: ArgumentHelp("The only name under which the model may be served.", valueName: "name"))
  var model: String?

  @Option(
    help: ArgumentHelp("Make a key: NAME.pem, to be kept secret, and NAME.pub.pem for servers.", valueName: "name"))
  var newKey: String?

  @OptionGroup var output: OutputOptions

  func validate() throws {
    if newKey != nil {
      guard files.isEmpty, key == nil, model == nil else { throw ValidationError("--new-key goes alone") }
      return
    }
    guard !files.isEmpty else { throw ValidationError("expected a model, or --new-key NAME") }
    guard key != nil else { throw ValidationError("expected --key FILE; mass sign --new-key NAME makes one") }
    guard model?.isEmpty != true else { throw ValidationError("--model: expected a name") }
  }

  func run() throws {
    do throws(SigningError) {
      if let newKey { try makeKey(newKey) } else if let path = files.first, let key { try sign(path, key) }
    } catch { throw Failure("\(error)") }
  }

  private func makeKey(_ name: String) throws(SigningError) {
    let (secret, open) = ("\(name).pem", "\(name).pub.pem")
    let key = try SigningKey()
    try key.write(privateTo: secret, publicTo: open)
    show(
      "\(secret): private key \(key.signer.id); keep it secret\n\(open): its public key, for servers",
      ["key": .string(key.signer.id), "private_key": .string(secret), "public_key": .string(open)])
  }

  private func sign(_ path: String, _ keyPath: String) throws(SigningError) {
    let data = Array(files.dropFirst())
    if data.isEmpty, path.lowercased().hasSuffix(".onnx"), try readsExternalData(path) {
      throw .unreadable(path: path, reason: "the model has external data; name its files too, after the model")
    }
    let signature = try ModelSignature(signing: path, data: data, model: model, by: SigningKey(path: keyPath))
    let file = ModelSignature.path(of: path)
    do throws(FormatError) {
      try WholeFile.write(Array((signature.json.text() + "\n").utf8), to: file)
    } catch { throw .unreadable(path: file, reason: error.message) }
    let what = data.isEmpty ? "" : " with \(Text.count(data.count, "file")) of data"
    show("\(file): \(FileSystem.name(path))\(what), signed by \(signature.signer)", signature.json)
  }

  /// Whether a model cannot be read without files beside it.
  private func readsExternalData(_ path: String) throws(SigningError) -> Bool {
    let bytes: [UInt8]
    // Larger models cannot hold their weights themselves.
    do throws(FormatError) { bytes = try WholeFile.read(path, limit: 2 << 30) } catch {
      throw .unreadable(path: path, reason: error.message)
    }
    // What is no model is signed all the same: whether it runs is not the signer's word.
    guard let model = try? ONNXModel.open(bytes: bytes, name: path) else { return false }
    return Importer.check(model).problems.contains { $0.kind == .externalData }
  }

  private func show(_ text: String, _ json: JSON) {
    if output.json {
      print(json.text())
    } else if !output.quiet {
      print(text)
    }
  }
}

struct VerifySignatureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify-signature", abstract: "Says whether a model is what one of these keys signed.",
    discussion: """
      Reads MODEL.sig, which lies beside the model, and every file that it lists. Exit status 0 means that all of them are \
      what was signed.

      EXAMPLES
        mass verify-signature digits.plan --signer release.pub.pem
        mass verify-signature models/digits/3/model.plan --signer release.pub.pem --model digits
      """)

  @Argument(help: ArgumentHelp("The model.", valueName: "file"), completion: .file())
  var file: String

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("A public key whose signature is accepted; may be repeated.", valueName: "file"),
    completion: .file())
  var signer: [String] = []

  @Option(help: ArgumentHelp("The name under which the model is to be served.", valueName: "name"))
  var model: String?

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard !signer.isEmpty else { throw ValidationError("expected --signer FILE, the signer's public key") }
  }

  func run() throws {
    do throws(SigningError) {
      let signers = try signer.map { (path) throws(SigningError) in try SignerKey(path: path) }
      let signature = try ModelSignature.verify(file, as: model, signers: signers)
      if output.json {
        print(signature.json.text())
      } else if !output.quiet {
        print("\(file): signed by \(signature.signer)\(signature.model.map { " for model \($0)" } ?? "")")
      }
    } catch { throw Failure("\(error)") }
  }
}
