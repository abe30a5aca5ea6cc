import ArgumentParser
import MassClient
import MassFormats
import MassSecurity

struct PublishModelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish", abstract: "Makes files a new version of a model.",
    discussion: """
      A single *.plan or *.onnx becomes model.plan or model.onnx; other files keep their names. The files of an ONNX \
      model's external data belong to it and are given too; the model's signature, FILE.sig, comes along if it lies \
      beside it. A plan must open and an ONNX model compile, or nothing is \
      published. A version is whole when anybody sees it. \(ModelCommand.takeover)

      EXAMPLES
        mass model publish digits digits.onnx --activate --repository models
        mass model publish whisper encoder.onnx encoder.onnx.data --note "fp16" --server http://localhost:8000
      """)

  @Argument(help: "The model's name.")
  var name: String

  @Argument(help: ArgumentHelp("The files of the version.", valueName: "file"), completion: .file())
  var files: [String]

  @Option(help: ArgumentHelp("The version's number. (default: the highest so far and one)", valueName: "n"))
  var version: Int?

  @Option(help: ArgumentHelp("What is to be known about the version.", valueName: "text"))
  var note = ""

  @Flag(help: "Make it the version that answers, in place of the former one.")
  var activate = false

  @OptionGroup var place: RegistryPlace
  @OptionGroup var user: UserOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let version, version < 1 { throw ValidationError("--version: expected 1 or more, got \(version)") }
  }

  func run() async throws {
    let publication = Publication(
      model: name, version: version, files: try Self.named(files), note: note, isActivated: activate)
    let published = try await place.open(by: user.user).publish(publication, output.progress)
    if output.json {
      print(published.json.text())
    } else if !output.quiet {
      print(published.announcement)
    }
  }

  /// The files under the names that they have in the version.
  private static func named(_ paths: [String]) throws(Failure) -> [Publication.File] {
    let models = paths.filter { kind($0) != nil }
    var files = paths.map { path in
      let name = models.count == 1 ? kind(path).map { "model.\($0)" } : nil
      return Publication.File(name: name ?? FileSystem.name(path), path: path)
    }
    if let model = files.first(where: { PublicationCheck.isModel($0.name) }) { addSignature(of: model, to: &files) }
    for (i, file) in files.enumerated() {
      guard let other = files[..<i].first(where: { $0.name == file.name }) else { continue }
      throw Failure("\(other.path) and \(file.path) would both be \(file.name); rename one")
    }
    let count = files.count { PublicationCheck.isModel($0.name) }
    guard count == 1 else {
      let got = models.isEmpty ? "none" : Text.list(models)
      throw Failure("expected one *.plan or *.onnx, or one of several called model.plan or model.onnx; got \(got)")
    }
    return files
  }

  /// Has the signature of a model published beside it, under the name that goes with the model's.
  private static func addSignature(of model: Publication.File, to files: inout [Publication.File]) {
    let (path, name) = (ModelSignature.path(of: model.path), ModelSignature.path(of: model.name))
    if let place = files.firstIndex(where: { $0.path == path }) {
      files[place].name = name
    } else if FileSystem.exists(path), !files.contains(where: { $0.name == name }) {
      files.append(Publication.File(name: name, path: path))
    }
  }

  private static func kind(_ path: String) -> String? {
    let name = path.lowercased()
    return ["plan", "onnx"].first { name.hasSuffix(".\($0)") }
  }
}
