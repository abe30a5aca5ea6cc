import MassRegistry
import Testing

@testable import MassServing

/// `model.json`.
@Suite struct ModelSettingsTests {
  private static let defaults = InstanceOptions(count: 1, threads: 2, queueLimit: 10)

  private static func read(_ text: String) throws(ServingError) -> ModelSettings {
    try ModelSettings.read(Array(text.utf8), path: "model.json", defaults: defaults)
  }

  @Test func everySettingIsRead() throws {
    let settings = try Self.read(
      #"{"version_policy": {"specific": [1, 3]}, "instances": 4, "threads": 1, "queue_limit": 7, "labels": {"stable": 3}, "shapes": {"x": [1, 3]}}"#
    )
    #expect(settings.versionPolicy == .specific([1, 3]))
    #expect(settings.instances == InstanceOptions(count: 4, threads: 1, queueLimit: 7))
    #expect(settings.labels == ["stable": 3] && settings.shapes == ["x": [1, 3]])
  }

  @Test func whatIsNotSaidIsTheServers() throws {
    let settings = try Self.read("{}")
    #expect(settings.instances == Self.defaults && settings.versionPolicy == .latest(1))
  }

  @Test(arguments: [
    (#"{"instancs": 2}"#, "model.json: unknown setting 'instancs'; did you mean 'instances'?"),
    (
      #"{"version_policy": {"lates": 2}}"#, "model.json: unknown setting 'version_policy.lates'; did you mean 'latest'?"
    ),
    (#"{"threads": 0}"#, "model.json: threads: expected a number from 1 to 1024"),
    (#"{"threads": 1, "threads": 2}"#, "model.json: 'threads' stands twice"),
    (#"{"labels": {"a": "b"}}"#, "model.json: labels.a: expected the number of a version"),
    (#"{"shapes": {"x": [0]}}"#, "model.json: shapes.x: expected numbers of at least 1"),
    ("[1]", "model.json: expected an object"),
    ("", "model.json: the document is empty"),
  ])
  func mistakesAreNamed(_ text: String, _ message: String) {
    #expect(throws: ServingError.invalid(message)) { try Self.read(text) }
  }

  @Test(arguments: [
    "\"every\"", "{\"latest\": 0}", "{\"latest\": 1, \"specific\": [1]}", "{}", "3", "{\"specific\": 1}",
  ])
  func policiesAreOneOfThree(_ policy: String) {
    #expect(throws: ServingError.self) { try Self.read("{\"version_policy\": \(policy)}") }
  }

  @Test(arguments: ["", "stats", "a/b", "..", ".hidden", "a b", "ü", String(repeating: "a", count: 129)])
  func namesThatArePathsOrEscapesAreNoModels(_ name: String) {
    #expect(!ModelName.isValid(name))
  }

  @Test(arguments: ["resnet-50", "a", "A.b_c-1"]) func plainNamesAreModels(_ name: String) {
    #expect(ModelName.isValid(name))
  }
}
