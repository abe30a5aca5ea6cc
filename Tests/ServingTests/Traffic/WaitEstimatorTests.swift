import Testing

@testable import MassServing

@Suite struct WaitEstimates {
  /// A queue before some instances, first in first out, in virtual time.
  private struct Simulation {
    struct Job {
      var rows: Int, predicted: UInt64, arrival: UInt64
    }

    let estimator: WaitEstimator
    var free: [Bool]
    var queue: [Job] = []
    /// Runs under way: the moment of their end, instance, and what they were.
    var running: [(end: UInt64, instance: Int, rows: Int, start: UInt64)] = []
    /// What was foretold of each request, and how long it waited.
    var waits: [(predicted: Double, real: Double, arrival: UInt64)] = []

    init(instances: Int) {
      estimator = WaitEstimator(instances: instances)
      free = Array(repeating: true, count: instances)
    }

    /// Lets runs end up to a moment; the next in the queue takes the place.
    mutating func advance(to now: UInt64, _ service: (Int, UInt64) -> UInt64) {
      while let place = running.indices.min(by: { running[$0].end < running[$1].end }), running[place].end <= now {
        let run = running.remove(at: place)
        estimator.ended(rows: run.rows, start: run.start, compute: run.end - run.start)
        free[run.instance] = true
        guard !queue.isEmpty else { continue }
        begin(queue.removeFirst(), run.end, service)
      }
    }

    private mutating func begin(_ job: Job, _ now: UInt64, _ service: (Int, UInt64) -> UInt64) {
      guard let instance = free.firstIndex(of: true) else { return }
      free[instance] = false
      estimator.started(rows: job.rows, now: now)
      running.append((now + service(job.rows, now), instance, job.rows, now))
      waits.append((Double(job.predicted), Double(now - job.arrival), job.arrival))
    }

    mutating func arrive(rows: Int, now: UInt64, _ service: (Int, UInt64) -> UInt64) {
      advance(to: now, service)
      let job = Job(rows: rows, predicted: estimator.predictedWait(now: now), arrival: now)
      estimator.joined(rows: rows)
      if free.contains(true) { begin(job, now, service) } else { queue.append(job) }
    }
  }

  /// Bursts that fill the queue and pauses that empty it.
  private static func simulate(
    instances: Int, requests: Int, rows: [Int], seed: UInt64, service: (Int, UInt64, inout SeededGenerator) -> UInt64
  ) -> Simulation {
    var (simulation, random) = (Simulation(instances: instances), SeededGenerator(seed))
    var (noise, now): (SeededGenerator, UInt64) = (SeededGenerator(seed + 1), 0)
    for i in 0..<requests {
      now += i % 60 == 0 ? 800 * .millisecond : random.next() % (8 * .millisecond / UInt64(instances))
      let rows = rows.randomElement(using: &random) ?? 1
      simulation.arrive(rows: rows, now: now) { rows, now in service(rows, now, &noise) }
    }
    simulation.advance(to: .max / 2) { rows, now in service(rows, now, &noise) }
    return simulation
  }

  /// The relative error of all waits together, those of the first requests left out.
  private static func error(_ simulation: Simulation, skipping: Int = 50) -> Double {
    let waits = simulation.waits.dropFirst(skipping)
    return waits.reduce(0) { $0 + abs($1.predicted - $1.real) } / waits.reduce(0) { $0 + $1.real }
  }

  @Test(arguments: [1, 2, 4])
  func predictionsAreCloseToTheWaits(_ instances: Int) {
    let steady = Self.simulate(instances: instances, requests: 2000, rows: [1], seed: 1) { _, _, random in
      9 * .millisecond + random.next() % (2 * .millisecond)
    }
    #expect(Self.error(steady) < 0.05 + 0.05 * Double(instances - 1), "\(Self.error(steady))")
    let noisy = Self.simulate(instances: instances, requests: 2000, rows: [1], seed: 2) { _, _, random in
      2 * .millisecond + random.next() % (16 * .millisecond)
    }
    #expect(Self.error(noisy) < 0.25, "\(Self.error(noisy))")
  }

  @Test func rowsAreToldApart() {
    let mixed = Self.simulate(instances: 1, requests: 2000, rows: [1, 2, 8, 32], seed: 3) { rows, _, random in
      .millisecond + UInt64(rows) * .millisecond + random.next() % (.millisecond / 2)
    }
    #expect(Self.error(mixed) < 0.05, "\(Self.error(mixed))")
  }

  /// The time doubles for good: after ten requests that took the new time, predictions are right again.
  @Test(arguments: [0.5, 2, 5])
  func aStepIsFollowed(_ factor: Double) {
    var time = ServiceTime()
    var random = SeededGenerator(4)
    for _ in 0..<200 { time.record(9 * .millisecond + random.next() % (2 * .millisecond)) }
    for _ in 0..<10 { time.record(UInt64(factor * 10e6)) }
    let average = time.average ?? 0
    #expect(abs(average - factor * 10e6) < 0.1 * factor * 10e6, "\(average)")
  }

  @Test func anOutlierHardlyMovesTheAverage() {
    var time = ServiceTime()
    var random = SeededGenerator(5)
    for i in 1...1000 {
      time.record(i % 100 == 0 ? 3 * .second : 9 * .millisecond + random.next() % (2 * .millisecond))
      if i % 100 == 20 { #expect(abs((time.average ?? 0) - 10e6) < 1e6, "\(time.average ?? 0)") }
      #expect((time.average ?? 0) < 14e6)
    }
  }

  @Test func anIdleVersionHasNoWait() {
    let estimator = WaitEstimator(instances: 2)
    #expect(estimator.predictedWait(now: 0) == 0)
    estimator.ranAtOnce(rows: 1, now: 0)
    #expect(estimator.predictedWait(now: 5) == 0, "the other instance is free")
    estimator.ranAtOnce(rows: 1, now: 0)
    #expect(estimator.predictedWait(now: 5) == 0, "nothing is known yet")
    estimator.ended(rows: 1, start: 0, compute: 100)
    estimator.ranAtOnce(rows: 1, now: 100)
    #expect(estimator.predictedWait(now: 150) == 25, "half of one run, and one that is overdue, over two instances")
  }

  @Test func admissionKnowsDeadlineAndLimit() {
    let estimator = WaitEstimator(instances: 1)
    estimator.ranAtOnce(rows: 1, now: 0)
    estimator.ended(rows: 1, start: 0, compute: 100)
    for _ in 0..<10 { estimator.joined(rows: 1) }
    #expect(estimator.admit(deadline: nil, longestWait: nil, now: 0) == .admitted)
    #expect(estimator.admit(deadline: 2000, longestWait: 1000, now: 500) == .admitted)
    #expect(estimator.admit(deadline: 1499, longestWait: nil, now: 500) == .refused(retryAfter: 1))
    #expect(estimator.admit(deadline: 400, longestWait: nil, now: 500) == .refused(retryAfter: 1000))
    #expect(estimator.admit(deadline: 9999, longestWait: 300, now: 500) == .refused(retryAfter: 700))
    for _ in 0..<10 { estimator.left(rows: 1) }
    #expect(estimator.predictedWait(now: 0) == 0)
  }

  @Test func onlyThoseWhoComeFirstAreWaitedFor() {
    let estimator = WaitEstimator(instances: 1, priorities: 3)
    estimator.ranAtOnce(rows: 1, now: 0)
    estimator.ended(rows: 1, start: 0, compute: 100)
    for priority in 1...3 { estimator.joined(rows: 1, priority: priority) }
    #expect((0...4).map { estimator.predictedWait(priority: $0, now: 0) } == [100, 100, 200, 300, 300])
  }

  @Test func unknownRowCountsAreScaledFromKnownOnes() {
    let estimator = WaitEstimator(instances: 1)
    estimator.ended(rows: 4, start: 0, compute: 400)
    estimator.ranAtOnce(rows: 4, now: 0)
    estimator.joined(rows: 16)
    #expect(estimator.predictedWait(now: 0) >= 1600)
    #expect(ServingError.retryAfterSeconds(1) == 1)
    #expect(ServingError.retryAfterSeconds(1_000_000_001) == 2)
  }
}
