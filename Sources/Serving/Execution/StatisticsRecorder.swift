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
  /// What of the counts the registry knows.
  private let recorded = Mutex<(successes: UInt64, failures: UInt64)>((0, 0))

  init(name: String, version: Int, residentBytes: UInt64) {
    var counts = VersionStatistics()
    counts.name = name
    counts.version = version
    counts.residentBytes = residentBytes
    state = Mutex((counts, VersionHistograms()))
  }

  var snapshot: (VersionStatistics, VersionHistograms) { state.withLock { ($0.counts, $0.histograms) } }

  /// Requests that were answered since the last call, and how many of those with an error.
  func takeUnrecorded() -> (requests: Int, failures: Int) {
    recorded.withLock { last in
      let (successes, failures) = state.withLock { ($0.counts.success.count, $0.counts.failure.count) }
      defer { last = (successes, failures) }
      return (Int(successes - last.successes + failures - last.failures), Int(failures - last.failures))
    }
  }

  /// Takes back a `takeUnrecorded` whose counts could not be recorded.
  func giveBack(requests: Int, failures: Int) {
    recorded.withLock { last in
      last.successes -= min(last.successes, UInt64(requests - failures))
      last.failures -= min(last.failures, UInt64(failures))
    }
  }

  /// One request that was answered with a result.
  func succeeded(rows: Int, times: StageTimes, total: UInt64) {
    let now = Self.milliseconds
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
      state.counts.batches[rows, default: VersionStatistics.Batch()].add(times)
      state.histograms.batchRows[rows, default: 0] += 1
    }
  }

  /// A request runs again because an instance failed.
  func retried() { retryCount.add(1, ordering: .relaxed) }

  var retries: UInt64 { retryCount.load(ordering: .relaxed) }

  func failed(_ code: ServingError.Code, total: UInt64) {
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
