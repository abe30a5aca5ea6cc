import Dispatch
import Synchronization
import Testing

@testable import MassServing

/// The queue with priorities between connections and instances.
@Suite struct PriorityQueueing {
  private typealias Queue = PriorityWorkQueue<Int>

  private static func ticket(_ admission: Queue.Admission) -> Queue.Ticket? {
    if case .admitted(let ticket, _) = admission { ticket } else { nil }
  }

  private static func displaced(_ admission: Queue.Admission) -> Int? {
    if case .admitted(_, let item) = admission { item } else { nil }
  }

  private static func drain(_ queue: Queue) -> [Int] {
    var items: [Int] = []
    while let item = queue.popIfAny() { items.append(item) }
    return items
  }

  @Test func higherPrioritiesComeFirstAndEqualOnesInTheirOrder() {
    let queue = Queue(limit: 100)
    for (i, priority) in [3, 1, 2, 3, 1, 2, 1].enumerated() { _ = queue.push(i, priority: priority, now: 5) }
    #expect(queue.count == 7)
    #expect(Self.drain(queue) == [1, 4, 6, 2, 5, 0, 3])
    #expect(queue.count == 0)
  }

  @Test func prioritiesBeyondTheLevelsCountAsTheNearest() {
    let queue = Queue(limit: 9, policy: QueuePolicy(levels: 2, ageing: 10))
    for (i, priority) in [9, 2, -4, 1].enumerated() { _ = queue.push(i, priority: priority, now: 0) }
    #expect(Self.drain(queue) == [2, 3, 0, 1])
  }

  /// One low-priority item against a flood of high-priority ones: it comes out within the stated bound.
  @Test(arguments: [2, 3, 5])
  func theFairnessBoundHolds(_ priority: Int) {
    let ageing: UInt64 = 1000
    let queue = Queue(limit: 1 << 20, policy: QueuePolicy(levels: 5, ageing: ageing))
    let arrival: UInt64 = 777
    _ = queue.push(-1, priority: priority, now: arrival)
    var (now, overtaking): (UInt64, [UInt64]) = (arrival, [])
    while overtaking.count < 1000 {
      for _ in 0..<2 { _ = queue.push(Int(now), priority: 1, now: now) }
      now += 10
      guard let item = queue.popIfAny(), item >= 0 else { break }
      overtaking.append(UInt64(item))
    }
    let bound = UInt64(priority - 1) * ageing
    #expect(overtaking.count < 1000, "it came out")
    #expect(overtaking.allSatisfy { $0 - arrival <= bound })
    #expect(overtaking.contains { $0 - arrival + 10 > bound }, "not before its time either")
  }

  @Test func withoutAgeingPrioritiesAreStrict() {
    let queue = Queue(limit: 100, policy: QueuePolicy(levels: 4, ageing: .max))
    for (i, priority) in [4, 3, 2].enumerated() { _ = queue.push(i, priority: priority, now: 0) }
    _ = queue.push(3, priority: 1, now: 1 << 62)
    #expect(Self.drain(queue) == [3, 2, 1, 0])
  }

  @Test func aFullQueueDisplacesTheNewestOfTheLowestPriority() {
    let queue = Queue(limit: 4)
    for (i, priority) in [3, 2, 3, 2].enumerated() { _ = queue.push(i, priority: priority, now: UInt64(i)) }
    #expect(Self.displaced(queue.push(4, priority: 1, now: 4)) == 2)
    #expect(Self.displaced(queue.push(5, priority: 2, now: 5)) == 0)
    guard case .full = queue.push(6, priority: 2, now: 6) else {
      Issue.record("2 displaces no 2")
      return
    }
    guard case .full = queue.push(6, priority: 3, now: 6) else {
      Issue.record("3 displaces no 2")
      return
    }
    #expect(Self.displaced(queue.push(7, priority: 1, now: 7)) == 5)
    #expect(queue.count == 4)
    #expect(Self.drain(queue) == [4, 7, 1, 3])
  }

  @Test func whatHasAgedIsNotDisplaced() {
    let queue = Queue(limit: 1, policy: QueuePolicy(levels: 2, ageing: 100))
    _ = queue.push(0, priority: 2, now: 0)
    guard case .full = queue.push(1, priority: 1, now: 101) else {
      Issue.record("displaced")
      return
    }
    #expect(Self.displaced(queue.push(2, priority: 1, now: 100)) == nil, "a clock that goes back stands still")
    #expect(Self.drain(queue) == [0])
  }

  @Test func whatIsRemovedDoesNotComeOut() throws {
    let queue = Queue(limit: 3)
    let tickets = (0..<3).map { Self.ticket(queue.push($0, priority: 1 + $0 % 2, now: 0)) }
    let middle = try #require(tickets[1])
    #expect(queue.remove(middle) == 1)
    #expect(queue.remove(middle) == nil)
    #expect(queue.count == 2)
    #expect(Self.ticket(queue.push(3, priority: 1, now: 0)) != nil, "its place is free")
    #expect(queue.remove(middle) == nil, "an old ticket is not the new item's")
    #expect(Self.drain(queue) == [0, 2, 3])
    #expect(queue.remove(try #require(tickets[0])) == nil, "it was taken")
  }

  @Test func aClosedQueueGivesWhatItHasAndThenNothing() {
    let queue = Queue(limit: 9)
    _ = queue.push(1, priority: 2, now: 0)
    queue.close()
    guard case .closed = queue.push(2, priority: 1, now: 0) else {
      Issue.record("admitted")
      return
    }
    #expect(queue.pop() == 1)
    #expect(queue.pop() == nil)
    #expect(queue.pop() == nil, "every consumer hears of it")
  }

  /// What the sorted list knows of an item.
  private struct Row {
    var item: Int, level: Int, rank: UInt64
    var ticket: Queue.Ticket
  }

  /// Against a list that is sorted anew each time.
  @Test(arguments: 0..<8)
  func itDoesWhatASortedListDoes(_ seed: UInt64) {
    var random = SeededGenerator(seed)
    let (limit, ageing) = (12, 50 as UInt64)
    let queue = Queue(limit: limit, policy: QueuePolicy(levels: 3, ageing: ageing))
    var (rows, now): ([Row], UInt64) = ([], 0)
    for item in 0..<4000 {
      now += random.next() % 20
      switch random.next() % 10 {
      case 0..<6:
        let level = Int(random.next() % 3)
        let rank = now + UInt64(level) * ageing
        let admission = queue.push(item, priority: level + 1, now: now)
        let victim = rows.map(\.level).max().flatMap { lowest in rows.lastIndex { $0.level == lowest } }
        if rows.count == limit {
          guard let victim, rows[victim].level > level, rows[victim].rank >= rank else {
            guard case .full = admission else {
              Issue.record("should be full")
              return
            }
            continue
          }
          #expect(Self.displaced(admission) == rows.remove(at: victim).item)
        }
        guard let ticket = Self.ticket(admission) else {
          Issue.record("should be admitted")
          return
        }
        rows.append(Row(item: item, level: level, rank: rank, ticket: ticket))
      case 6..<8:
        let first = rows.indices.min { (rows[$0].rank, rows[$0].level, $0) < (rows[$1].rank, rows[$1].level, $1) }
        #expect(queue.popIfAny() == first.map { rows.remove(at: $0).item })
      default:
        guard let place = rows.indices.randomElement(using: &random) else { continue }
        #expect(queue.remove(rows[place].ticket) == rows[place].item)
        rows.remove(at: place)
      }
      #expect(queue.count == rows.count)
    }
  }

  /// Operations take the same time whether ten items wait or a hundred thousand.
  @Test func manyWaitingItemsCostNothing() {
    func seconds(waiting: Int) -> Double {
      let queue = Queue(limit: waiting + 10)
      for i in 0..<waiting { _ = queue.push(i, priority: 1 + i % 3, now: UInt64(i)) }
      var random = SeededGenerator(1)
      let time = ContinuousClock().measure {
        for i in 0..<20_000 {
          let ticket = Self.ticket(queue.push(i, priority: 1 + Int(random.next() % 3), now: UInt64(waiting + i)))
          if i % 2 == 0, let ticket { queue.remove(ticket) } else { _ = queue.popIfAny() }
        }
      }
      return time / .seconds(1)
    }
    let (few, many) = (seconds(waiting: 10), seconds(waiting: 100_000))
    #expect(many < few * 20 + 0.1, "\(few) s with few, \(many) s with many")
  }

  /// Producers, consumers, removals and displacement at once: every item ends in exactly one way.
  @Test func nothingIsLostUnderContention() {
    let queue = Queue(limit: 64)
    let (seen, consumers) = (Endings(), DispatchGroup())
    for _ in 0..<3 {
      DispatchQueue.global().async(group: consumers) {
        while let item = queue.pop() { seen.add(item) }
      }
    }
    DispatchQueue.concurrentPerform(iterations: 4) { producer in
      for i in 0..<5000 {
        let item = producer * 5000 + i
        guard case .admitted(let ticket, let displaced) = queue.push(item, priority: 1 + i % 3, now: UInt64(i)) else {
          seen.add(item)
          continue
        }
        if let displaced { seen.add(displaced) }
        if i % 7 == 0, let removed = queue.remove(ticket) { seen.add(removed) }
      }
    }
    queue.close()
    consumers.wait()
    #expect(queue.count == 0)
    #expect(seen.counts == Dictionary(uniqueKeysWithValues: (0..<20_000).map { ($0, 1) }))
  }
}

/// How often each item ended.
private final class Endings: Sendable {
  private let state = Mutex([Int: Int]())

  var counts: [Int: Int] { state.withLock { $0 } }

  func add(_ item: Int) { state.withLock { $0[item, default: 0] += 1 } }
}
