import Dispatch
import Synchronization
import Testing

@testable import MassServing

/// The breaker as it is described, with every result kept and no cleverness.
private struct ReferenceBreaker {
  let options: BreakerOptions
  var phase = CircuitBreaker.Phase.closed
  var results: [(slice: UInt64, failed: Bool)] = []
  var openedAt: UInt64 = 0
  var closedAt: UInt64 = 0
  var pause: UInt64 = 0
  var openings = 0
  var probing = 0
  var proved = 0
  var era = 0

  mutating func admit(_ now: UInt64) -> (kind: String, wait: UInt64) {
    if phase == .open {
      guard now >= openedAt + pause else { return ("refused", openedAt + pause - now) }
      enter(.halfOpen)
    }
    if phase == .closed { return ("allowed", 0) }
    guard probing < options.probes else { return ("refused", options.coolDown) }
    probing += 1
    return ("probe", 0)
  }

  mutating func record(failed: Bool?, era ticket: Int, _ now: UInt64, _ random: UInt64) {
    guard ticket == era else { return }
    if phase == .halfOpen { probing -= 1 }
    guard let failed else { return }
    if phase == .halfOpen {
      if failed { return open(now, random) }
      proved += 1
      if proved == options.successes {
        enter(.closed)
        closedAt = now
      }
      return
    }
    let slice = now / (options.window / 10)
    results.append((slice, failed))
    let row = results.reversed().prefix { $0.failed }.count
    let recent = results.filter { slice - $0.slice < 10 }
    let share = Double(recent.count { $0.failed }) / Double(recent.count)
    guard failed,
      row >= options.consecutiveFailures || recent.count >= options.minimumRequests && share >= options.failureShare
    else { return }
    if now - closedAt >= pause { openings = 0 }
    open(now, random)
  }

  private mutating func enter(_ other: CircuitBreaker.Phase) {
    phase = other
    era += 1
    (probing, proved, results) = (0, 0, [])
  }

  private mutating func open(_ now: UInt64, _ random: UInt64) {
    var longest = options.coolDown
    for _ in 0..<openings { longest = min(options.longestCoolDown, longest * 2) }
    openings += 1
    pause = longest - UInt64((UInt128(longest / 2) * UInt128(random)) >> 64)
    openedAt = now
    enter(.open)
  }
}

@Suite struct CircuitBreakerTests {
  private static var options: BreakerOptions {
    var options = BreakerOptions()
    (options.window, options.minimumRequests, options.failureShare) = (1000, 10, 0.5)
    (options.consecutiveFailures, options.coolDown, options.longestCoolDown) = (6, 100, 700)
    (options.probes, options.successes) = (2, 3)
    return options
  }

  private static func kind(_ permission: CircuitBreaker.Permission) -> (String, UInt64, CircuitBreaker.Ticket?) {
    switch permission {
    case .allowed(let ticket): ("allowed", 0, ticket)
    case .probe(let ticket): ("probe", 0, ticket)
    case .refused(let wait): ("refused", wait, nil)
    }
  }

  /// One request from beginning to end; false if it was refused.
  @discardableResult private static func request(
    _ breaker: CircuitBreaker, _ outcome: VersionOutcome, now: UInt64, random: UInt64 = 0
  ) -> Bool {
    guard let ticket = kind(breaker.admit(now: now)).2 else { return false }
    breaker.record(outcome, ticket, now: now, random: random)
    return true
  }

  private static func opened(_ options: BreakerOptions = options) -> CircuitBreaker {
    let breaker = CircuitBreaker(options)
    for _ in 0..<options.consecutiveFailures { request(breaker, .failure, now: 0) }
    return breaker
  }

  /// Random requests that overlap, end in any order and way, against the reference.
  @Test(arguments: 0..<12)
  func itIsTheReference(_ seed: UInt64) {
    var random = SeededGenerator(seed)
    let (breaker, options) = (CircuitBreaker(Self.options), Self.options)
    var reference = ReferenceBreaker(options: options)
    var pending: [(ticket: CircuitBreaker.Ticket, era: Int)] = []
    var (now, failureRate, phases): (UInt64, Double, Set<CircuitBreaker.Phase>) = (0, 0.1, [])
    for step in 0..<5000 {
      now += random.happens(0.02) ? random.next() % 900 : random.next() % 15
      if step % 100 == 0 { failureRate = [0.05, 0.3, 0.95][Int(random.next() % 3)] }
      if random.happens(0.5) {
        let (found, expected) = (Self.kind(breaker.admit(now: now)), reference.admit(now))
        let agree = found.0 == expected.kind && found.1 == expected.wait
        #expect(agree, "\(found) for \(expected) at step \(step)")
        guard agree else { return }
        if let ticket = found.2 { pending.append((ticket, reference.era)) }
      } else if let place = pending.indices.randomElement(using: &random) {
        let (ticket, era) = pending.remove(at: place)
        let failed: Bool? = random.happens(0.1) ? nil : random.happens(failureRate)
        let draw = random.next()
        breaker.record(
          failed.map { $0 ? .failure : .success(nanoseconds: 1) } ?? .ignored, ticket, now: now, random: draw)
        reference.record(failed: failed, era: era, now, draw)
      }
      #expect(breaker.phase == reference.phase, "at step \(step)")
      guard breaker.phase == reference.phase else { return }
      phases.insert(breaker.phase)
    }
    #expect(phases.count == 3, "the walk reached every phase")
  }

  @Test func fewFailuresAmongFewRequestsDoNotOpenIt() {
    let breaker = CircuitBreaker(Self.options)
    for _ in 0..<4 { Self.request(breaker, .failure, now: 0) }
    Self.request(breaker, .success(nanoseconds: 1), now: 0)
    for _ in 0..<4 { Self.request(breaker, .failure, now: 0) }
    #expect(breaker.phase == .closed)
    Self.request(breaker, .failure, now: 0)
    #expect(breaker.phase == .open, "ten requests, nine of them failures")
  }

  @Test func whatLeftTheWindowDoesNotCount() {
    let breaker = CircuitBreaker(Self.options)
    for _ in 0..<5 { Self.request(breaker, .failure, now: 0) }
    for _ in 0..<3 { Self.request(breaker, .success(nanoseconds: 1), now: 0) }
    for _ in 0..<5 { Self.request(breaker, .failure, now: 1000) }
    #expect(breaker.phase == .closed)
  }

  @Test func theCoolDownGrowsUpToItsLimitAndBeginsAnew() {
    let breaker = Self.opened()
    var (now, waits): (UInt64, [UInt64]) = (0, [])
    for _ in 0..<6 {
      guard case .refused(let wait) = breaker.admit(now: now) else {
        Issue.record("not open")
        return
      }
      waits.append(wait)
      now += wait
      #expect(Self.request(breaker, .failure, now: now), "the probe")
    }
    #expect(waits == [100, 200, 400, 700, 700, 700])
    now += 700
    for _ in 0..<3 { Self.request(breaker, .success(nanoseconds: 1), now: now) }
    #expect(breaker.phase == .closed)
    for _ in 0..<6 { Self.request(breaker, .failure, now: now + 699) }
    #expect(Self.kind(breaker.admit(now: now + 699)).1 == 700, "it had not proved itself")
    now += 2000
    for _ in 0..<3 { Self.request(breaker, .success(nanoseconds: 1), now: now) }
    for _ in 0..<6 { Self.request(breaker, .failure, now: now + 700) }
    #expect(Self.kind(breaker.admit(now: now + 700)).1 == 100)
  }

  @Test func jitterShortensByUpToHalf() {
    for (random, expected) in [(0, 100), (.max / 2, 76), (.max, 51)] as [(UInt64, UInt64)] {
      let breaker = CircuitBreaker(Self.options)
      for _ in 0..<6 { Self.request(breaker, .failure, now: 0, random: random) }
      #expect(Self.kind(breaker.admit(now: 0)).1 == expected)
    }
  }

  @Test func lateResultsOfTheTimeBeforeDoNotCount() throws {
    let breaker = CircuitBreaker(Self.options)
    let late = try #require(Self.kind(breaker.admit(now: 0)).2)
    for _ in 0..<6 { Self.request(breaker, .failure, now: 0) }
    guard case .probe = breaker.admit(now: 100) else {
      Issue.record("no probe")
      return
    }
    breaker.record(.failure, late, now: 100, random: 0)
    #expect(breaker.phase == .halfOpen)
    #expect(Self.kind(breaker.admit(now: 100)).0 == "probe")
    #expect(Self.kind(breaker.admit(now: 100)).0 == "refused", "it frees no probe either")
  }

  @Test func aProbeThatSaysNothingMakesRoomForAnother() throws {
    let breaker = Self.opened()
    for _ in 0..<10 { #expect(Self.request(breaker, .ignored, now: 100)) }
    #expect(breaker.phase == .halfOpen)
  }

  /// Many threads in half-open: at no time are more probes out than allowed.
  @Test func thereAreNeverMoreProbesThanAllowed() {
    var options = Self.options
    (options.probes, options.successes) = (3, .max)
    let breaker = Self.opened(options)
    let probing = Mutex((now: 0, most: 0))
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      for i in 0..<2000 {
        guard case .probe(let ticket) = breaker.admit(now: 1000) else { continue }
        probing.withLock { count in
          count.now += 1
          count.most = max(count.most, count.now)
        }
        probing.withLock { $0.now -= 1 }
        breaker.record(i % 3 == 0 ? .ignored : .success(nanoseconds: 1), ticket, now: 1000, random: 0)
      }
    }
    #expect(probing.withLock { $0.most } <= 3)
    #expect(breaker.phase == .halfOpen)
  }

  @Test func theRuleOfBlame() {
    typealias Code = ServingError.Code
    let clients: [Code] = [
      .invalidArgument, .unauthenticated, .permissionDenied, .notFound, .alreadyExists, .payloadTooLarge, .cancelled,
      .unsupported,
    ]
    for code in clients { #expect(VersionOutcome(code, hasRun: true) == .ignored) }
    for code in [Code.resourceExhausted, .unavailable] {
      #expect(VersionOutcome(code, hasRun: false) == .ignored, "limits and full queues")
      #expect(VersionOutcome(code, hasRun: true) == .failure)
    }
    #expect(VersionOutcome(.internalError, hasRun: false) == .failure)
    #expect(VersionOutcome(.deadlineExceeded, hasRun: true, budget: 5) == .ignored, "nobody could have made it")
    #expect(VersionOutcome(.deadlineExceeded, hasRun: false, budget: 2 * .second) == .failure)
  }
}
