import ArgumentParser
import MassFormats
import MassSecurity

struct KeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key", abstract: "Makes, shows and revokes the keys that a server's clients present.",
    discussion: """
      Keys stand in an access file, without their secrets. Each has grants: a role (reader, predictor, publisher, \
      admin, of which each may do all that those before it may) on the models whose names match a pattern. The \
      variable MASS_ACCESS says which file where --access does not. \(AccessFileOptions.takeover)

      EXAMPLES
        mass key create --access access.json --name ci --grant publisher
        mass key create --access access.json --name shop --grant predictor:shop-* --expires 90d --rate 100
        mass key list --access access.json
        mass key rotate shop --grace 24h --access access.json
        mass key revoke ci --access access.json
      """,
    subcommands: [
      CreateKeyCommand.self, ListKeysCommand.self, RotateKeyCommand.self, RevokeKeyCommand.self,
    ])
}

struct CreateKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Makes a key and prints it, this once.",
    discussion: """
      Standard output is the key alone. An access file that is missing is begun. \(AccessFileOptions.takeover)

      EXAMPLES
        mass key create --access access.json --name ci --grant publisher > ci.key
        mass key create --access access.json --name shop --tenant acme --grant predictor --expires 2031-05-01
      """)

  @OptionGroup var file: AccessFileOptions

  @Option(help: "Whom the audit log names.")
  var name: String

  @Option(
    name: .customLong("grant"), parsing: .singleValue,
    help: ArgumentHelp(
      "What it may do: reader, predictor, publisher or admin; may be repeated. Without a pattern: on all models.",
      valueName: "role[:pattern]"))
  var grants: [GrantArgument]

  @Option(help: "The tenant that it belongs to, whose models alone it reaches.")
  var tenant: String?

  @Option(help: ArgumentHelp("How long it is valid, or until when. (default: for ever)", valueName: "90d|date"))
  var expires: ExpiryArgument?

  @OptionGroup var limits: RateOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let limit = try limits.limit
    let now = UTCTime.now()
    let new = try file.change(creating: true) { (policy) throws(AccessError) in
      try policy.createKey(
        name: name, grants: grants.map(\.grant), tenant: tenant, limit: limit, expires: expires?.time(from: now),
        now: now)
    }
    new.show(output, try file.path, now)
  }
}

struct RotateKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate", abstract: "Makes a key that may do what another may, which expires after a grace.",
    discussion: """
      Standard output is the new key alone. It is valid for as long as the former one was to be. \
      \(AccessFileOptions.takeover)

      EXAMPLES
        mass key rotate shop --access access.json
        mass key rotate k7f3k2m9x1qa --grace 0s --expires 90d --access access.json
      """)

  @Argument(help: ArgumentHelp("The key's id, or its name.", valueName: "id|name"))
  var key: String

  @OptionGroup var file: AccessFileOptions

  @Option(help: ArgumentHelp("How long the former key is still valid.", valueName: "24h"))
  var grace = DurationArgument(seconds: 86_400)

  @Option(help: ArgumentHelp("How long the new one is valid, or until when.", valueName: "90d|date"))
  var expires: ExpiryArgument?

  @OptionGroup var output: OutputOptions

  func run() throws {
    let now = UTCTime.now()
    let (former, new) = try file.change { (policy) throws(AccessError) in
      try policy.rotateKey(key, graceSeconds: grace.seconds, expires: expires?.time(from: now), now: now)
    }
    new.show(output, try file.path, now, replacing: former)
  }
}

extension NewAccessKey {
  fileprivate func show(_ output: OutputOptions, _ path: String, _ now: UTCTime, replacing former: AccessKey? = nil) {
    if output.json {
      guard case .object(let members) = key.json(now) else { return }
      let replaced = former.map { [("former", $0.json(now))] } ?? []
      print(JSON.object([("key", .string(text))] + members + replaced).text())
      return
    }
    print(text)
    guard !output.quiet else { return }
    if let former { Terminal.writeError("former \(former.summary)") }
    Terminal.writeError(key.summary)
    Terminal.writeError(
      "This is the only time that it is shown: \(path) holds a hash. Clients send 'Authorization: Bearer KEY'.")
  }
}
