import NIOCore

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension ServedModels {
  /// The oldest execution under way of each version that has any.
  var executions: [StuckWatch.Execution] {
    repository.entries.sorted { $0.key < $1.key }.flatMap { name, entry in
      entry.versions.sorted { $0.key < $1.key }.compactMap { number, version in
        guard let start = version.loaded?.residency.current?.runningSince else { return nil }
        return StuckWatch.Execution(model: name, version: number, start: start)
      }
    }
  }

  /// Watches that the loops of the group and the models' executions make progress, for as long as the models exist.
  func watchProgress(of group: any EventLoopGroup) {
    stuckWatch.follow(group)
    do throws(ServingError) {
      // A thread of its own: any other may be the one that is stuck.
      try WorkerThread.start("watch") { [weak self] in
        while self?.look() != nil { sleep(1) }
      }
    } catch { repository.log.error("progress is not watched", metadata: ["reason": "\(error)"]) }
  }

  private func look() {
    stuckWatch.look(executions)
    observer.settle()
  }

  // MARK: Metrics

  /// Everything counted beside the versions' own statistics.
  var metricFamilies: [MetricFamily] {
    let tenants = access?.counts.families ?? []
    return breakerFamilies + canaryFamilies + tenants + [observer.refusals.family, stuckFamily, retryFamily]
  }

  private var stuckFamily: MetricFamily {
    let found = stuckWatch.found
    let loops = found.count { if case .eventLoop = $0 { true } else { false } }
    return MetricFamily(
      "mass_stuck_workers", .gauge, "Event loops and models whose thread has made no progress for too long.",
      [
        MetricFamily.Sample([("kind", "event_loop")], "\(loops)"),
        MetricFamily.Sample([("kind", "model")], "\(found.count - loops)"),
      ])
  }

  private var retryFamily: MetricFamily {
    let samples = repository.entries.sorted(by: { $0.key < $1.key }).flatMap { name, entry in
      entry.versions.sorted(by: { $0.key < $1.key }).compactMap { number, version -> MetricFamily.Sample? in
        guard let count = version.loaded?.recorder.retries else { return nil }
        return MetricFamily.Sample([("model", name), ("version", "\(number)")], "\(count)")
      }
    }
    return MetricFamily(
      "mass_instance_retries_total", .counter, "Requests that ran again because an instance failed.", samples)
  }

  private var breakerFamilies: [MetricFamily] {
    var states: [MetricFamily.Sample] = []
    var opens: [MetricFamily.Sample] = []
    for (name, entry) in repository.entries.sorted(by: { $0.key < $1.key }) {
      for (number, version) in entry.versions.sorted(by: { $0.key < $1.key }) {
        guard let breaker = version.loaded?.breaker else { continue }
        let (phase, count) = breaker.counts
        let labels = [(name: "model", value: name), (name: "version", value: "\(number)")]
        for state in CircuitBreaker.Phase.allCases {
          states.append(MetricFamily.Sample(labels + [("state", state.rawValue)], state == phase ? "1" : "0"))
        }
        opens.append(MetricFamily.Sample(labels, "\(count)"))
      }
    }
    return [
      MetricFamily("mass_circuit_breaker_state", .gauge, "1 for the state that the version's breaker is in.", states),
      MetricFamily("mass_circuit_breaker_opens_total", .counter, "How often the version's breaker opened.", opens),
    ]
  }

  private var canaryFamilies: [MetricFamily] {
    var verdicts: [MetricFamily.Sample] = []
    var failures: [MetricFamily.Sample] = []
    var rollbacks: [MetricFamily.Sample] = []
    for (name, entry) in repository.entries.sorted(by: { $0.key < $1.key }) {
      guard let traffic = entry.traffic, let canary = traffic.settings.canary else { continue }
      let counts = traffic.canaryCounts
      let labels = [(name: "model", value: name), (name: "version", value: "\(canary.version)")]
      for verdict in CanaryCounts.verdicts {
        let value = verdict == counts.verdict ? "1" : "0"
        verdicts.append(MetricFamily.Sample(labels + [("verdict", verdict)], value))
      }
      failures.append(MetricFamily.Sample(labels, "\(counts.failures)"))
      rollbacks.append(MetricFamily.Sample(labels, "\(counts.rollbacks)"))
    }
    return [
      MetricFamily("mass_canary_verdict", .gauge, "1 for what is thought of the version on trial.", verdicts),
      MetricFamily(
        "mass_canary_failures_total", .counter, "How often the version on trial was worse than it may be.", failures),
      MetricFamily(
        "mass_canary_rollbacks_total", .counter, "How often it was taken out of service for that.", rollbacks),
    ]
  }
}
