import Dispatch
import Synchronization

/// A bounded queue between the connections and the threads that run models: first in, first out.
final class WorkQueue<Element: Sendable>: Sendable {
  enum Admission: Hashable {
    case admitted, full, closed
  }

  private struct State {
    var items: [Element] = []
    /// Items before this place were taken.
    var head = 0
    var isClosed = false
  }

  private let limit: Int
  private let state = Mutex(State())
  /// At least one signal for each item that may be taken, and one for a consumer when the queue is closed.
  private let available = DispatchSemaphore(value: 0)

  /// - Parameter limit: Items that may wait at a time.
  init(limit: Int) { self.limit = limit }

  var count: Int { state.withLock { $0.items.count - $0.head } }

  func push(_ item: Element) -> Admission {
    let admission = state.withLock { state in
      if state.isClosed { return Admission.closed }
      if state.items.count - state.head >= limit { return .full }
      state.items.append(item)
      return .admitted
    }
    if case .admitted = admission { available.signal() }
    return admission
  }

  /// Removes an item that waits, so that it takes no place any more; false if it does not wait.
  @discardableResult
  func remove(where isIt: (Element) -> Bool) -> Bool {
    state.withLock { state in
      guard let place = state.items[state.head...].firstIndex(where: isIt) else { return false }
      state.items.remove(at: place)
      return true
    }
  }

  /// Waits for an item; nil when the queue is closed and empty.
  func pop() -> Element? {
    while true {
      available.wait()
      let taken: (item: Element?, isOver: Bool) = state.withLock { state in
        guard state.head < state.items.count else { return (nil, state.isClosed) }
        let item = state.items[state.head]
        state.head += 1
        if state.head == state.items.count || state.head > 64 {
          state.items.removeFirst(state.head)
          state.head = 0
        }
        return (item, false)
      }
      if let item = taken.item { return item }
      if taken.isOver {
        // Wakes the next consumer, too.
        available.signal()
        return nil
      }
    }
  }

  /// Admits nothing more. What waits is still taken.
  func close() {
    state.withLock { $0.isClosed = true }
    available.signal()
  }
}
