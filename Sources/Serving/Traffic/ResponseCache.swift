import MassRuntime
import Synchronization

/// A loaded version that a cache keeps answers of.
struct CachedVersion: Hashable, Sendable {
  let model: String
  let version: Int
  /// Different for every load, so that no answer outlives what gave it.
  let generation: UInt64

  fileprivate init(model: String, version: Int, generation: UInt64) {
    self.model = model
    self.version = version
    self.generation = generation
  }
}

/// Answers to requests that may come again: the least recently used go when there are too many bytes.
///
/// Only versions that answer the same request always alike may be cached; that is for the caller to know.
final class ResponseCache: Sendable {
  struct Counters: Hashable, Sendable {
    var hits: UInt64 = 0
    var misses: UInt64 = 0
    /// Answers taken over from a request that was under way.
    var shared: UInt64 = 0
    /// Entries that made room for others; dropped versions' entries are not among them.
    var evictions: UInt64 = 0
    var entries = 0
    var bytes = 0
  }

  private struct State {
    /// Of all entries, by `byteCount(of:)`.
    var byteLimit: Int
    /// Of one entry; larger answers are not kept.
    var entryLimit: Int
    var entries = RecencyList<ResponseDigest, Entry>()
    var versions: [CachedVersion: Set<ResponseDigest>] = [:]
    var generations: UInt64 = 0
    var counters = Counters()

    init(byteLimit: Int, entryLimit: Int) {
      self.byteLimit = byteLimit
      self.entryLimit = min(entryLimit, byteLimit)
    }

    /// Lets the least recently used go until the others have no more bytes; returns them.
    mutating func evict(to byteCount: Int) -> [Entry] {
      var evicted: [Entry] = []
      while counters.bytes > byteCount, let (digest, entry) = entries.removeLeastRecent() {
        forget(digest, entry)
        counters.evictions += 1
        evicted.append(entry)
      }
      return evicted
    }

    mutating func forget(_ digest: ResponseDigest, _ entry: Entry) {
      counters.bytes -= entry.byteCount
      counters.entries -= 1
      versions[entry.owner]?.remove(digest)
    }
  }

  private struct Entry {
    var outputs: [NamedTensor]
    var owner: CachedVersion
    var byteCount: Int
  }

  private let state: Mutex<State>
  private let flights = SingleFlight<ResponseDigest, [NamedTensor]>()

  /// - Parameters:
  ///   - byteLimit: Of all entries, by `byteCount(of:)`.
  ///   - entryLimit: Of one entry; larger answers are not kept.
  init(byteLimit: Int, entryLimit: Int) {
    state = Mutex(State(byteLimit: byteLimit, entryLimit: entryLimit))
  }

  /// Keeps so much from now on; what is too much goes at once.
  func resize(byteLimit: Int, entryLimit: Int) {
    let evicted: [Entry] = state.withLock { state in
      state.byteLimit = byteLimit
      state.entryLimit = min(entryLimit, byteLimit)
      return state.evict(to: byteLimit)
    }
    // Memory is given back outside the lock.
    _ = evicted
  }

  var counters: Counters { state.withLock { $0.counters } }

  // MARK: Versions

  /// A new generation of a version, whose answers are kept until `retire`.
  func enroll(model: String, version: Int) -> CachedVersion {
    state.withLock { state in
      state.generations += 1
      let owner = CachedVersion(model: model, version: version, generation: state.generations)
      state.versions[owner] = []
      return owner
    }
  }

  /// Drops a version's answers; those that come later are not kept.
  func retire(_ owner: CachedVersion) {
    let dropped: [Entry] = state.withLock { state in
      (state.versions.removeValue(forKey: owner) ?? []).compactMap { digest in
        guard let entry = state.entries.remove(digest) else { return nil }
        state.forget(digest, entry)
        return entry
      }
    }
    // Memory is given back outside the lock.
    _ = dropped
  }

  // MARK: Answers

  func lookUp(_ digest: ResponseDigest) -> [NamedTensor]? {
    state.withLock { state in
      let found = state.entries.use(digest)?.outputs
      if found == nil { state.counters.misses += 1 } else { state.counters.hits += 1 }
      return found
    }
  }

  /// Keeps an answer, unless it is too large, its version was retired, or one is kept already.
  func keep(_ outputs: [NamedTensor], for digest: ResponseDigest, of owner: CachedVersion) {
    let byteCount = Self.byteCount(of: outputs)
    guard byteCount <= state.withLock({ $0.entryLimit }), let outputs = Self.compact(outputs) else { return }
    let evicted: [Entry] = state.withLock { state in
      guard state.versions[owner] != nil, byteCount <= state.entryLimit, state.entries.use(digest) == nil else {
        return []
      }
      let evicted = state.evict(to: state.byteLimit - byteCount)
      state.entries.insert(Entry(outputs: outputs, owner: owner, byteCount: byteCount), for: digest)
      state.versions[owner]?.insert(digest)
      state.counters.bytes += byteCount
      state.counters.entries += 1
      return evicted
    }
    // Memory is given back outside the lock.
    _ = evicted
  }

  /// The answer that is kept, or that a request under way will give, or else the one that `compute` gives, which is
  /// kept.
  ///
  /// Of those who ask the same at a time one computes. When it fails or is cancelled, the next one does.
  ///
  /// - Throws: What `compute` throws, or why the request was abandoned while it waited for another one's answer.
  func response(
    for digest: ResponseDigest, of owner: CachedVersion, abandonment: Abandonment = Abandonment(),
    compute: () async throws(ServingError) -> [NamedTensor]
  ) async throws(ServingError) -> [NamedTensor] {
    if let kept = lookUp(digest) { return kept }
    let answer = try await flights.value(for: digest, abandonment: abandonment) { () async throws(ServingError) in
      // Somebody may have ended between the look and the flight.
      if let kept = state.withLock({ $0.entries.use(digest)?.outputs }) { return kept }
      let outputs = try await compute()
      keep(outputs, for: digest, of: owner)
      return outputs
    }
    if answer.isShared { state.withLock { $0.counters.shared += 1 } }
    return answer.value
  }

  /// Those who wait for another one's answer.
  var waitingCount: Int { flights.waitingCount }

  // MARK: Bytes

  /// What an entry counts for besides its tensors: the digest, links and headers.
  static let overhead = 256

  static func byteCount(of outputs: [NamedTensor]) -> Int {
    outputs.reduce(overhead) { sum, output in
      let tensor = output.tensor
      let header = 128 + output.name.utf8.count + tensor.shape.count * 8
      let strings = tensor.strings.reduce(0) { $0 + 16 + $1.utf8.count }
      return sum + header + (tensor.element == .string ? strings : tensor.byteCount)
    }
  }

  /// The same tensors, those that are a part of a larger block copied, so that a small answer does not keep a large
  /// batch alive; nil when there is no memory.
  private static func compact(_ outputs: [NamedTensor]) -> [NamedTensor]? {
    var result: [NamedTensor] = []
    for output in outputs {
      let tensor = output.tensor
      let isWhole = tensor.storage.byteCount == tensor.byteCount && !BufferMemory.keepsMore(than: tensor)
      if tensor.element == .string || isWhole {
        result.append(output)
        continue
      }
      let copy = try? unsafe Tensor(unsafeUninitialized: tensor.element, shape: tensor.shape) { target in
        unsafe tensor.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
      }
      guard let copy else { return nil }
      result.append(NamedTensor(name: output.name, tensor: copy))
    }
    return result
  }
}
