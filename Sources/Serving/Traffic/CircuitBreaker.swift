import Synchronization

/// When a version is taken for broken, and how it gets another chance.
public struct BreakerOptions: Hashable, Sendable {
  /// Nanoseconds that are looked back for the share of failures.
  public var window: UInt64 = 30_000_000_000
  /// Requests in the window before their share of failures counts.
  public var minimumRequests = 20
  public var failureShare = 0.5
  /// So many failures in a row open it, whatever the share.
  public var consecutiveFailures = 10
  /// Nanoseconds it stays open the first time; doubled every further time.
  public var coolDown: UInt64 = 5_000_000_000
  public var longestCoolDown: UInt64 = 300_000_000_000
  /// Requests that may try at a time while it is half open.
  public var probes = 1
  /// Successful probes that close it.
  public var successes = 3

  public init() {}
}

/// Keeps requests away from a version that fails, and lets single ones try from time to time.
///
/// Closed, it counts. When too many fail it opens for a while that is drawn from the upper half of the cool-down, so
/// that servers do not come back together. Then it is half open: a few probes at a time go through; one failure opens
/// it again for twice as long, enough successes close it. Once it has stayed closed for as long as it was last open,
/// the cool-down begins anew.
final class CircuitBreaker: Sendable {
  enum Permission: Hashable, Sendable {
    case allowed(Ticket)
    case probe(Ticket)
    case refused(retryAfter: UInt64)
  }

  /// What an admitted request is recorded with, exactly once, whatever becomes of it.
  struct Ticket: Hashable, Sendable {
    fileprivate var era: UInt64
  }

  enum Phase: String, Hashable, Sendable, CaseIterable {
    case closed, open
    case halfOpen = "half_open"
  }

  private struct State {
    var phase = Phase.closed
    /// Counts changes of phase: results of requests from before the last one are no news.
    var era: UInt64 = 0
    var recent: SlidingWindow<OutcomeTally>
    var failuresInARow = 0
    /// Openings since it last proved itself.
    var openings: UInt64 = 0
    /// Openings since the beginning.
    var total: UInt64 = 0
    /// How long it was open last.
    var pause: UInt64 = 0
    /// When the phase began.
    var since: UInt64 = 0
    var probing = 0
    var proved = 0

    mutating func enter(_ phase: Phase, _ now: UInt64) {
      self.phase = phase
      era += 1
      since = now
      (failuresInARow, probing, proved) = (0, 0, 0)
      recent.removeAll()
    }
  }

  private let options: BreakerOptions
  private let state: Mutex<State>

  init(_ options: BreakerOptions) {
    self.options = options
    state = Mutex(State(recent: SlidingWindow(length: options.window)))
  }

  var phase: Phase { state.withLock { $0.phase } }

  /// The phase, and how often it opened.
  var counts: (phase: Phase, opens: UInt64) { state.withLock { ($0.phase, $0.total) } }

  func admit(now: UInt64) -> Permission {
    state.withLock { state in
      if state.phase == .open {
        let end = state.since.addingClamped(state.pause)
        guard now >= end else { return .refused(retryAfter: end - now) }
        state.enter(.halfOpen, now)
      }
      guard state.phase == .halfOpen else { return .allowed(Ticket(era: state.era)) }
      guard state.probing < max(1, options.probes) else { return .refused(retryAfter: max(1, options.coolDown)) }
      state.probing += 1
      return .probe(Ticket(era: state.era))
    }
  }

  /// Counts what became of an admitted request.
  ///
  /// - Parameter random: Uniform over all 64-bit numbers; decides how long it stays open if this opens it.
  func record(_ outcome: VersionOutcome, _ ticket: Ticket, now: UInt64, random: UInt64) {
    state.withLock { state in
      guard ticket.era == state.era else { return }
      if state.phase == .halfOpen { state.probing = max(0, state.probing - 1) }
      switch outcome {
      case .ignored: break
      case .success: succeeded(&state, now)
      case .failure: failed(&state, now, random)
      }
    }
  }

  private func succeeded(_ state: inout State, _ now: UInt64) {
    guard state.phase == .halfOpen else {
      state.failuresInARow = 0
      state.recent.record(now: now) { $0.successes += 1 }
      return
    }
    state.proved += 1
    if state.proved >= options.successes { state.enter(.closed, now) }
  }

  private func failed(_ state: inout State, _ now: UInt64, _ random: UInt64) {
    guard state.phase == .closed else { return open(&state, now, random) }
    state.failuresInARow += 1
    state.recent.record(now: now) { $0.failures += 1 }
    let recent = state.recent.total(now: now)
    let count = recent.failures + recent.successes
    let isShareExceeded =
      count >= options.minimumRequests && Double(recent.failures) >= options.failureShare * Double(count)
    guard isShareExceeded || state.failuresInARow >= options.consecutiveFailures else { return }
    if now.subtractingClamped(state.since) >= state.pause { state.openings = 0 }
    open(&state, now, random)
  }

  private func open(_ state: inout State, _ now: UInt64, _ random: UInt64) {
    let growth: UInt64 = state.openings < 63 ? 1 << state.openings : .max
    let longest = min(max(options.longestCoolDown, options.coolDown), options.coolDown.multipliedClamped(by: growth))
    state.openings += 1
    state.total += 1
    state.pause = longest - (longest / 2).multipliedFullWidth(by: random).high
    state.enter(.open, now)
  }
}

/// Results in a while.
struct OutcomeTally: WindowTally {
  var successes = 0
  var failures = 0

  mutating func merge(_ other: OutcomeTally) {
    successes += other.successes
    failures += other.failures
  }
}
