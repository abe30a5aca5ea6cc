import Dispatch
import Synchronization
import Testing

@testable import MassServing

@Suite struct RateLimiterTests {
  private static func limit(_ rate: Double, _ burst: UInt64) throws -> RateLimit {
    try #require(RateLimit(perSecond: rate, burst: burst))
  }

  /// Threads that ask all the time, under one virtual clock: what is admitted is what the clock allows, within a token.
  @Test(arguments: [1.0, 333.3, 50_000, 1e9])
  func concurrentDemandGetsTheRate(_ rate: Double) throws {
    let (limit, limiter) = (try Self.limit(rate, 10), RateLimiter())
    let key = RateKey(.tenant, "a")
    let clock = Atomic<UInt64>(0)
    let admitted = Atomic(limiter.take(key, limit, now: 0).isAdmitted ? 1 : 0)
    let step = UInt64(1e9 / rate / 3) + 1
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<1000 {
        let now = clock.add(step, ordering: .relaxed).newValue
        if limiter.take(key, limit, now: now).isAdmitted { admitted.add(1, ordering: .relaxed) }
      }
    }
    let end = clock.load(ordering: .relaxed)
    while limiter.take(key, limit, now: end).isAdmitted { admitted.add(1, ordering: .relaxed) }
    let count = UInt128(admitted.load(ordering: .relaxed))
    let allowed = 10 + UInt128(end) * UInt128(limit.count) / UInt128(limit.period)
    #expect(count <= allowed)
    #expect(count + 1 >= allowed)
    #expect(limiter.counters.admitted == UInt64(count))
  }

  @Test func aRequestTakesFromAllOrFromNone() throws {
    let limiter = RateLimiter()
    let (key, model) = (RateKey(.key, "k"), RateKey(.model, "m"))
    let (wide, narrow) = (try Self.limit(1, 100), try Self.limit(0.5, 2))
    let both = [RateLimiter.Claim(key, wide), RateLimiter.Claim(model, narrow)]
    #expect(limiter.take(both, now: 0).isAdmitted)
    #expect(limiter.take(both, now: 0).isAdmitted)
    for _ in 0..<50 { #expect(limiter.take(both, now: 0) == .refused(retryAfter: 2 * .second)) }
    #expect((0..<200).count { _ in limiter.take(key, wide, now: 0).isAdmitted } == 98, "refusals cost no tokens")
    #expect(limiter.take([], now: 0).isAdmitted)
  }

  @Test func theSameNameInAnotherScopeIsAnotherBucket() throws {
    let (limiter, limit) = (RateLimiter(), try Self.limit(1, 1))
    for scope in [RateKey.Scope.key, .tenant, .model] {
      #expect(limiter.take(RateKey(scope, "x"), limit, now: 0).isAdmitted)
      #expect(!limiter.take(RateKey(scope, "x"), limit, now: 0).isAdmitted)
    }
  }

  @Test func fullBucketsAreDroppedFirst() throws {
    let (limiter, limit) = (RateLimiter(capacity: 10), try Self.limit(1, 5))
    for _ in 0..<5 { _ = limiter.take(RateKey(.key, "busy"), limit, now: 0) }
    for name in 0..<1000 {
      _ = limiter.take(RateKey(.key, "\(name)"), limit, now: UInt64(name) * .second / 4)
      if name == 8 { #expect(!limiter.take(RateKey(.key, "busy"), limit, now: 0).isAdmitted) }
    }
    #expect(limiter.counters.buckets == 10)
    #expect(limiter.counters.forgiven == 0, "every bucket that was dropped was full again")
  }

  @Test func withoutFullBucketsTheFullestGoes() throws {
    let (limiter, limit) = (RateLimiter(capacity: 4), try Self.limit(1, 10))
    for (name, count) in [("a", 10), ("b", 4), ("c", 9), ("d", 7)] {
      for _ in 0..<count { #expect(limiter.take(RateKey(.key, name), limit, now: 0).isAdmitted) }
    }
    for _ in 0..<8 { _ = limiter.take(RateKey(.key, "e"), limit, now: 0) }
    #expect(limiter.counters.buckets == 4)
    #expect(limiter.counters.forgiven == 1)
    #expect(!limiter.take(RateKey(.key, "a"), limit, now: 0).isAdmitted, "the emptiest is kept")
    #expect((0..<20).count { _ in limiter.take(RateKey(.key, "b"), limit, now: 0).isAdmitted } == 10)
  }

  @Test func memoryIsBoundedWhateverKeysCome() throws {
    let (limiter, limit) = (RateLimiter(capacity: 100), try Self.limit(0.001, 3))
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      for i in 0..<5000 { _ = limiter.take(RateKey(.key, "\(thread) \(i % 1700)"), limit, now: UInt64(i)) }
    }
    #expect(limiter.counters.buckets == 100)
    #expect(limiter.counters.admitted + limiter.counters.refused == 20_000)
  }
}
