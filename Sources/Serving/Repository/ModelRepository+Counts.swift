import MassRegistry

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

  /// Adds to the registry what versions have answered since the last time.
  func recordCounts() { recordCounts(of: entries.values.flatMap { $0.versions.values.compactMap(\.loaded) }) }

  func recordCounts(of versions: [LoadedVersion]) {
    guard let registry = try? registry.existing(), !registry.isReadOnly else { return }
    var counts: [(model: String, version: Int, counts: VersionCounts)] = []
    for version in versions {
      let (requests, failures) = version.recorder.takeUnrecorded()
      guard requests > 0 else { continue }
      let added = VersionCounts(requests: requests, failures: failures, lastUsed: .now())
      counts.append((version.name, version.number, added))
    }
    do throws(RegistryError) { try registry.record(counts: counts) } catch {
      log.warning("counts are not recorded", metadata: ["reason": "\(error)"])
    }
  }
}
