/// Items in one list for each priority, in the order of their arrival.
///
/// Each item has a rank: when it arrived, and `ageing` later for every level below the first. The least rank goes
/// first, the higher priority among equals. Within a level ranks ascend, so the heads of the lists are all there is to
/// compare.
struct PriorityLevels<Element> {
  private struct Node {
    /// Nil for a place that is free.
    var item: Element?
    var serial: UInt64
    var level: Int
    var rank: UInt64
    var previous = -1
    var next = -1
  }

  private struct List {
    var first = -1
    var last = -1
  }

  private let ageing: UInt64
  private var lists: [List]
  private var nodes: [Node] = []
  private var free: [Int] = []
  private var serials: UInt64 = 0
  private var latest: UInt64 = 0
  private(set) var count = 0

  init(_ policy: QueuePolicy) {
    ageing = policy.ageing
    lists = Array(repeating: List(), count: max(1, policy.levels))
  }

  private func level(_ priority: Int) -> Int { min(max(priority, 1), lists.count) - 1 }

  private func rank(_ level: Int, _ now: UInt64) -> UInt64 {
    max(latest, now).addingClamped(ageing.multipliedClamped(by: UInt64(level)))
  }

  mutating func append(_ item: Element, priority: Int, now: UInt64) -> (place: Int, serial: UInt64) {
    let level = level(priority)
    latest = max(latest, now)
    serials += 1
    var node = Node(item: item, serial: serials, level: level, rank: rank(level, now))
    node.previous = lists[level].last
    let place = free.popLast() ?? nodes.count
    if place == nodes.count { nodes.append(node) } else { nodes[place] = node }
    if node.previous >= 0 { nodes[node.previous].next = place } else { lists[level].first = place }
    lists[level].last = place
    count += 1
    return (place, serials)
  }

  /// The next item to go.
  mutating func removeFirst() -> Element? {
    var best = -1
    for list in lists where list.first >= 0 {
      if best < 0 || nodes[list.first].rank < nodes[best].rank { best = list.first }
    }
    return best < 0 ? nil : remove(best, serial: nodes[best].serial)
  }

  /// The first item that fits, of the next `depth` to go.
  ///
  /// - Complexity: O(`depth` · levels).
  mutating func removeFirst(within depth: Int, where fits: (Element) -> Bool) -> Element? {
    var places = lists.map(\.first)
    for _ in 0..<depth {
      var best: Int?
      for (level, place) in places.enumerated() where place >= 0 {
        if best.map({ nodes[place].rank < nodes[places[$0]].rank }) ?? true { best = level }
      }
      guard let best else { return nil }
      let place = places[best]
      if let item = nodes[place].item, fits(item) { return remove(place, serial: nodes[place].serial) }
      places[best] = nodes[place].next
    }
    return nil
  }

  /// The newest item of the lowest priority, if an arrival of `priority` has a higher one and would go first.
  mutating func displace(for priority: Int, now: UInt64) -> Element? {
    let level = level(priority)
    latest = max(latest, now)
    guard let lowest = lists.lastIndex(where: { $0.first >= 0 }), lowest > level else { return nil }
    let last = lists[lowest].last
    guard nodes[last].rank >= rank(level, now) else { return nil }
    return remove(last, serial: nodes[last].serial)
  }

  mutating func remove(_ place: Int, serial: UInt64) -> Element? {
    guard nodes.indices.contains(place), nodes[place].serial == serial, nodes[place].item != nil else { return nil }
    let (previous, next, level) = (nodes[place].previous, nodes[place].next, nodes[place].level)
    if previous >= 0 { nodes[previous].next = next } else { lists[level].first = next }
    if next >= 0 { nodes[next].previous = previous } else { lists[level].last = previous }
    defer { nodes[place].item = nil }
    free.append(place)
    count -= 1
    return nodes[place].item
  }
}
