import Testing

@testable import MassServing

@Suite struct TrafficSplitTests {
  /// Pearson's statistic of counts against the shares of a split.
  private static func statistic(_ counts: [Int: Int], _ split: TrafficSplit) -> Double {
    let total = Double(counts.values.reduce(0, +))
    return split.shares.reduce(0) { sum, share in
      let difference = Double(counts[share.key] ?? 0) - share.value * total
      return sum + difference * difference / (share.value * total)
    }
  }

  /// The 99.9 % points of chi-square for 1 to 4 degrees of freedom.
  private static let critical = [10.83, 13.82, 16.27, 18.47]

  @Test(arguments: [[1: 1, 2: 1], [1: 95, 2: 5], [1: 0.2, 7: 0.3, 9: 0.5], [1: 1e-3, 2: 5, 3: 0, 4: 2.5, 5: 1e-2]])
  func drawsFollowTheWeights(_ weights: [Int: Double]) throws {
    let split = try TrafficSplit(weights, salt: "model")
    var random = SeededGenerator(42)
    var (drawn, sticky): ([Int: Int], [Int: Int]) = ([:], [:])
    for i in 0..<100_000 {
      drawn[split.version(random: random.next()), default: 0] += 1
      sticky[split.version(key: "user-\(i)"), default: 0] += 1
    }
    let bound = Self.critical[split.shares.count - 2]
    #expect(Self.statistic(drawn, split) < bound)
    #expect(Self.statistic(sticky, split) < bound)
    #expect(Set(drawn.keys).union(sticky.keys).isSubset(of: split.shares.keys))
  }

  @Test func aKeyStaysWithItsVersion() throws {
    let split = try TrafficSplit([1: 70, 2: 30], salt: "resnet")
    let again = try TrafficSplit([2: 3, 1: 7], salt: "resnet")
    #expect((0..<1000).allSatisfy { split.version(key: "\($0)") == again.version(key: "\($0)") }, "only shares count")
    let other = try TrafficSplit([1: 70, 2: 30], salt: "bert")
    #expect((0..<1000).contains { split.version(key: "\($0)") != other.version(key: "\($0)") })
  }

  /// Fixed: servers of different releases have to agree.
  @Test func theHashDoesNotChange() {
    #expect(StableHash.mix(1) == 0xB456_BCFC_34C2_CB2C)
    #expect(StableHash.hash("") == StableHash.mix(0xCBF2_9CE4_8422_2325))
    #expect(StableHash.hash("a") == StableHash.mix(0xAF63_DC4C_8601_EC8C))
    #expect(StableHash.hash("foobar") == StableHash.mix(0x8594_4171_F739_67E8))
  }

  @Test func onlyTheNecessaryKeysMove() throws {
    let (before, after) = (try TrafficSplit([1: 95, 2: 5]), try TrafficSplit([1: 90, 2: 10]))
    var moved: [[Int]: Int] = [:]
    for i in 0..<100_000 {
      let way = [before.version(key: "k\(i)"), after.version(key: "k\(i)")]
      if way[0] != way[1] { moved[way, default: 0] += 1 }
    }
    #expect(moved[[2, 1]] == nil, "nobody leaves the version that gains")
    #expect(abs((moved[[1, 2]] ?? 0) - 5000) < 350)
  }

  @Test func aVersionThatLeavesMovesOnlyItsOwnKeys() throws {
    let all = try TrafficSplit([1: 50, 2: 30, 3: 20])
    let left = try #require(all.among { $0 != 2 })
    for i in 0..<10_000 where all.version(key: "\(i)") != 2 {
      #expect(all.version(key: "\(i)") == left.version(key: "\(i)"))
    }
    #expect(left.shares[1] == 50.0 / 70)
    #expect(all.among { _ in false } == nil)
    #expect(all.among { _ in true } == all)
  }

  @Test func aWeightOfZeroIsNeverChosen() throws {
    let split = try TrafficSplit([1: 0, 2: 1, 3: 0])
    for random in [0, 1, 1 << 63, .max] as [UInt64] { #expect(split.version(random: random) == 2) }
    #expect((0..<1000).allSatisfy { split.version(key: "\($0)") == 2 })
    let edges = try TrafficSplit([1: 1, 2: 1e-300, 3: .greatestFiniteMagnitude, 4: .leastNonzeroMagnitude])
    for random in [1 << 40, .max] as [UInt64] { #expect(edges.version(random: random) == 3) }
  }

  @Test(arguments: [[:], [1: 0], [1: -1, 2: 2], [1: .nan], [1: .infinity]] as [[Int: Double]])
  func whatIsNoSplitIsRefused(_ weights: [Int: Double]) {
    #expect(throws: ServingError.self) { try TrafficSplit(weights) }
  }
}
