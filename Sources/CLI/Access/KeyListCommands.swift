import ArgumentParser
import MassFormats
import MassSecurity

struct ListKeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Shows the keys of an access file, which are without their secrets.",
    discussion: """
      EXAMPLES
        mass key list --access access.json
        mass key list --access access.json --json
      """)

  @OptionGroup var file: AccessFileOptions

  @Flag(help: "Print JSON for programs.")
  var json = false

  func run() throws {
    let keys = try file.read().keys
    let now = UTCTime.now()
    if json {
      print((["keys": .array(keys.map { $0.json(now) })] as JSON).text())
    } else {
      print(keys.isEmpty ? "no keys" : AccessKey.table(keys, now))
    }
  }
}

struct RevokeKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Takes out a key, all keys of a name, or those that have expired.",
    discussion: """
      \(AccessFileOptions.takeover)

      EXAMPLES
        mass key revoke k7f3k2m9x1qa --access access.json
        mass key revoke ci --access access.json
        mass key revoke --expired --access access.json
      """)

  @Argument(help: ArgumentHelp("The key's id, or a name.", valueName: "id|name"))
  var key: String?

  @Flag(help: "Those that have expired.")
  var expired = false

  @OptionGroup var file: AccessFileOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (key == nil) == expired else { throw ValidationError("expected the ID or NAME of a key, or --expired") }
  }

  func run() throws {
    let now = UTCTime.now()
    let revoked = try file.change { (policy) throws(AccessError) in
      guard let key else { return policy.removeExpiredKeys(now: now) }
      return try policy.revokeKeys(key)
    }
    if output.json {
      print((["revoked": .array(revoked.map { $0.json(now) })] as JSON).text())
    } else if !output.quiet {
      print(revoked.isEmpty ? "no keys revoked" : revoked.map { "revoked \($0.summary)" }.joined(separator: "\n"))
    }
  }
}
