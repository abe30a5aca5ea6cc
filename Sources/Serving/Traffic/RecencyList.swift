/// Values by key in the order of their last use. Every operation takes constant time.
struct RecencyList<Key: Hashable, Value> {
  private struct Node {
    var key: Key
    var value: Value
    var older: Int?
    var newer: Int?
  }

  private var nodes: [Node?] = []
  private var free: [Int] = []
  private var places: [Key: Int] = [:]
  private var newest: Int?
  private var oldest: Int?

  var count: Int { places.count }

  /// The value of a key, which becomes the most recent one.
  mutating func use(_ key: Key) -> Value? {
    guard let place = places[key] else { return nil }
    if newest != place {
      unlink(place)
      link(place)
    }
    return nodes[place]?.value
  }

  /// Puts in the value of a key that has none.
  mutating func insert(_ value: Value, for key: Key) {
    let node = Node(key: key, value: value)
    let place: Int
    if let former = free.popLast() {
      place = former
      nodes[place] = node
    } else {
      place = nodes.count
      nodes.append(node)
    }
    places[key] = place
    link(place)
  }

  mutating func remove(_ key: Key) -> Value? {
    guard let place = places.removeValue(forKey: key) else { return nil }
    unlink(place)
    defer { nodes[place] = nil }
    free.append(place)
    return nodes[place]?.value
  }

  mutating func removeLeastRecent() -> (key: Key, value: Value)? {
    guard let place = oldest, let key = nodes[place]?.key, let value = remove(key) else { return nil }
    return (key, value)
  }

  private mutating func link(_ place: Int) {
    nodes[place]?.older = newest
    nodes[place]?.newer = nil
    if let newest { nodes[newest]?.newer = place } else { oldest = place }
    newest = place
  }

  private mutating func unlink(_ place: Int) {
    let (older, newer) = (nodes[place]?.older, nodes[place]?.newer)
    if let older { nodes[older]?.newer = newer } else { oldest = newer }
    if let newer { nodes[newer]?.older = older } else { newest = older }
  }
}
