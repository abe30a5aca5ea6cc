import ArgumentParser
import MassClient
import MassFormats

struct ListModelsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Shows the models, or the versions of one.",
    discussion: """
      EXAMPLES
        mass model list --repository models
        mass model list digits --server http://localhost:8000 --json
      """)

  @Argument(help: "The model whose versions to show.")
  var name: String?

  @OptionGroup var place: RegistryPlace

  @Flag(help: "Print JSON for programs.")
  var json = false

  func run() async throws { print(try await text(of: try place.open())) }

  private func text(of registry: any ModelRegistry) async throws -> String {
    guard let name else { return text(try await registry.models()) }
    let history = try await registry.model(name)
    return json ? history.json.text() : history.table
  }

  private func text(_ models: [PublishedModel]) -> String {
    if json {
      return (["models": .array(models.map { $0.json(versions: .int($0.versionCount)) })] as JSON).text()
    }
    return models.isEmpty ? "no models" : PublishedModel.table(models)
  }
}

struct ShowModelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Shows everything about a model or one version, files included.",
    discussion: """
      EXAMPLES
        mass model show digits --repository models
        mass model show digits 2 --server http://localhost:8000 --json
      """)

  @Argument(help: "The model's name.")
  var name: String

  @Argument(help: "The version. (default: all)")
  var version: Int?

  @OptionGroup var place: RegistryPlace

  @Flag(help: "Print JSON for programs.")
  var json = false

  func run() async throws {
    let registry = try place.open()
    if let version {
      let found = try await registry.version(name, version)
      print(json ? found.json.text() : found.description)
    } else {
      let history = try await registry.model(name)
      print(json ? history.json.text() : history.description)
    }
  }
}

struct ModelLogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "Shows what was done, the newest first.",
    discussion: """
      EXAMPLES
        mass model log --repository models --limit 10
        mass model log digits --server http://localhost:8000
      """)

  @Argument(help: "The model. (default: all)")
  var name: String?

  @Option(help: ArgumentHelp("How many events.", valueName: "n"))
  var limit = 100

  @OptionGroup var place: RegistryPlace

  @Flag(help: "Print JSON for programs.")
  var json = false

  func validate() throws {
    guard (1...10_000).contains(limit) else {
      throw ValidationError("--limit: expected 1 to 10000, got \(limit)")
    }
  }

  func run() async throws {
    let events = try await place.open().events(of: name, limit: limit)
    print(json ? (["events": .array(events.map(\.json))] as JSON).text() : RegistryLogEntry.table(events))
  }
}
