import Synchronization

/// Whom or what a rate limit is about.
struct RateKey: Hashable, Sendable {
  enum Scope: Hashable, Sendable {
    case key, tenant, model
  }

  var scope: Scope
  var name: String

  init(_ scope: Scope, _ name: String) {
    self.scope = scope
    self.name = name
  }
}

/// Token buckets by key, at most `capacity` of them.
///
/// A key without a bucket is as good as one with a full bucket, so full buckets are dropped without any effect when
/// room is needed. When no bucket is full, the one goes that would be full soonest: its key gets back early what it
/// would have had back by then. The emptiest buckets, which the limits are there for, are kept longest, and nobody is
/// refused because of others' keys.
final class RateLimiter: Sendable {
  struct Claim: Hashable, Sendable {
    var key: RateKey
    var limit: RateLimit

    init(_ key: RateKey, _ limit: RateLimit) {
      self.key = key
      self.limit = limit
    }
  }

  struct Counters: Hashable, Sendable {
    var admitted: UInt64 = 0
    var refused: UInt64 = 0
    var buckets = 0
    /// Buckets that were dropped before they were full.
    var forgiven: UInt64 = 0
  }

  /// When a bucket was last known to become full; it may be later by now.
  private struct Fullness: Comparable {
    var moment: UInt64
    var key: RateKey

    static func < (a: Fullness, b: Fullness) -> Bool { a.moment < b.moment }
  }

  private struct State {
    var buckets: [RateKey: TokenBucket] = [:]
    /// One for each bucket.
    var fullness = MinHeap<Fullness>()
    var counters = Counters()
  }

  private let capacity: Int
  private let state = Mutex(State())

  /// - Parameter capacity: Buckets at a time, one or more.
  init(capacity: Int = 65_536) { self.capacity = max(1, capacity) }

  var counters: Counters {
    state.withLock { state in
      var counters = state.counters
      counters.buckets = state.buckets.count
      return counters
    }
  }

  func take(_ key: RateKey, _ limit: RateLimit, now: UInt64) -> Admission { take([Claim(key, limit)], now: now) }

  /// Takes a token from the bucket of every claim, or from none. A refusal says when the last of them has one.
  ///
  /// A limit that changed applies at once, to the tokens there are. A key that stands twice counts once.
  ///
  /// - Complexity: O(log `capacity`) for each claim, amortized.
  func take(_ claims: [Claim], now: UInt64) -> Admission {
    state.withLock { state in
      var buckets: [TokenBucket] = []
      buckets.reserveCapacity(claims.count)
      var wait: UInt64 = 0
      for claim in claims {
        var bucket = state.buckets[claim.key] ?? TokenBucket(claim.limit, now: now)
        bucket.adopt(claim.limit, now: now)
        wait = max(wait, bucket.wait(now: now))
        buckets.append(bucket)
      }
      guard wait == 0 else {
        state.counters.refused += 1
        return .refused(retryAfter: wait)
      }
      for (claim, var bucket) in zip(claims, buckets) {
        _ = bucket.take(now: now)
        store(bucket, claim.key, now, &state)
      }
      state.counters.admitted += 1
      return .admitted
    }
  }

  private func store(_ bucket: TokenBucket, _ key: RateKey, _ now: UInt64, _ state: inout State) {
    guard state.buckets.updateValue(bucket, forKey: key) == nil else { return }
    if state.buckets.count > capacity { drop(now, &state) }
    state.fullness.insert(Fullness(moment: bucket.fullAt, key: key))
  }

  private func drop(_ now: UInt64, _ state: inout State) {
    while let least = state.fullness.least {
      let moment = state.buckets[least.key]?.fullAt ?? 0
      if moment > least.moment {
        state.fullness.replaceLeast(with: Fullness(moment: moment, key: least.key))
        continue
      }
      if moment > now { state.counters.forgiven += 1 }
      _ = state.fullness.removeLeast()
      state.buckets[least.key] = nil
      return
    }
  }
}
