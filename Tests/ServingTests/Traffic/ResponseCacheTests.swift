import MassRuntime
import Synchronization
import Testing

@testable import MassServing

/// Tensors for the cache's tests.
enum CachedTensors {
  static func bytes(
    _ bytes: [UInt8], named name: String = "x", element: ElementType = .uint8, shape: [Int]? = nil
  ) throws -> NamedTensor {
    let width = element.byteWidth ?? 1
    let tensor = try unsafe Tensor(element: element, shape: shape ?? [bytes.count / width]) { target in
      unsafe target.copyBytes(from: bytes)
    }
    return NamedTensor(name: name, tensor: tensor)
  }

  static func strings(_ strings: [String], shape: [Int]? = nil) throws -> NamedTensor {
    NamedTensor(name: "x", tensor: try Tensor(strings: strings, shape: shape ?? [strings.count]))
  }

  /// An answer that counts for a thousand bytes.
  static func thousand(_ value: UInt8 = 0) throws -> [NamedTensor] {
    let header = ResponseCache.byteCount(of: [try bytes([])])
    return [try bytes(Array(repeating: value, count: 1000 - header))]
  }
}

@Suite struct ResponseDigests {
  /// Requests that are all different, many of them in nothing but where one part ends and the next begins.
  @Test func differentRequestsHaveDifferentDigests() throws {
    let cache = ResponseCache(byteLimit: 1, entryLimit: 1)
    let owner = cache.enroll(model: "ab", version: 1)
    let x = try CachedTensors.bytes([1, 2, 3, 4])
    let y = try CachedTensors.bytes([1, 2, 3, 4], named: "y")
    let out = RequestedOutput(name: "out")
    var digests: [ResponseDigest?] = []
    let inputs: [[NamedTensor]] = [
      [], [x], [y], [x, y], [try CachedTensors.bytes([1, 2, 3, 4], named: "xy")],
      [try CachedTensors.bytes([1, 2, 3, 4], shape: [2, 2])], [try CachedTensors.bytes([1, 2, 3, 4], shape: [4, 1])],
      [try CachedTensors.bytes([1, 2, 3, 4], element: .int8)],
      [try CachedTensors.bytes([1, 2, 3, 4], element: .float32)],
      [try CachedTensors.bytes([1, 2, 3])], [try CachedTensors.bytes([1, 2, 3, 5])],
      [try CachedTensors.bytes([], shape: [0])], [try CachedTensors.bytes([], shape: [0, 3])],
      [try CachedTensors.bytes([], shape: [3, 0])], [try CachedTensors.bytes([1], shape: [])],
      [try CachedTensors.strings(["ab", "c"])], [try CachedTensors.strings(["a", "bc"])],
      [try CachedTensors.strings(["abc", ""])], [try CachedTensors.strings(["", "abc"])],
      [try CachedTensors.strings(["abc"])], [try CachedTensors.strings(["a\0b", "c"])],
      [try CachedTensors.strings(["\u{e9}"])], [try CachedTensors.strings(["e\u{301}"])],
    ]
    for inputs in inputs { digests.append(ResponseDigest(owner: owner, inputs: inputs, outputs: [])) }
    let outputs = [
      [out], [RequestedOutput(name: "o"), RequestedOutput(name: "ut")],
      [RequestedOutput(name: "ut"), RequestedOutput(name: "o")], [RequestedOutput(name: "out", classification: 0)],
      [RequestedOutput(name: "out", classification: 3)],
    ]
    for outputs in outputs { digests.append(ResponseDigest(owner: owner, inputs: [x], outputs: outputs)) }
    for other in [("ab", 1), ("ab", 2), ("a", 1), ("", 1)] {
      digests.append(ResponseDigest(owner: cache.enroll(model: other.0, version: other.1), inputs: [x], outputs: []))
    }
    #expect(!digests.contains(nil))
    #expect(Set(digests).count == digests.count)
  }

  @Test func theSameRequestHasTheSameDigest() throws {
    let owner = ResponseCache(byteLimit: 1, entryLimit: 1).enroll(model: "m", version: 1)
    let (x, y) = (try CachedTensors.bytes([1, 2]), try CachedTensors.bytes([3], named: "y"))
    let part = try Tensor(
      element: .uint8, shape: [2], storage: try CachedTensors.bytes([9, 1, 2, 9]).tensor.storage, byteOffset: 1)
    let digest = ResponseDigest(owner: owner, inputs: [x, y], outputs: [])
    #expect(digest == ResponseDigest(owner: owner, inputs: [y, x], outputs: []), "the order of inputs does not matter")
    #expect(digest == ResponseDigest(owner: owner, inputs: [y, NamedTensor(name: "x", tensor: part)], outputs: []))
  }
}

@Suite struct ResponseCaches {
  private static func digest(_ owner: CachedVersion, _ number: UInt8) throws -> ResponseDigest {
    try #require(ResponseDigest(owner: owner, inputs: [try CachedTensors.bytes([number])], outputs: []))
  }

  @Test func theLeastRecentlyUsedGoes() throws {
    let cache = ResponseCache(byteLimit: 3500, entryLimit: 2000)
    let owner = cache.enroll(model: "m", version: 1)
    let digests = try (0..<5 as Range<UInt8>).map { try Self.digest(owner, $0) }
    for i in 0..<3 { cache.keep(try CachedTensors.thousand(UInt8(i)), for: digests[i], of: owner) }
    #expect(cache.lookUp(digests[0])?.first?.tensor.integers().first == 0)
    cache.keep(try CachedTensors.thousand(3), for: digests[3], of: owner)
    #expect(digests.map { cache.lookUp($0) != nil } == [true, false, true, true, false])
    cache.keep(try CachedTensors.thousand(4), for: digests[4], of: owner)
    #expect(digests.map { cache.lookUp($0) != nil } == [false, false, true, true, true])
    var expected = ResponseCache.Counters()
    (expected.hits, expected.misses, expected.evictions) = (7, 4, 2)
    (expected.entries, expected.bytes) = (3, 3000)
    #expect(cache.counters == expected)
  }

  @Test func whatIsTooLargeIsNotKept() throws {
    let cache = ResponseCache(byteLimit: 5000, entryLimit: 999)
    let owner = cache.enroll(model: "m", version: 1)
    cache.keep(try CachedTensors.thousand(), for: try Self.digest(owner, 1), of: owner)
    #expect(cache.counters == ResponseCache.Counters())
  }

  @Test func aLargeEntryEvictsSeveral() throws {
    let cache = ResponseCache(byteLimit: 3000, entryLimit: 3000)
    let owner = cache.enroll(model: "m", version: 1)
    for i in 0..<3 as Range<UInt8> {
      cache.keep(try CachedTensors.thousand(), for: try Self.digest(owner, i), of: owner)
    }
    let large = [try CachedTensors.bytes(Array(repeating: 1, count: 1500))]
    cache.keep(large, for: try Self.digest(owner, 9), of: owner)
    #expect(cache.counters.evictions == 2)
    #expect(cache.counters.bytes == 1000 + ResponseCache.byteCount(of: large))
  }

  @Test func aRetiredVersionLeavesNothing() throws {
    let cache = ResponseCache(byteLimit: 100_000, entryLimit: 2000)
    let (old, new) = (cache.enroll(model: "m", version: 1), cache.enroll(model: "m", version: 1))
    for i in 0..<10 as Range<UInt8> {
      cache.keep(
        try CachedTensors.thousand(), for: try Self.digest(i % 2 == 0 ? old : new, i), of: i % 2 == 0 ? old : new)
    }
    cache.retire(old)
    #expect(cache.counters.entries == 5)
    #expect(cache.counters.bytes == 5000)
    cache.keep(try CachedTensors.thousand(), for: try Self.digest(old, 1), of: old)
    #expect(cache.lookUp(try Self.digest(old, 1)) == nil, "an answer that comes late is not kept")
    cache.retire(new)
    #expect(cache.counters.bytes == 0)
    #expect(cache.counters.entries == 0)
    #expect(cache.counters.evictions == 0)
  }

  @Test func aPartOfALargeBlockIsCopied() throws {
    let cache = ResponseCache(byteLimit: 100_000, entryLimit: 2000)
    let owner = cache.enroll(model: "m", version: 1)
    let batch = try CachedTensors.bytes(Array(repeating: 7, count: 50_000)).tensor.storage
    let row = try Tensor(element: .uint8, shape: [3], storage: batch, byteOffset: 600)
    let digest = try Self.digest(owner, 1)
    cache.keep([NamedTensor(name: "y", tensor: row)], for: digest, of: owner)
    let kept = try #require(cache.lookUp(digest)?.first?.tensor)
    #expect(kept.storage.byteCount == 3)
    #expect(kept.integers() == [7, 7, 7])
  }

  /// Many tasks over few keys with a cache that is too small: what is found is right, and the accounts agree.
  @Test func concurrentUse() async {
    let cache = ResponseCache(byteLimit: 10_500, entryLimit: 2000)
    let owners = [cache.enroll(model: "a", version: 1), cache.enroll(model: "b", version: 1)]
    await withTaskGroup(of: Int.self) { group in
      for task in 0..<8 as Range<UInt64> {
        group.addTask { await Self.ask(cache, owners, task) }
      }
      for await wrong in group { #expect(wrong == 0) }
    }
    let counters = cache.counters
    #expect(counters.bytes == counters.entries * 1000)
    #expect(counters.bytes <= 10_500)
    #expect(cache.waitingCount == 0)
    for owner in owners { cache.retire(owner) }
    #expect(cache.counters.bytes == 0)
  }

  /// Asks for random keys, of which one always fails and the others answer with themselves; counts wrong answers.
  private static func ask(_ cache: ResponseCache, _ owners: [CachedVersion], _ task: UInt64) async -> Int {
    var (random, wrong) = (SeededGenerator(task), 0)
    for i in 0..<500 {
      let (owner, key) = (owners[i % 2], UInt8(random.next() % 20))
      guard let digest = try? digest(owner, key) else { return -1 }
      do throws(ServingError) {
        let answer = try await cache.response(for: digest, of: owner) { () async throws(ServingError) in
          await Task.yield()
          if key == 13 { throw ServingError(.internalError, "no") }
          return (try? CachedTensors.thousand(key)) ?? []
        }
        if key == 13 || answer.first?.tensor.integers().first != Int(key) { wrong += 1 }
      } catch {
        if key != 13 { wrong += 1 }
      }
      if task == 0, i == 400 { cache.retire(owners[1]) }
    }
    return wrong
  }
}
