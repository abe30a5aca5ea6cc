import MassFormats
import Testing

@testable import MassRegistry

@Suite struct ServiceTests {
  let repository: TemporaryRepository
  let registry: Registry

  init() throws {
    repository = try TemporaryRepository()
    registry = try repository.open()
  }

  /// Publishes versions 1 to `count`.
  func publish(_ count: Int) throws {
    for _ in 0..<count { try registry.publish("net") }
  }

  func states() throws -> [VersionState] { try registry.versions("net").map(\.state) }

  @Test func nothingIsInServiceBeforeItIsAsked() throws {
    #expect(try registry.serving("net") == nil)
    try publish(1)
    #expect(try registry.serving("net") == ServedVersions(active: [], current: nil, labels: [:]))
    try registry.activate("net", 1, by: "bob")
    #expect(try registry.serving("net") == ServedVersions(active: [1], current: 1, labels: [:]))
    #expect(try registry.version("net", 1).isCurrent)
    #expect(try registry.events(model: "net").map(\.action) == [.activate, .publish])
    #expect(try registry.events(model: "net").first?.actor == "bob")
  }

  @Test func anotherTakesThePlaceOfTheCurrentOne() throws {
    try publish(2)
    try registry.activate("net", 1, by: "")
    #expect(try registry.publish("net", activate: true).state == .active)
    #expect(try states() == [.retired, .published, .active])
    #expect(try registry.serving("net")?.current == 3)
    let stamp = try registry.changeStamp()
    try registry.activate("net", 2, by: "", exclusive: false)
    #expect(try states() == [.retired, .active, .active])
    #expect(try registry.serving("net")?.current == 2)
    #expect(try registry.changeStamp() != stamp)
  }

  @Test func aCanaryIsNotCurrent() throws {
    try publish(2)
    try registry.activate("net", 1, by: "")
    try registry.activate("net", 2, by: "", asCurrent: false)
    #expect(try registry.serving("net") == ServedVersions(active: [1, 2], current: 1, labels: [:]))
    try registry.deactivate("net", 2, by: "")
    #expect(try registry.serving("net") == ServedVersions(active: [1], current: 1, labels: [:]))
    expect(.conflict) { try registry.rollback("net", by: "") }
    #expect(try registry.serving("net")?.current == 1)
  }

  @Test func deactivatingTheCurrentOneLeavesNone() throws {
    try publish(2)
    try registry.activate("net", 1, by: "")
    try registry.activate("net", 2, by: "")
    try registry.deactivate("net", 2, by: "")
    #expect(try registry.serving("net") == ServedVersions(active: [], current: nil, labels: [:]))
    expect(.conflict, "not in service") { try registry.deactivate("net", 2, by: "") }
    #expect(try registry.rollback("net", by: "") == 1)
  }

  @Test func rollingBackGoesFurtherEachTime() throws {
    try publish(4)
    for number in 1...3 { try registry.activate("net", number, by: "") }
    #expect(try registry.rollback("net", by: "eve") == 2)
    #expect(try registry.serving("net") == ServedVersions(active: [2], current: 2, labels: [:]))
    #expect(try registry.events(limit: 1).first?.detail == "from 3")
    try registry.activate("net", 4, by: "")
    try registry.remove("net", 2, by: "")
    #expect(try registry.rollback("net", by: "") == 1)
    expect(.conflict, "no earlier version") { try registry.rollback("net", by: "") }
    #expect(try registry.serving("net")?.current == 1)
  }

  @Test func rollingBackPassesOverTheVersionItLeaves() throws {
    try publish(3)
    for number in [3, 1, 2, 1] { try registry.activate("net", number, by: "") }
    try registry.remove("net", 2, by: "")
    #expect(try registry.rollback("net", by: "") == 3)
  }

  @Test func whatIsNotThereCannotBeServed() throws {
    expect(.notFound, "no model 'net'") { try registry.activate("net", 1, by: "") }
    expect(.notFound) { try registry.deactivate("net", 1, by: "") }
    expect(.notFound) { try registry.rollback("net", by: "") }
    expect(.notFound) { _ = try registry.versions("net") }
    expect(.notFound) { _ = try registry.model("net") }
    try publish(1)
    expect(.notFound, "no version 2") { try registry.activate("net", 2, by: "") }
    expect(.notFound) { _ = try registry.version("net", 2) }
    try registry.remove("net", 1, by: "")
    expect(.notFound, "removed") { try registry.activate("net", 1, by: "") }
    expect(.invalid) { try registry.activate("../net", 1, by: "") }
  }

  @Test func labelsMove() throws {
    try publish(2)
    try registry.setLabel("net", "stable", 1)
    try registry.setLabel("net", "canary", 2, by: "bob")
    try registry.setLabel("net", "stable", 2)
    #expect(try registry.labels("net") == ["stable": 2, "canary": 2])
    #expect(try registry.version("net", 2).labels == ["canary", "stable"])
    #expect(try registry.serving("net")?.labels == ["stable": 2, "canary": 2])
    try registry.setLabel("net", "canary", nil)
    #expect(try registry.labels("net") == ["stable": 2])
    expect(.notFound) { try registry.setLabel("net", "canary", nil) }
    expect(.notFound) { try registry.setLabel("net", "stable", 3) }
    for label in ["", "1", "Stable", "a b", "é", String(repeating: "x", count: 65)] {
      expect(.invalid, "not a label") { try registry.setLabel("net", label, 1) }
    }
  }

  @Test func removingKeepsTheHistory() throws {
    try publish(3)
    try registry.activate("net", 1, by: "")
    try registry.setLabel("net", "stable", 2)
    expect(.conflict, "in service") { try registry.remove("net", 1, by: "") }
    expect(.conflict, "stable") { try registry.remove("net", 2, by: "") }
    try registry.remove("net", 3, by: "")
    #expect(!repository.exists("net/3"))
    try registry.remove("net", 2, by: "", force: true)
    try registry.remove("net", 1, by: "bob", force: true)
    #expect(try states() == [.removed, .removed, .removed])
    #expect(try registry.serving("net") == ServedVersions(active: [], current: nil, labels: [:]))
    #expect(try registry.version("net", 1).digest != nil)
    #expect(try registry.model("net").versionCount == 0)
    #expect(try repository.names(".mass/trash").isEmpty)
    expect(.notFound, "removed") { try registry.remove("net", 1, by: "") }
    #expect(try registry.events(limit: 1).first?.actor == "bob")
  }

  @Test func countsAdd() throws {
    try publish(1)
    let stamp = try registry.changeStamp()
    let first = VersionCounts(requests: 5, failures: 1, lastUsed: UTCTime(secondsSince1970: 50))
    let second = VersionCounts(requests: 2, failures: -7, lastUsed: UTCTime(secondsSince1970: 40))
    try registry.record(counts: [("net", 1, first), ("net", 9, first), ("other", 1, first)])
    try registry.record(counts: [("net", 1, second), ("net", 1, VersionCounts(requests: 1))])
    let expected = VersionCounts(requests: 8, failures: 1, lastUsed: UTCTime(secondsSince1970: 50))
    #expect(try registry.version("net", 1).counts == expected)
    try registry.record(counts: [("net", 1, VersionCounts(requests: .max, failures: .max))])
    try registry.record(counts: [("net", 1, VersionCounts(requests: .max, failures: .max))])
    try registry.record(counts: [("net", 1, VersionCounts(requests: .max, failures: .max))])
    #expect(try registry.version("net", 1).counts.requests > 1 << 60)
    #expect(try registry.changeStamp() == stamp)
  }

  @Test func modelsThatWerePutThereBecomeManaged() throws {
    try repository.write("plan", to: "old/1/model.plan")
    try repository.write("plan", to: "old/2/model.plan")
    try registry.reconcile()
    #expect(try registry.serving("old") == nil)
    #expect(try registry.model("old").isManaged == false)
    #expect(try registry.version("old", 2).digest == nil)
    #expect(try registry.publish("old").number == 3)
    // The newest one answered until now, and goes on.
    #expect(try registry.serving("old") == ServedVersions(active: [2], current: 2, labels: [:]))
    try registry.activate("old", 3, by: "")
    #expect(try registry.rollback("old", by: "") == 2)
    try registry.remove("old", 1, by: "")
    #expect(!repository.exists("old/1"))
  }
}
