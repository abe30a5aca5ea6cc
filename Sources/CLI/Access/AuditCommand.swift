import ArgumentParser
import MassFormats
import MassSecurity

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Verifies and shows the audit log that a server writes.",
    discussion: """
      Each entry holds the hash of the one before: a change to any of them shows. Both commands may be used while the \
      log is written.

      EXAMPLES
        mass audit verify audit.log
        mass audit verify audit.log --head 9f2c…
        mass audit show audit.log --last 50 --actor ci
      """,
    subcommands: [VerifyAuditCommand.self, ShowAuditCommand.self])
}

struct VerifyAuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Checks that no entry was changed, removed, moved or added.",
    discussion: """
      Entries taken away from the end, or a log written anew as a whole, show only against a hash that was noted down \
      elsewhere: --head says which. Exit status 1 when the log does not verify or lacks that hash.

      EXAMPLES
        mass audit verify audit.log
        mass audit verify audit.log --json
      """)

  @Argument(help: ArgumentHelp("The log.", valueName: "file"), completion: .file())
  var file: String

  @Option(help: ArgumentHelp("The hash of an entry, noted down before, that must be there still.", valueName: "hash"))
  var head: String?

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard let head, head.utf8.count != 64 || head.contains(where: { !$0.isHexDigit || $0.isUppercase }) else { return }
    throw ValidationError("--head: expected 64 digits of lowercase hexadecimal")
  }

  func run() throws {
    let found = try Failure.inAudit { () throws(AuditError) in try AuditLog.verify(path: file, noted: head) }
    let isMissing = head != nil && found.noted == nil
    if output.json {
      print(json(found, ok: found.fault == nil && !isMissing).text())
      if found.fault != nil || isMissing { throw ExitCode(1) }
      return
    }
    if let fault = found.fault {
      throw Failure("\(file): \(fault); \(Text.count(found.entries, "entry", "entries")) before it verify")
    }
    if isMissing {
      throw Failure("\(file): no entry has the hash of --head: entries are missing, or the log was written anew")
    }
    guard !output.quiet else { return }
    let tears = found.tears == 0 ? "" : ", \(Text.count(found.tears, "line")) cut off"
    let noted = found.noted.map { ", --head is entry \($0)" } ?? ""
    print("\(file): \(Text.count(found.entries, "entry", "entries"))\(tears)\(noted), head \(found.head)")
  }

  private func json(_ found: AuditVerification, ok: Bool) -> JSON {
    let fault = found.fault.map { ["line": .int($0.line), "reason": .string("\($0.reason)")] as JSON }
    return [
      "ok": .bool(ok), "entries": .int(found.entries), "head": .string(found.head),
      "last": found.last.map { .string("\($0)") } ?? .null, "torn_lines": .int(found.tears),
      "noted_entry": found.noted.map { .int($0) } ?? .null, "fault": fault ?? .null,
    ]
  }
}

struct ShowAuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Shows the last entries, verified.",
    discussion: """
      Exit status 1 when the log does not verify; what stands before the fault is shown.

      EXAMPLES
        mass audit show audit.log
        mass audit show audit.log --last 100 --actor ci --json
      """)

  @Argument(help: ArgumentHelp("The log.", valueName: "file"), completion: .file())
  var file: String

  @Option(help: ArgumentHelp("How many entries.", valueName: "n"))
  var last = 20

  @Option(help: ArgumentHelp("Those of an actor whose name or id has this text in it.", valueName: "text"))
  var actor: String?

  @Flag(help: "Print JSON for programs.")
  var json = false

  func validate() throws {
    guard (1...100_000).contains(last) else { throw ValidationError("--last: expected 1 to 100000, got \(last)") }
  }

  func run() throws {
    var entries: [AuditEntry] = []
    let found = try Failure.inAudit { () throws(AuditError) in
      try AuditLog.verify(path: file) { entry in
        guard actor.map({ entry.record.actor.contains($0) }) ?? true else { return }
        entries.append(entry)
        // Not at every entry: that would move all the others each time.
        if entries.count >= 2 * last { entries.removeFirst(entries.count - last) }
      }
    }
    entries = entries.suffix(last)
    if json {
      print((["entries": .array(entries.map(\.json))] as JSON).text())
    } else {
      print(entries.isEmpty ? "no entries" : AuditEntry.table(entries))
    }
    if let fault = found.fault { throw Failure("\(file): \(fault)") }
  }
}

extension Text {
  fileprivate static func count(_ number: Int, _ noun: String, _ plural: String) -> String {
    "\(number) \(number == 1 ? noun : plural)"
  }
}
