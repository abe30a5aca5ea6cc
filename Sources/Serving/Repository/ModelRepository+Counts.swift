import MassRegistry
import Synchronization

/// Where the requests of a version are counted, for the registry. Outlives the version: its last requests are counted when
/// they are answered, which may be after it left.
struct CountSource: Sendable {
  let model: String
  let version: Int
  let tally: RequestTally
  /// When the version left; nil while it serves.
  var left: UInt64?

  init(_ version: LoadedVersion, left: UInt64? = nil) {
    model = version.name
    self.version = version.number
    tally = version.recorder.tally
    self.left = left
  }

  /// Nanoseconds after which nothing is counted of a version that left.
  static let linger: UInt64 = 120_000_000_000
}

extension ModelRepository {
  /// Brings the registry, if there is one, up to date with the folder, and deletes what interrupted publications left behind.
  func reconcile() {
    do throws(ServingError) {
      guard let registry = try registry.existing(), !registry.isReadOnly else { return }
      let done: Reconciliation
      do throws(RegistryError) { done = try registry.reconcile() } catch { throw ServingError(error) }
      for problem in done.problems { log.warning("not taken in", metadata: ["reason": "\(problem)"]) }
      for version in done.found + done.lost {
        let event = done.found.contains(version) ? "found" : "lost"
        log.info("\(event)", metadata: ["model": "\(version.model)", "version": "\(version.number)"])
      }
    } catch { log.error("the registry is not in use", metadata: ["reason": "\(error)"]) }
  }

  /// Remembers a version that left for what it may still answer.
  func remember(_ version: LoadedVersion) {
    formerCounts.withLock { $0.append(CountSource(version, left: MonotonicClock.now())) }
  }

  /// Adds to the registry what versions have answered since the last time. To be called every few seconds.
  func recordCounts() {
    let now = MonotonicClock.now()
    let serving = entries.values.flatMap { $0.versions.values.compactMap { $0.loaded.map { CountSource($0) } } }
    let former = formerCounts.withLock { former in
      defer { former.removeAll { now > ($0.left ?? now) + CountSource.linger } }
      return former
    }
    guard let registry = try? registry.existing(), !registry.isReadOnly else { return }
    var taken: [(source: CountSource, requests: Int, failures: Int)] = []
    for source in serving + former {
      let (requests, failures) = source.tally.take()
      if requests > 0 { taken.append((source, requests, failures)) }
    }
    do throws(RegistryError) {
      try registry.record(
        counts: taken.map { source, requests, failures in
          (source.model, source.version, VersionCounts(requests: requests, failures: failures, lastUsed: .now()))
        })
    } catch {
      for (source, requests, failures) in taken { source.tally.giveBack(requests: requests, failures: failures) }
      log.warning("counts are not recorded yet", metadata: ["reason": "\(error)"])
    }
  }
}
