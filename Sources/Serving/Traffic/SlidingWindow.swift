/// What a sliding window counts.
protocol WindowTally: Sendable {
  init()
  mutating func merge(_ other: Self)
}

/// Tallies of the last while, by slices of time.
///
/// With `slices` of them, what is in the window is from the last `length` nanoseconds, and everything from the last
/// (`slices` − 1) ⁄ `slices` of it is in. A clock that goes back stands still. The value is not synchronized.
struct SlidingWindow<Tally: WindowTally>: Sendable {
  private struct Slice {
    /// Number of the slice since the clock's zero; nil for one that was never used.
    var number: UInt64?
    var tally = Tally()
  }

  private let width: UInt64
  private var slices: [Slice]
  private var latest: UInt64 = 0

  /// - Parameter length: Nanoseconds; `slices` of them at least.
  init(length: UInt64, slices count: Int = 10) {
    let count = max(1, count)
    width = max(1, length / UInt64(count))
    slices = Array(repeating: Slice(), count: count)
  }

  /// Lets `update` count something into the present slice.
  mutating func record(now: UInt64, _ update: (inout Tally) -> Void) {
    latest = max(latest, now / width)
    let place = Int(latest % UInt64(slices.count))
    if slices[place].number != latest { slices[place] = Slice(number: latest) }
    update(&slices[place].tally)
  }

  /// Everything in the window.
  func total(now: UInt64) -> Tally {
    let present = max(latest, now / width)
    var total = Tally()
    for slice in slices {
      guard let number = slice.number, present - number < UInt64(slices.count) else { continue }
      total.merge(slice.tally)
    }
    return total
  }

  mutating func removeAll() {
    for place in slices.indices { slices[place] = Slice() }
  }
}
