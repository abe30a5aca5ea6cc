import ArgumentParser
import MassClient
import MassFormats

/// The options of a change, and how its result is shown.
struct ChangeOptions: ParsableArguments {
  @OptionGroup var place: RegistryPlace
  @OptionGroup var user: UserOptions
  @OptionGroup var output: OutputOptions

  func open() throws -> any ModelRegistry { try place.open(by: user.user) }

  func show(_ version: PublishedVersion) { show(version.status, version.json) }

  func show(_ text: String, _ json: JSON = .object([])) {
    if output.json {
      print(json.text())
    } else if !output.quiet {
      print(text)
    }
  }
}

struct ActivateModelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "activate", abstract: "Puts a version into service.",
    discussion: """
      It becomes the version that answers requests without a version, and the one that did goes out of service. A \
      server loads it first; when that fails nothing changes. \(ModelCommand.takeover)

      EXAMPLES
        mass model activate digits 2 --repository models
        mass model activate digits 3 --beside --server http://localhost:8000
      """)

  @Argument(help: "The model's name.")
  var name: String

  @Argument(help: "The version.")
  var version: Int

  @Flag(help: "Keep the version in service that answered until now.")
  var keepOthers = false

  @Flag(help: "Do not make it the version that answers requests without a version; others stay as they are.")
  var beside = false

  @OptionGroup var change: ChangeOptions

  func run() async throws {
    let registry = try change.open()
    change.show(try await registry.activate(name, version, exclusive: !keepOthers, asCurrent: !beside))
  }
}

struct DeactivateModelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deactivate", abstract: "Takes a version out of service.",
    discussion: """
      A model whose current version it was answers only requests that name a version. \(ModelCommand.takeover)

      EXAMPLES
        mass model deactivate digits 2 --repository models
      """)

  @Argument(help: "The model's name.")
  var name: String

  @Argument(help: "The version.")
  var version: Int

  @OptionGroup var change: ChangeOptions

  func run() async throws { change.show(try await change.open().deactivate(name, version)) }
}

struct RollbackModelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback", abstract: "Puts the version back into service that was current before.",
    discussion: """
      Once more goes further back. \(ModelCommand.takeover)

      EXAMPLES
        mass model rollback digits --server http://localhost:8000
      """)

  @Argument(help: "The model's name.")
  var name: String

  @OptionGroup var change: ChangeOptions

  func run() async throws { change.show(try await change.open().rollback(name)) }
}

struct LabelModelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "label", abstract: "Makes a label stand for a version, or takes it away.",
    discussion: """
      \(ModelCommand.takeover)

      EXAMPLES
        mass model label digits stable 2 --repository models
        mass model label digits canary --delete --repository models
      """)

  @Argument(help: "The model's name.")
  var name: String

  @Argument(help: "The label: a-z 0-9 _ -, a letter first.")
  var label: String

  @Argument(help: "The version that it stands for from now on.")
  var version: Int?

  @Flag(help: "Take the label away.")
  var delete = false

  @OptionGroup var change: ChangeOptions

  func validate() throws {
    guard (version == nil) == delete else { throw ValidationError("expected a VERSION or --delete") }
  }

  func run() async throws {
    let registry = try change.open()
    if let version {
      change.show(try await registry.setLabel(name, label, version))
    } else {
      try await registry.removeLabel(name, label)
      change.show("\(name): label \(label) deleted")
    }
  }
}

struct RemoveModelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Deletes the files of a version.",
    discussion: """
      Its number is never used again, and the log still knows it. \(ModelCommand.takeover)

      EXAMPLES
        mass model remove digits 1 --repository models
      """)

  @Argument(help: "The model's name.")
  var name: String

  @Argument(help: "The version.")
  var version: Int

  @Flag(help: "Also when it is in service or has labels.")
  var force = false

  @OptionGroup var change: ChangeOptions

  func run() async throws {
    try await change.open().remove(name, version, force: force)
    change.show("\(name) version \(version): removed")
  }
}
