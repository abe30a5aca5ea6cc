import Dispatch
import Synchronization

/// How a queue with priorities treats those who wait.
public struct QueuePolicy: Hashable, Sendable {
  /// Priorities run from 1, the highest, to this.
  public var levels: Int
  /// A request is overtaken by one of the next higher priority only if that arrives within so many nanoseconds after
  /// it.
  public var ageing: UInt64

  public init(levels: Int = 3, ageing: UInt64 = 1_000_000_000) {
    self.levels = levels
    self.ageing = ageing
  }
}

/// A bounded queue between the connections and the threads that run models: by priority, first in first out within one.
///
/// Nobody starves: an item of priority p is overtaken by an item of a higher priority q only if that was pushed at most
/// (p − q) · `ageing` after it. So once it has waited (p − 1) · `ageing`, only those that are ahead of it then come
/// first.
///
/// A push or a removal takes constant time, a pop time in proportion to the levels, however many items wait.
final class PriorityWorkQueue<Element: Sendable>: Sendable {
  enum Admission {
    /// If the queue was full, the newest item of the lowest priority had to leave; the caller answers it.
    case admitted(Ticket, displaced: Element?)
    case full, closed
  }

  /// Where an item waits.
  struct Ticket: Hashable, Sendable {
    fileprivate var place: Int
    fileprivate var serial: UInt64
  }

  private struct State {
    var levels: PriorityLevels<Element>
    var isClosed = false
  }

  private let limit: Int
  private let state: Mutex<State>
  /// At least one signal for each item that may be taken, and one for a consumer when the queue is closed.
  private let available = DispatchSemaphore(value: 0)

  /// - Parameter limit: Items that may wait at a time.
  init(limit: Int, policy: QueuePolicy = QueuePolicy()) {
    self.limit = limit
    state = Mutex(State(levels: PriorityLevels(policy)))
  }

  var count: Int { state.withLock { $0.levels.count } }

  /// Puts an item behind those that go first. A full queue takes it in the place of the newest item of the lowest
  /// priority, if that priority is lower and the item would go first.
  ///
  /// - Parameter priority: Those beyond the levels count as the nearest level.
  func push(_ item: Element, priority: Int, now: UInt64) -> Admission {
    let admission: Admission = state.withLock { state in
      if state.isClosed { return .closed }
      var displaced: Element?
      if state.levels.count >= limit {
        displaced = state.levels.displace(for: priority, now: now)
        if displaced == nil { return .full }
      }
      let (place, serial) = state.levels.append(item, priority: priority, now: now)
      return .admitted(Ticket(place: place, serial: serial), displaced: displaced)
    }
    if case .admitted = admission { available.signal() }
    return admission
  }

  /// Removes an item that waits, so that it takes no place any more; nil when it does not wait any more.
  @discardableResult func remove(_ ticket: Ticket) -> Element? {
    state.withLock { $0.levels.remove(ticket.place, serial: ticket.serial) }
  }

  /// Waits for an item; nil when the queue is closed and empty.
  func pop() -> Element? {
    while true {
      available.wait()
      let taken: (item: Element?, isOver: Bool) = state.withLock { state in
        let item = state.levels.removeFirst()
        return (item, item == nil && state.isClosed)
      }
      if let item = taken.item { return item }
      if taken.isOver {
        // Wakes the next consumer, too.
        available.signal()
        return nil
      }
    }
  }

  /// As `pop`, but nil also when there was no item in time.
  ///
  /// - Parameter deadline: Nanoseconds of the monotonic clock.
  func pop(until deadline: UInt64) -> Element? {
    while wait(until: deadline) {
      if let item = popIfAny() { return item }
    }
    return nil
  }

  /// Takes an item if one waits.
  func popIfAny() -> Element? { state.withLock { $0.levels.removeFirst() } }

  /// Takes the first item that fits if one of the next few does.
  func popIfAny(where fits: @Sendable (Element) -> Bool) -> Element? {
    state.withLock { $0.levels.removeFirst(within: Self.searchDepth, where: fits) }
  }

  /// Items that are looked at for one that fits.
  private static var searchDepth: Int { 64 }

  /// Waits until there is an item, or the queue is closed.
  ///
  /// - Parameter deadline: Nanoseconds of the monotonic clock.
  /// - Returns: Whether there was an item in time.
  func wait(until deadline: UInt64) -> Bool {
    while case let now = MonotonicClock.now(), now < deadline {
      let time = DispatchTime.now() + .nanoseconds(Int(clamping: deadline - now))
      guard available.wait(timeout: time) == .success else { return false }
      let (count, isClosed) = state.withLock { ($0.levels.count, $0.isClosed) }
      guard count > 0 || isClosed else { continue }
      // The signal is for whoever takes the item.
      available.signal()
      return count > 0
    }
    return false
  }

  /// Admits nothing more. What waits is still taken.
  func close() {
    state.withLock { $0.isClosed = true }
    available.signal()
  }
}
