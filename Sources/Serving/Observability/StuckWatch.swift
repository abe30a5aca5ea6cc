import Logging
import NIOCore
import Synchronization

/// A thread that has been at one thing for too long.
public enum StuckThread: Hashable, Sendable, CustomStringConvertible {
  /// Counted from zero.
  case eventLoop(Int)
  case model(String, version: Int)

  public var description: String {
    switch self {
    case .eventLoop(let number): "event loop \(number)"
    case .model(let name, let version): "model '\(name)' version \(version)"
    }
  }
}

/// Notices event loops and executions that make no progress.
///
/// Every event loop says once a second that it runs. A loop that has not for longer than the limit is stuck, and so is a model
/// whose oldest execution began longer ago than that. `look` has to be called about once a second from a thread that nothing
/// else can hold up. What it found last is what health is answered by.
public final class StuckWatch: Sendable {
  /// An execution that is under way.
  struct Execution: Hashable, Sendable {
    var model: String
    var version: Int
    /// Nanoseconds of the monotonic clock.
    var start: UInt64
  }

  private final class Heartbeat: Sendable {
    let last: Atomic<UInt64>

    init(now: UInt64) { last = Atomic(now) }
  }

  private struct State {
    var heartbeats: [Heartbeat] = []
    var found: [StuckThread] = []
    var lastLook: UInt64?
    /// What came to a halt before this moment is excused: the whole process did.
    var excused: UInt64 = 0
  }

  private let log: Logger
  private let clock: @Sendable () -> UInt64
  private let limit: Atomic<UInt64>
  private let state = Mutex(State())

  /// - Parameter seconds: The limit; zero never finds anything.
  init(seconds: Int = 60, log: Logger, clock: @escaping @Sendable () -> UInt64 = { MonotonicClock.now() }) {
    self.log = log
    self.clock = clock
    limit = Atomic(Self.nanoseconds(seconds))
  }

  /// The limit in seconds; zero for none. It may change at any time.
  public var seconds: Int {
    get { Int(limit.load(ordering: .relaxed) / 1_000_000_000) }
    set { limit.store(Self.nanoseconds(newValue), ordering: .relaxed) }
  }

  private static func nanoseconds(_ seconds: Int) -> UInt64 {
    UInt64(clamping: seconds).multipliedClamped(by: 1_000_000_000)
  }

  /// What was found the last time.
  public var found: [StuckThread] { state.withLock { $0.found } }

  // MARK: Heartbeats

  /// Has every loop of a group beat for as long as the watch exists.
  func follow(_ group: any EventLoopGroup) {
    for loop in group.makeIterator() {
      let beat = heartbeat()
      loop.scheduleRepeatedTask(initialDelay: .zero, delay: .nanoseconds(Int64(Self.interval))) { [weak self] task in
        if self == nil { task.cancel() } else { beat() }
      }
    }
  }

  /// A further thread, which has to call the result about once a second.
  func heartbeat() -> @Sendable () -> Void {
    let heartbeat = Heartbeat(now: clock())
    state.withLock { $0.heartbeats.append(heartbeat) }
    return { [clock] in heartbeat.last.store(clock(), ordering: .relaxed) }
  }

  // MARK: Looking

  /// Looks for what is stuck now, and logs what was not at the last look or is not any more.
  ///
  /// - Parameter executions: The oldest one under way of each version that has any.
  func look(_ executions: [Execution]) {
    let (now, limit) = (clock(), limit.load(ordering: .relaxed))
    let (before, found) = state.withLock { state in
      // When this look is late, so was everything else: the process was stopped, or had no processor.
      if now.subtractingClamped(state.lastLook ?? 0) > Self.lateness { state.excused = now }
      state.lastLook = now
      let before = state.found
      state.found = limit == 0 ? [] : Self.stuck(state, executions, now, limit)
      return (before, state.found)
    }
    for thread in found where !before.contains(thread) {
      log.error("stuck", metadata: ["thread": "\(thread)", "limit_s": .stringConvertible(seconds)])
    }
    for thread in before where !found.contains(thread) {
      log.info("not stuck any more", metadata: ["thread": "\(thread)"])
    }
  }

  private static func stuck(
    _ state: State, _ executions: [Execution], _ now: UInt64, _ limit: UInt64
  ) -> [StuckThread] {
    func isOver(_ start: UInt64) -> Bool { now.subtractingClamped(max(start, state.excused)) > limit }
    let loops = state.heartbeats.enumerated().filter { _, heartbeat in
      isOver(heartbeat.last.load(ordering: .relaxed).addingClamped(interval))
    }
    let models = executions.filter { isOver($0.start) }
    return loops.map { .eventLoop($0.offset) } + models.map { .model($0.model, version: $0.version) }
  }

  /// Nanoseconds between two beats of a heart.
  static let interval: UInt64 = 1_000_000_000
  /// Nanoseconds between two looks from which all is excused.
  private static let lateness: UInt64 = 5_000_000_000
}
