import Testing

@testable import MassRegistry

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct DatabaseTests {
  let repository: TemporaryRepository

  init() throws { repository = try TemporaryRepository() }

  @Test func aRepositoryIsAFolder() {
    expect(.notFound) { _ = try Registry(repository: "/nowhere/at/all") }
  }

  @Test func aVolumeThatGoesAwayIsNotBegunAnew() throws {
    let registry = try repository.open()
    try registry.publish("net")
    try Files.move(folder: repository.layout.registry, to: "\(repository.path)/aside")
    expect(.storage, "mounted") { _ = try registry.changeStamp() }
    #expect(!repository.exists(".mass"))
    try Files.move(folder: "\(repository.path)/aside", to: repository.layout.registry)
    #expect(try registry.versions("net").count == 1)
  }

  @Test func twoProcessesSeeEachOther() throws {
    let (first, second) = (try repository.open(), try repository.open())
    let stamp = try second.changeStamp()
    try first.publish("net")
    #expect(try second.changeStamp() != stamp)
    #expect(try second.versions("net") == first.versions("net"))
    try second.activate("net", 1, by: "")
    #expect(try first.serving("net")?.current == 1)
    #expect(try first.changeStamp() == second.changeStamp())
  }

  @Test func publishingAtOnceLosesNothing() async throws {
    let registries = try (0..<4).map { _ in try repository.open() }
    let numbers = try await withThrowingTaskGroup(of: [Int].self) { group in
      for (i, registry) in registries.enumerated() {
        group.addTask {
          try (0..<12).map { _ in try registry.publish("net", "plan of \(i)", by: "\(i)", activate: i == 0).number }
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(numbers.sorted() == Array(1...48))
    let versions = try registries[0].versions("net")
    #expect(versions.map(\.number) == Array(1...48))
    for version in versions {
      #expect(try repository.text("net/\(version.number)/model.plan") == "plan of \(version.publishedBy)")
    }
    #expect(try registries[1].serving("net")?.active.count == 1)
    #expect(try registries[2].reconcile() == Reconciliation())
    #expect(try registries[3].events(limit: 1000).filter { $0.action == .publish }.count == 48)
  }

  @Test func openingAtOnceMakesOneDatabase() async throws {
    let repository = repository
    for i in 1...3 { try repository.write("plan", to: "net/\(i)/model.plan") }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 { group.addTask { _ = try repository.open().models() } }
      try await group.waitForAll()
    }
    let registry = try repository.open()
    #expect(try registry.versions("net").map(\.number) == [1, 2, 3])
    #expect(try registry.events().count == 3)
  }

  // MARK: Damage

  @Test(arguments: [0, 1, 100, 5000]) func whatIsNoDatabaseIsTold(_ count: Int) throws {
    let text = String(repeating: "no database ", count: count)
    try repository.write(text, to: ".mass/registry.sqlite")
    guard count > 0 else {
      #expect(try repository.open().models().isEmpty, "an empty file is a new database")
      return
    }
    expect(.corrupt, "registry.sqlite", "move", "from the folders") { _ = try repository.open() }
    expect(.corrupt) { _ = try repository.open(RegistryOptions(access: .readOnly)) }
    #expect(try repository.text(".mass/registry.sqlite") == text)
  }

  @Test func damagedPagesAreErrors() throws {
    var registry: Registry? = try repository.open()
    for _ in 0..<20 { try registry?.publish("net", note: String(repeating: "n", count: 3000)) }
    registry = nil
    let path = repository.layout.database
    let size = Files.size(path)
    var generator = SeededGenerator(state: 7)
    for _ in 0..<60 {
      Files.overwrite(path, at: Int.random(in: 100..<size, using: &generator), with: UInt8.random(in: 0...255))
    }
    // Any answer will do that is none of a crash.
    do {
      let registry = try repository.open()
      _ = try registry.everything()
      _ = try registry.events(limit: 1000)
      try registry.publish("net", activate: true)
      try registry.reconcile()
    } catch let error as RegistryError {
      #expect([.corrupt, .storage, .conflict].contains(error.kind), "\(error)")
    }
    repository.loseDatabase()
    #expect(try repository.open().versions("net").count >= 20)
  }

  @Test func newerTablesAreRefused() throws {
    let registry = try repository.open()
    try registry.publish("net")
    try registry.change { db, _ in try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('v999')") }
    expect(.conflict, "newer version") { _ = try repository.open() }
    expect(.conflict, "newer version") { _ = try repository.open(RegistryOptions(access: .readOnly)) }
  }

  @Test func tablesOfOthersAreRefused() throws {
    let registry = try repository.open()
    try registry.change { db, _ in try db.execute(sql: "DROP TABLE grdb_migrations") }
    expect(.corrupt, "something else") { _ = try repository.open() }
  }

  @Test(arguments: [
    "UPDATE models SET highest = 'many'", "UPDATE versions SET bytes = 'many'",
    "UPDATE versions SET published_at = x'00'", "UPDATE versions SET note = x'ff'",
    "UPDATE events SET action = 'dance'", "DELETE FROM registry", "DROP TABLE labels",
    "UPDATE models SET highest = 9223372036854775807, current = -1",
  ])
  func valuesOfAnotherTypeAreErrors(_ sql: String) throws {
    let registry = try repository.open()
    try registry.publish("net")
    try registry.change { db, _ in try db.execute(sql: sql) }
    do throws(RegistryError) {
      _ = try registry.everything()
      _ = try registry.events()
      _ = try registry.changeStamp()
      try registry.publish("net")
    } catch {
      #expect([.corrupt, .conflict].contains(error.kind), "\(error)")
    }
  }

  @Test func aChangeThatFailsChangesNothing() throws {
    let registry = try repository.open()
    try registry.publish("net", activate: true)
    let before = try registry.everything()
    let record = try repository.text(".mass/models/net.json")
    // The last step of a publication: the end of the transaction.
    try registry.change { db, _ in
      try db.execute(
        sql: """
          CREATE TABLE trap (id INTEGER PRIMARY KEY, parent REFERENCES trap (id) DEFERRABLE INITIALLY DEFERRED);
          CREATE TRIGGER spring AFTER INSERT ON versions BEGIN INSERT INTO trap (parent) VALUES (99); END;
          CREATE TRIGGER snap AFTER UPDATE ON versions BEGIN INSERT INTO trap (parent) VALUES (99); END
          """)
    }
    expect(.storage) { try registry.publish("net", activate: true) }
    expect(.storage) { try registry.remove("net", 1, by: "", force: true) }
    #expect(try registry.everything() == before)
    #expect(try repository.text(".mass/models/net.json") == record)
    #expect(try repository.names("net") == ["1"])
    #expect(try repository.names("net/1") == ["manifest.json", "model.plan"])
    #expect(try repository.names(".mass/trash").isEmpty)
  }

  // MARK: Reading only

  @Test(arguments: [RegistryOptions.Access.readOnly, .immutable])
  func readingChangesNothing(_ access: RegistryOptions.Access) throws {
    let registry = try repository.open()
    try registry.publish("net", activate: true)
    let before = try registry.everything()
    let reader = try repository.open(RegistryOptions(access: access))
    #expect(reader.isReadOnly)
    #expect(try reader.everything() == before)
    #expect(try reader.serving("net")?.current == 1)
    #expect(try reader.changeStamp() == registry.changeStamp())
    try reader.verify("net", 1)
    expect(.readOnly, "reading only") { try reader.publish("net") }
    expect(.readOnly) { _ = try reader.beginUpload() }
    expect(.readOnly) { try reader.activate("net", 1, by: "") }
    expect(.readOnly) { try reader.deactivate("net", 1, by: "") }
    expect(.readOnly) { try reader.rollback("net", by: "") }
    expect(.readOnly) { try reader.remove("net", 1, by: "", force: true) }
    expect(.readOnly) { try reader.setLabel("net", "stable", 1) }
    expect(.readOnly) { try reader.record(counts: [("net", 1, VersionCounts(requests: 1))]) }
    expect(.readOnly) { try reader.reconcile() }
    #expect(try registry.everything() == before)
  }

  @Test func aReaderSeesWhatOthersChange() throws {
    let reader = try repository.open(RegistryOptions(access: .readOnly))
    #expect(!repository.exists(".mass"))
    let registry = try repository.open()
    #expect(try reader.models().isEmpty)
    let stamp = try reader.changeStamp()
    try registry.publish("net")
    #expect(try reader.changeStamp() != stamp)
    #expect(try reader.versions("net").count == 1)
  }

  @Test(arguments: [RegistryOptions.Access.readOnly, .immutable])
  func foldersWithoutADatabaseAreReadAllTheSame(_ access: RegistryOptions.Access) throws {
    let registry = try repository.open()
    try registry.publish("net", activate: true)
    try repository.write("plan", to: "old/1/model.plan")
    try registry.reconcile()
    let before = try registry.everything()
    repository.loseDatabase()
    let reader = try repository.open(RegistryOptions(access: access))
    #expect(try reader.everything() == before)
    #expect(!repository.exists(".mass/registry.sqlite"))
    expect(.readOnly) { try reader.activate("net", 1, by: "") }
  }

  @Test(.enabled(if: geteuid() != 0, "permissions do not bind the superuser"))
  func aFolderWithoutWritePermissionIsRead() throws {
    try repository.open().publish("net", activate: true)
    for path in [repository.path, repository.layout.registry] { unsafe _ = chmod(path, 0o555) }
    unsafe _ = chmod(repository.layout.database, 0o444)
    defer { for path in [repository.path, repository.layout.registry] { unsafe _ = chmod(path, 0o755) } }
    let reader = try repository.open()
    #expect(reader.isReadOnly)
    #expect(try reader.serving("net")?.current == 1)
    expect(.readOnly) { try reader.publish("net") }
  }
}

/// Pseudo-random numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 29)
  }
}

extension Files {
  fileprivate static func size(_ path: String) -> Int {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  fileprivate static func overwrite(_ path: String, at offset: Int, with byte: UInt8) {
    let descriptor = unsafe open(path, O_WRONLY)
    defer { close(descriptor) }
    var byte = byte
    unsafe _ = pwrite(descriptor, &byte, 1, offset)
  }
}
