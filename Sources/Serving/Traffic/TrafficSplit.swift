#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How the requests for a model are shared out among its versions.
public struct TrafficSplit: Hashable, Sendable {
  private struct Part: Hashable {
    var version: Int
    /// Positive, at most 1.
    var weight: Double
    /// Sum of the weights up to this one.
    var end: Double
  }

  /// Versions of positive weight, ascending.
  private let parts: [Part]
  private let seed: UInt64

  /// - Parameters:
  ///   - weights: By version; any scale. A version of weight 0 is never chosen.
  ///   - salt: Such as the model's name, so that keys fall differently for different models.
  /// - Throws: `invalidArgument` unless every weight is finite and not negative and one is positive.
  public init(_ weights: [Int: Double], salt: String = "") throws(ServingError) {
    for (version, weight) in weights where !(weight >= 0 && weight.isFinite) {
      throw .invalid("the weight of version \(version) is \(weight); expected a number of at least 0")
    }
    guard let largest = weights.values.max(), largest > 0 else {
      throw .invalid("no version has a positive weight")
    }
    self.init(weights.mapValues { $0 / largest }, seed: StableHash.hash(salt))
  }

  private init(_ weights: [Int: Double], seed: UInt64) {
    var parts: [Part] = []
    for (version, weight) in weights.sorted(by: { $0.key < $1.key }) where weight > 0 {
      parts.append(Part(version: version, weight: weight, end: (parts.last?.end ?? 0) + weight))
    }
    self.parts = parts
    self.seed = seed
  }

  /// What each version gets, of 1.
  public var shares: [Int: Double] {
    let total = parts.last?.end ?? 1
    return Dictionary(uniqueKeysWithValues: parts.map { ($0.version, $0.weight / total) })
  }

  /// The split among those of its versions that `isServing` names; nil if none is left.
  public func among(_ isServing: (Int) -> Bool) -> TrafficSplit? {
    let left = parts.filter { isServing($0.version) }
    guard !left.isEmpty else { return nil }
    if left.count == parts.count { return self }
    return TrafficSplit(Dictionary(uniqueKeysWithValues: left.map { ($0.version, $0.weight) }), seed: seed)
  }

  /// The version for a request that drew `random`, uniform over all 64-bit numbers.
  public func version(random: UInt64) -> Int {
    let place = Double(random >> 11) * 0x1p-53 * (parts.last?.end ?? 0)
    return (parts.first { place < $0.end } ?? parts[parts.count - 1]).version
  }

  /// The version for every request with this key, on every server.
  ///
  /// Weighted rendezvous hashing (Thaler and Ravishankar 1998; weights by exponential variates): each version draws
  /// −ln(u) ⁄ weight, where u depends on key and version alone, and the least wins. When weights change, keys move only
  /// to versions whose weight grew in proportion to the one they leave; between two versions that is exactly the share
  /// that has to move.
  public func version(key: String) -> Int {
    guard parts.count > 1 else { return parts[0].version }
    let hash = StableHash.hash(key, seed: seed)
    var best = (version: parts[0].version, score: Double.infinity)
    for part in parts {
      let bits = StableHash.mix(hash ^ StableHash.mix(UInt64(bitPattern: Int64(part.version)) &+ 0x9E37_79B9_7F4A_7C15))
      let uniform = (Double(bits >> 12) + 0.5) * 0x1p-52
      let score = -log(uniform) / part.weight
      if score < best.score { best = (part.version, score) }
    }
    return best.version
  }
}
