import Testing

@testable import MassSecurity

@Suite struct GrantTests {
  @Test(arguments: [
    ("*", "", true), ("*", "anything", true), ("a*", "a", true), ("a*", "ba", false), ("*a", "bba", true),
    ("a?c", "abc", true), ("a?c", "ac", false), ("?", "", false), ("a*b*c", "aXbYbZc", true),
    ("a*b*c", "aXcYb", false), ("acme-*", "acme-", true), ("acme-*", "acme", false), ("a**b", "ab", true),
    ("abc", "abc", true), ("abc", "abcd", false), ("*.v?", "model.v2", true), ("*aab", "aaaab", true),
    ("Acme", "acme", false),
  ])
  func patterns(_ pattern: String, _ name: String, _ isMatch: Bool) throws {
    #expect(try #require(ModelPattern(pattern)).matches(name) == isMatch)
  }

  @Test(arguments: ["", "a/b", "a b", "ä", "[ab]", "a\u{0}", String(repeating: "a", count: 129)])
  func noPatterns(_ text: String) { #expect(ModelPattern(text) == nil) }

  @Test func manyStarsTakeNoTime() throws {
    let pattern = try #require(ModelPattern(String(repeating: "*a", count: 63) + "*b"))
    let clock = ContinuousClock()
    let elapsed = clock.measure { #expect(!pattern.matches(String(repeating: "a", count: 4096))) }
    #expect(elapsed < .seconds(1))
    #expect(!pattern.matches(String(repeating: "a", count: 1 << 20) + "b"))
  }

  /// Against every split of the name at the first star.
  private func matchesSlowly(_ pattern: Substring, _ name: Substring) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    let rest = pattern.dropFirst()
    if first == "*" { return name.indices.contains { matchesSlowly(rest, name[$0...]) } || matchesSlowly(rest, "") }
    guard let letter = name.first, first == "?" || first == letter else { return false }
    return matchesSlowly(rest, name.dropFirst())
  }

  @Test func agreesWithTheDefinition() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<3000 {
      let text = String((0..<Int.random(in: 1...7, using: &generator)).map { _ in "ab*?".randomElement() ?? "a" })
      let name = String((0..<Int.random(in: 0...8, using: &generator)).map { _ in "ab".randomElement() ?? "a" })
      let pattern = try #require(ModelPattern(text))
      #expect(pattern.matches(name) == matchesSlowly(text[...], name[...]), "\(text) \(name)")
    }
  }

  @Test func rolesContainThoseBefore() {
    #expect(Role.allCases == Role.allCases.sorted())
    let publisher = Principal(id: "k1", name: "ci", grants: [Grant(.publisher)])
    for role in Role.allCases { #expect(publisher.allows(role, on: "m") == (role != .admin)) }
  }
}
