import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Follows what changes: in the repository as often as the configuration says, and on SIGHUP everything that is read from files.
///
/// One thing is done after the other: what a reload found is in service when the log says that it is over.
struct ChangeService: Service {
  /// Whether a reload is asked for.
  private final class Demand: Sendable {
    let isMade = Atomic(false)
  }

  let models: ServedModels
  let signals: UnixSignalsSequence
  let options: ReloadOptions
  let live: LiveConfiguration
  let log: Logger
  private let watch: RepositoryWatch

  init(
    _ models: ServedModels, signals: UnixSignalsSequence, options: ReloadOptions, live: LiveConfiguration, log: Logger
  ) {
    self.models = models
    self.signals = signals
    self.options = options
    self.live = live
    self.log = log
    watch = RepositoryWatch(models.repository)
  }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskExecutorPreference(ThreadPoolExecutor.shared) { await follow() }
    }
  }

  private func follow() async {
    let demand = Demand()
    let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    await withTaskGroup(of: Void.self) { tasks in
      // Signals that come while a reload is under way count as one.
      tasks.addTask {
        for await _ in signals {
          demand.isMade.store(true, ordering: .releasing)
          wake.yield()
        }
      }
      tasks.addTask {
        while (try? await Task.sleep(for: .seconds(1))) != nil { wake.yield() }
      }
      var last = MonotonicClock.now()
      for await _ in wakes {
        if demand.isMade.exchange(false, ordering: .acquiring) { await reload() }
        let interval = UInt64(live.current.watchSeconds) * 1_000_000_000
        guard interval > 0, MonotonicClock.now() - last + 500_000_000 >= interval else { continue }
        last = MonotonicClock.now()
        await watch.look()
      }
    }
  }

  private func reload() async {
    var outcome = LiveConfiguration.Outcome()
    do throws(ServingError) {
      if let configuration = try options.reread?() { outcome = live.take(configuration) }
    } catch {
      log.error("reload failed", metadata: ["reason": "\(error); everything stays as it was"])
      return
    }
    var failures: [String] = []
    for action in options.onReload {
      do { try await action() } catch { failures.append("\(error)") }
    }
    await watch.look()
    // What is there now is taken for settled if it still is a second later.
    if (try? await Task.sleep(for: .seconds(1))) != nil { await watch.look() }
    report(outcome, failures)
  }

  private func report(_ outcome: LiveConfiguration.Outcome, _ failures: [String]) {
    var metadata: Logger.Metadata = ["changed": "\(outcome.changed.joined(separator: ", "))"]
    if !outcome.needRestart.isEmpty { metadata["need_restart"] = "\(outcome.needRestart.joined(separator: ", "))" }
    guard failures.isEmpty else {
      metadata["reason"] = "\(failures.joined(separator: "; "))"
      return log.error("reload failed", metadata: metadata)
    }
    log.info("reloaded", metadata: metadata)
  }
}
