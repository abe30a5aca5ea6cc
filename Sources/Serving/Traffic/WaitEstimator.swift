import Synchronization

/// Foretells how long a new request of a version would wait before an instance takes it up.
///
/// It is told of every request that joins the queue, starts and ends. The wait is the compute time of everything ahead,
/// less what has been done of it, over the number of instances. Compute times are averaged by the requests' number of
/// rows, in classes that double.
final class WaitEstimator: Sendable {
  private struct Run: Hashable {
    var place: Int
    var start: UInt64
  }

  private struct State {
    var times = [ServiceTime](repeating: ServiceTime(), count: classes)
    /// By priority, then by class.
    var waiting: [[Int]]
    /// At most as many as there are instances.
    var running: [Run] = []
  }

  /// Row counts up to 2³¹; larger ones share the last.
  private static let classes = 32

  private let instances: Int
  /// Rows that run together at most.
  private let batch: Int
  private let state: Mutex<State>

  /// - Parameters:
  ///   - instances: Requests that run at a time.
  ///   - priorities: Levels of the queue; 1 is the highest.
  ///   - batch: Rows that run together at most.
  init(instances: Int, priorities: Int = 1, batch: Int = 1) {
    self.instances = max(1, instances)
    self.batch = max(1, batch)
    let none = [Int](repeating: 0, count: Self.classes)
    state = Mutex(State(waiting: Array(repeating: none, count: max(1, priorities))))
  }

  // MARK: What happens

  func joined(rows: Int, priority: Int = 1) { change(rows, priority, by: 1) }

  /// It was taken out of the queue without being started.
  func left(rows: Int, priority: Int = 1) { change(rows, priority, by: -1) }

  func started(rows: Int, priority: Int = 1, now: UInt64) {
    change(rows, priority, by: -1)
    ranAtOnce(rows: rows, now: now)
  }

  /// It starts without having been in the queue.
  func ranAtOnce(rows: Int, now: UInt64) {
    let place = Self.place(rows)
    state.withLock { $0.running.append(Run(place: place, start: now)) }
  }

  /// - Parameters:
  ///   - start: The moment given when it started.
  ///   - compute: Nanoseconds it ran; nil when it failed, which tells nothing about the next one.
  func ended(rows: Int, start: UInt64, compute: UInt64?) {
    let place = Self.place(rows)
    state.withLock { state in
      if let index = state.running.firstIndex(of: Run(place: place, start: start)) { state.running.remove(at: index) }
      if let compute { state.times[place].record(compute) }
    }
  }

  // MARK: What is foretold

  /// Nanoseconds a new request of this priority would wait; zero when an instance is free or nothing was measured yet.
  func predictedWait(priority: Int = 1, now: UInt64) -> UInt64 {
    state.withLock { state in
      let level = Self.level(priority, state)
      let waiting = (0..<Self.classes).map { place in state.waiting[...level].reduce(0) { $0 + $1[place] } }
      if waiting.reduce(0, +) + state.running.count < instances { return 0 }
      var work = 0.0
      for (place, count) in waiting.enumerated() where count > 0 { work += time(of: count, place, state) }
      for run in state.running {
        work += max(0, (Self.time(run.place, state) ?? 0) - Double(now.subtractingClamped(run.start)))
      }
      return UInt64(min(work / Double(instances), 1e18))
    }
  }

  /// Refuses a request that would wait beyond its deadline, or longer than the model's queue may make anybody wait. It
  /// says after how long the queue will have become short enough.
  func admit(deadline: UInt64?, longestWait: UInt64?, priority: Int = 1, now: UInt64) -> Admission {
    let patience = min(deadline?.subtractingClamped(now) ?? .max, longestWait ?? .max)
    guard patience < .max else { return .admitted }
    let wait = predictedWait(priority: priority, now: now)
    return wait <= patience ? .admitted : .refused(retryAfter: wait - patience)
  }

  /// Nanoseconds for so many requests of a class, joined as far as they may be.
  private func time(of count: Int, _ place: Int, _ state: State) -> Double {
    let rows = 1 << place
    guard rows < batch else { return Double(count) * (Self.time(place, state) ?? 0) }
    let together = batch / rows
    let (full, rest) = count.quotientAndRemainder(dividingBy: together)
    let last = rest == 0 ? 0 : Self.time(Self.place(rest * rows), state) ?? 0
    return Double(full) * (Self.time(Self.place(together * rows), state) ?? 0) + last
  }

  // MARK: Rows

  private func change(_ rows: Int, _ priority: Int, by step: Int) {
    let place = Self.place(rows)
    state.withLock { $0.waiting[Self.level(priority, $0)][place] += step }
  }

  private static func level(_ priority: Int, _ state: State) -> Int {
    min(max(priority, 1), state.waiting.count) - 1
  }

  /// 0 for a row, 1 for two, 2 for up to four, 3 for up to eight.
  private static func place(_ rows: Int) -> Int {
    min(classes - 1, rows <= 1 ? 0 : Int.bitWidth - (rows - 1).leadingZeroBitCount)
  }

  /// The average of a class; of one that was never measured, that of the nearest one, in proportion to the rows for
  /// more rows and not less for fewer.
  private static func time(_ place: Int, _ state: State) -> Double? {
    for distance in 0..<classes {
      if place >= distance, let time = state.times[place - distance].average { return time * Double(1 << distance) }
      if place + distance < classes, let time = state.times[place + distance].average { return time }
    }
    return nil
  }
}
