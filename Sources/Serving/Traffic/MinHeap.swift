/// A binary heap: the least element is found at once, put in and taken out in logarithmic time.
struct MinHeap<Element: Comparable> {
  private var elements: [Element] = []

  var least: Element? { elements.first }

  mutating func insert(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard elements[child] < elements[parent] else { return }
      elements.swapAt(child, parent)
      child = parent
    }
  }

  /// Puts an element into the place of the least one, which must exist.
  mutating func replaceLeast(with element: Element) {
    elements[0] = element
    siftDown()
  }

  mutating func removeLeast() -> Element? {
    guard let least = elements.first, let last = elements.popLast() else { return nil }
    if !elements.isEmpty { replaceLeast(with: last) }
    return least
  }

  private mutating func siftDown() {
    var parent = 0
    while case var child = 2 * parent + 1, child < elements.count {
      if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
      guard elements[child] < elements[parent] else { return }
      elements.swapAt(child, parent)
      parent = child
    }
  }
}
