import MassFormats
import Testing

@testable import MassRegistry

@Suite struct ReconcileTests {
  let repository: TemporaryRepository
  let registry: Registry

  init() throws {
    repository = try TemporaryRepository()
    registry = try repository.open()
  }

  /// A folder as it is when the process ends after the move and before the end of the transaction.
  func leaveUnindexed(_ model: String, _ number: Int, size: Int = 4) throws {
    let file = RegisteredFile(name: "model.plan", byteCount: size, sha256: planDigest)
    let manifest = Manifest(
      model: model, version: number, files: [file], publishedBy: "ana",
      publishedAt: UTCTime(secondsSince1970: 1_000_000_000), note: "n")
    try repository.write("plan", to: "\(model)/\(number)/model.plan")
    try repository.write(manifest.text, to: "\(model)/\(number)/manifest.json")
  }

  @Test func aVersionThatWasNotIndexedIsFound() throws {
    try registry.publish("net", activate: true)
    try leaveUnindexed("net", 2)
    let result = try registry.reconcile()
    #expect(result.found == [Reconciliation.Version(model: "net", number: 2)])
    #expect(result.lost.isEmpty && result.problems.isEmpty)
    let version = try registry.version("net", 2)
    #expect(version.state == .published)
    #expect(version.publishedBy == "ana")
    #expect("\(version.publishedAt)" == "2001-09-09T01:46:40Z")
    #expect(version.files.map(\.sha256) == [planDigest])
    #expect(try registry.serving("net")?.current == 1)
    #expect(try registry.reconcile() == Reconciliation())
  }

  @Test func publishingNeedsNoReconciliation() throws {
    try leaveUnindexed("net", 1)
    #expect(try registry.publish("net").number == 2)
    #expect(try registry.versions("net").map(\.number) == [1, 2])
  }

  @Test func aFirstPublicationThatWasCutOffIsNotServed() throws {
    try registry.publish("net")
    let record = try repository.text(".mass/models/net.json")
    try registry.remove("net", 1, by: "")
    // The record is written before the folder is moved, and the transaction ends after.
    let other = try TemporaryRepository()
    try other.write(record, to: ".mass/models/net.json")
    try other.write("plan", to: "net/1/model.plan")
    let opened = try other.open()
    #expect(try opened.serving("net") == ServedVersions(active: [], current: nil, labels: [:]))
  }

  @Test func aVersionWhoseFolderIsGoneIsRemoved() throws {
    try registry.publish("net", activate: true)
    try registry.publish("net")
    try registry.setLabel("net", "stable", 1)
    Files.removeTree("\(repository.path)/net/1")
    let result = try registry.reconcile()
    #expect(result.lost == [Reconciliation.Version(model: "net", number: 1)])
    #expect(try registry.version("net", 1).state == .removed)
    #expect(try registry.serving("net") == ServedVersions(active: [], current: nil, labels: [:]))
    #expect(try registry.events(limit: 1).first?.action == .lost)
    expect(.conflict) { try registry.publish("net", version: 1) }
    Files.removeTree("\(repository.path)/net")
    #expect(try registry.reconcile().lost == [Reconciliation.Version(model: "net", number: 2)])
    #expect(try registry.publish("net").number == 3)
  }

  @Test func aFolderThatComesBackIsFound() throws {
    try registry.publish("net", activate: true)
    try Files.move(folder: "\(repository.path)/net/1", to: "\(repository.path)/aside")
    try registry.reconcile()
    #expect(try registry.version("net", 1).state == .removed)
    try Files.move(folder: "\(repository.path)/aside", to: "\(repository.path)/net/1")
    try registry.reconcile()
    #expect(try registry.version("net", 1).state == .published)
  }

  @Test func uploadsWithoutAWriterAreDeleted() throws {
    let upload = try registry.beginUpload()
    try upload.write(file: "model.plan", [1])
    try repository.write("half", to: ".mass/staging/0123/model.plan")
    try repository.write("", to: ".mass/staging/0123.lock")
    try repository.write("half", to: ".mass/staging/4567/model.plan")
    try repository.write("", to: ".mass/staging/89ab.lock")
    try repository.write("left", to: ".mass/trash/cdef/model.plan")
    #expect(try registry.reconcile().deletedFolders == 4)
    #expect(try repository.names(".mass/staging") == [upload.id, "\(upload.id).lock"])
    #expect(try repository.names(".mass/trash").isEmpty)
    try upload.finish(file: "model.plan")
    #expect(try registry.publish(upload, model: "net", by: "").number == 1)
  }

  @Test func aLockOfAnotherProcessIsRespected() throws {
    try repository.write("half", to: ".mass/staging/0123/model.plan")
    // A lock belongs to who opened the file: another one, here as in another process.
    let lock = try FolderLock.waiting(on: "\(repository.path)/.mass/staging/0123.lock")
    #expect(try registry.reconcile().deletedFolders == 0)
    #expect(repository.exists(".mass/staging/0123/model.plan"))
    withExtendedLifetime(lock) {}
  }

  @Test func aLostDatabaseIsRebuilt() throws {
    for _ in 0..<5 { try registry.publish("net") }
    try registry.publish("second", "another", by: "bob", note: "n", activate: true)
    for number in [1, 2, 4] { try registry.activate("net", number, by: "") }
    try registry.activate("net", 3, by: "", asCurrent: false)
    try registry.setLabel("net", "canary", 3)
    try registry.remove("net", 5, by: "")
    let before = try registry.everything()
    let stamp = try registry.changeStamp()
    repository.loseDatabase()
    // Another process, and the one that had it open.
    for registry in [try repository.open(), registry] {
      #expect(try registry.changeStamp() != stamp)
      #expect(
        try registry.everything().values.sorted { $0.name < $1.name } == before.values.sorted { $0.name < $1.name })
      let kept = before.keys.flatMap { $0 }.filter { $0.state != .removed }
      for version in kept { #expect(try registry.version(version.model, version.number) == version) }
      #expect(try registry.version("net", 5).state == .removed)
    }
    expect(.conflict) { try registry.publish("net", version: 5) }
    #expect(try registry.rollback("net", by: "") == 2)
    #expect(try registry.rollback("net", by: "") == 1)
  }

  @Test func aDatabaseAndRecordsThatAreLostLeaveTheFolders() throws {
    try registry.publish("net", note: "n", activate: true)
    try registry.publish("net")
    let before = try registry.version("net", 2)
    repository.loseDatabase()
    Files.removeTree("\(repository.path)/.mass")
    let registry = try repository.open()
    #expect(try registry.version("net", 2) == before)
    #expect(try registry.serving("net") == nil)
  }

  @Test func verifyingReadsTheFiles() throws {
    try registry.publish("net")
    try registry.verify("net", 1)
    try repository.write("play", to: "net/1/model.plan")
    expect(.corrupt, "net/1/model.plan") { try registry.verify("net", 1) }
    try repository.write("plan", to: "other/1/model.plan")
    try registry.reconcile()
    expect(.invalid) { try registry.verify("other", 1) }
    expect(.notFound) { try registry.verify("net", 2) }
  }

  // MARK: Hostile folders

  @Test(arguments: HostileManifest.all) func hostileManifestsAreProblems(_ manifest: HostileManifest) throws {
    try repository.write("plan", to: "net/1/model.plan")
    try repository.write(manifest.text, to: "net/1/manifest.json")
    let result = try registry.reconcile()
    #expect(result.found.isEmpty)
    #expect(result.problems.map(\.kind) == [.corrupt])
    #expect(result.problems.first?.message.contains("net/1/") == true)
    #expect(try registry.publish("net").number == 2, "its number is taken")
    expect(.notFound) { try registry.activate("net", 1, by: "") }
  }

  @Test func aManifestOfAnotherSizeIsAProblem() throws {
    try leaveUnindexed("net", 1, size: 5)
    #expect(try registry.reconcile().problems.map(\.kind) == [.corrupt])
  }

  @Test func aManifestThatIsNoFileIsAProblem() throws {
    try repository.write("plan", to: "net/1/model.plan")
    try repository.write("", to: "net/1/manifest.json/file")
    #expect(try registry.reconcile().problems.map(\.kind) == [.corrupt])
  }

  @Test(arguments: [
    "", "[]", "{}", "{\"model\": \"other\"}", String(repeating: "[", count: 1000),
    """
    {"model": "net", "highest": 99999999999999999999, "managed": true, "current": 1, "active": [1], "retired": [],
     "removed": [], "history": [], "labels": {}}
    """,
    """
    {"model": "net", "highest": 1, "managed": true, "current": 1, "active": ["1"], "retired": [], "removed": [],
     "history": [], "labels": {}}
    """,
  ])
  func hostileRecordsAreProblems(_ text: String) throws {
    try repository.write("plan", to: "net/1/model.plan")
    try repository.write(text, to: ".mass/models/net.json")
    let result = try registry.reconcile()
    #expect(result.problems.map(\.kind) == [.corrupt])
    #expect(result.found == [Reconciliation.Version(model: "net", number: 1)])
    try registry.activate("net", 1, by: "")
    #expect(try repository.text(".mass/models/net.json").contains("\"current\": 1"))
  }

  @Test func foldersThatAreNoVersionsAreLeftAlone() throws {
    for name in ["net/01/model.plan", "net/-1/model.plan", "net/99999999999999999999/model.plan", "a b/1/model.plan"] {
      try repository.write("plan", to: name)
    }
    try repository.write("{}", to: "net/model.json")
    #expect(try registry.reconcile() == Reconciliation())
    #expect(try registry.models().isEmpty)
  }
}

/// A manifest of version 1 of `net` with something wrong in it.
struct HostileManifest: CustomTestStringConvertible {
  var testDescription: String
  var text: String

  init(_ what: String, _ text: String) {
    testDescription = what
    self.text = text
  }

  /// Replaces a part of a manifest that is right.
  init(_ part: String, _ replacement: String, _ what: String? = nil) {
    let file = "{\"name\": \"model.plan\", \"size\": 4, \"sha256\": \"\(planDigest)\"}"
    let right = """
      {"model": "net", "version": 1, "files": [\(file)], "published_by": "ana",
       "published_at": "2031-05-01T12:00:00Z", "note": ""}
      """
    let start = right.firstRange(of: part)
    self.init(what ?? replacement, start.map { right.replacingCharacters(in: $0, with: replacement) } ?? "")
  }

  static let all = [
    HostileManifest("empty", ""),
    HostileManifest("not JSON", "{\"model\": "),
    HostileManifest("not an object", "[1]"),
    HostileManifest("deep", String(repeating: "[", count: 5000)),
    HostileManifest("huge", "{\"note\": \"" + String(repeating: "n", count: 5 << 20) + "\"}"),
    HostileManifest("\"net\"", "\"../net\""),
    HostileManifest("\"net\"", "\"other\""),
    HostileManifest("\"net\"", "7"),
    HostileManifest("\"version\": 1", "\"version\": 2"),
    HostileManifest("\"version\": 1", "\"version\": 1e300"),
    HostileManifest("\"version\": 1", "\"version\": \"1\""),
    HostileManifest("\"model.plan\"", "\"../../model.plan\""),
    HostileManifest("\"model.plan\"", "\"/etc/passwd\""),
    HostileManifest("\"model.plan\"", "\"model.plan\\u0000\""),
    HostileManifest("\"model.plan\"", "\"weights\""),
    HostileManifest("\"size\": 4", "\"size\": -4"),
    HostileManifest("\"size\": 4", "\"size\": 18446744073709551615"),
    HostileManifest("\"size\": 4", "\"size\": 9223372036854775807"),
    HostileManifest("\"sha256\": \"\(planDigest)\"", "\"sha256\": \"00\""),
    HostileManifest("\"files\": [", "\"files\": [7, "),
    HostileManifest("\"files\": [", "\"files\": [], \"others\": ["),
    HostileManifest("\"files\": [", "\"files\": [" + String(repeating: "{}, ", count: 1001), "many files"),
    HostileManifest("2031-05-01T12:00:00Z", "2031-02-30T12:00:00Z"),
    HostileManifest("\"ana\"", "\"a\\nb\""),
  ]
}

extension String {
  fileprivate func firstRange(of part: String) -> Range<Index>? {
    indices.first { self[$0...].hasPrefix(part) }.map { $0..<index($0, offsetBy: part.count) }
  }

  fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
    String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
  }
}
