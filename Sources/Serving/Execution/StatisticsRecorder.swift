import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Counts what one version of a model does.
final class StatisticsRecorder: Sendable {
  private let state: Mutex<(counts: VersionStatistics, histograms: VersionHistograms)>
  private let retryCount = Atomic<UInt64>(0)
  /// For the registry.
  let tally = RequestTally()

  init(name: String, version: Int, residentBytes: UInt64) {
    var counts = VersionStatistics()
    counts.name = name
    counts.version = version
    counts.residentBytes = residentBytes
    state = Mutex((counts, VersionHistograms()))
  }

  var snapshot: (VersionStatistics, VersionHistograms) { state.withLock { ($0.counts, $0.histograms) } }

  /// One request that was answered with a result.
  func succeeded(rows: Int, times: StageTimes, total: UInt64) {
    let now = Self.milliseconds
    tally.count(isFailure: false)
    state.withLock { state in
      state.counts.lastInference = now
      state.counts.inferenceCount += UInt64(rows)
      state.counts.success.add(total)
      state.counts.queue.add(times.queue)
      state.counts.input.add(times.input)
      state.counts.compute.add(times.compute)
      state.counts.output.add(times.output)
      state.histograms.queue.record(nanoseconds: times.queue)
      state.histograms.input.record(nanoseconds: times.input)
      state.histograms.compute.record(nanoseconds: times.compute)
      state.histograms.output.record(nanoseconds: times.output)
      state.histograms.total.record(nanoseconds: total)
    }
  }

  /// One look into the cache. A hit is an answer, too.
  func looked(isHit: Bool, total: UInt64, rows: Int) {
    let now = Self.milliseconds
    if isHit { tally.count(isFailure: false) }
    state.withLock { state in
      guard isHit else { return state.counts.cacheMiss.add(total) }
      state.counts.cacheHit.add(total)
      state.counts.success.add(total)
      state.counts.lastInference = now
      state.counts.inferenceCount += UInt64(rows)
      state.histograms.total.record(nanoseconds: total)
    }
  }

  /// One execution of so many rows, of one request or of several.
  func executed(rows: Int, compute: UInt64) {
    var times = StageTimes()
    times.compute = compute
    state.withLock { state in
      state.counts.executionCount += 1
      let size = state.counts.batches[rows] == nil ? Self.size(rows, among: state.counts.batches.count) : rows
      state.counts.batches[size, default: VersionStatistics.Batch()].add(times)
      state.histograms.batchRows[size, default: 0] += 1
    }
  }

  /// Under which number of rows an execution is counted that is the first of its size: its own, or, where clients have sent
  /// very many sizes already, the next power of two.
  private static func size(_ rows: Int, among known: Int) -> Int {
    guard known >= 256, rows > 1, rows <= 1 << 62 else { return known >= 256 ? 1 << 62 : rows }
    return 1 << (Int.bitWidth - (rows - 1).leadingZeroBitCount)
  }

  /// A request runs again because an instance failed.
  func retried() { retryCount.add(1, ordering: .relaxed) }

  var retries: UInt64 { retryCount.load(ordering: .relaxed) }

  func failed(_ code: ServingError.Code, total: UInt64) {
    tally.count(isFailure: true)
    state.withLock { state in
      state.counts.failure.add(total)
      state.counts.failures[code, default: 0] += 1
    }
  }

  private static var milliseconds: UInt64 {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    return UInt64(now.tv_sec) * 1000 + UInt64(now.tv_nsec) / 1_000_000
  }
}

/// Requests that were answered and of which the registry does not know yet. It outlives the version, so it is small.
final class RequestTally: Sendable {
  private let counts = Mutex<(requests: Int, failures: Int)>((0, 0))

  func count(isFailure: Bool) {
    counts.withLock { counts in
      counts.requests += 1
      if isFailure { counts.failures += 1 }
    }
  }

  /// What was counted since the last call.
  func take() -> (requests: Int, failures: Int) {
    counts.withLock { counts in
      defer { counts = (0, 0) }
      return counts
    }
  }

  /// Takes back a `take` whose counts could not be recorded.
  func giveBack(requests: Int, failures: Int) {
    counts.withLock { counts in
      counts.requests += requests
      counts.failures += failures
    }
  }
}
