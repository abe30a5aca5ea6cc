import Dispatch
import Synchronization
import Testing

@testable import MassServing

/// The queue between connections and instances.
@Suite struct WorkQueueTests {
  @Test func itemsComeOutInTheirOrder() {
    let queue = WorkQueue<Int>(limit: 1000)
    for i in 0..<500 { #expect(queue.push(i) == .admitted) }
    #expect((0..<500).map { _ in queue.pop() } == (0..<500).map { $0 })
  }

  @Test func aFullQueueRefuses() {
    let queue = WorkQueue<Int>(limit: 2)
    #expect([queue.push(1), queue.push(2), queue.push(3)] == [.admitted, .admitted, .full])
    #expect(queue.pop() == 1)
    #expect(queue.push(4) == .admitted)
  }

  @Test func whatIsRemovedTakesNoPlaceAndDoesNotComeOut() {
    let queue = WorkQueue<Int>(limit: 2)
    _ = (queue.push(1), queue.push(2))
    queue.remove { $0 == 1 }
    #expect(queue.count == 1)
    #expect(queue.push(3) == .admitted)
    #expect([queue.pop(), queue.pop()] == [2, 3])
  }

  @Test func aClosedQueueGivesWhatItHasAndThenNothing() {
    let queue = WorkQueue<Int>(limit: 9)
    _ = queue.push(1)
    queue.close()
    #expect(queue.push(2) == .closed)
    #expect(queue.pop() == 1)
    #expect(queue.pop() == nil)
    #expect(queue.pop() == nil, "every consumer hears of it")
  }

  /// Producers, consumers and removals at once: every item comes out once or is removed, none is lost or doubled.
  @Test func nothingIsLostUnderContention() {
    let queue = WorkQueue<Int>(limit: 64)
    let seen = Mutex([Int: Int]())
    let refused = Atomic(0)
    let removed = Atomic(0)
    let consumers = DispatchGroup()
    for _ in 0..<3 {
      DispatchQueue.global().async(group: consumers) {
        while let item = queue.pop() { seen.withLock { $0[item, default: 0] += 1 } }
      }
    }
    DispatchQueue.concurrentPerform(iterations: 4) { producer in
      for i in 0..<5000 {
        let item = producer * 5000 + i
        guard queue.push(item) == .admitted else {
          refused.add(1, ordering: .relaxed)
          continue
        }
        guard i % 7 == 0 else { continue }
        queue.remove { candidate in
          if candidate == item { removed.add(1, ordering: .relaxed) }
          return candidate == item
        }
      }
    }
    queue.close()
    consumers.wait()
    let counts = seen.withLock { $0 }
    #expect(counts.values.allSatisfy { $0 == 1 })
    #expect(counts.count + refused.load(ordering: .relaxed) + removed.load(ordering: .relaxed) == 20_000)
  }
}
