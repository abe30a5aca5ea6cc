import Logging
import MassFormats
import MassRuntime
import Synchronization

/// The models of a repository behind the protocols.
public final class ServedModels: InferenceService {
  let repository: ModelRepository
  /// Every model was tried once.
  private let isStarted = Atomic(false)
  private let isLeaving = Atomic(false)
  public let observer: RequestObserver
  public let stuckWatch: StuckWatch
  /// nil where nobody is asked for a key.
  let access: AccessControl?
  /// nil where nothing is written down.
  let audit: AuditTrail?

  public init(
    _ options: RepositoryOptions, access: AccessControl? = nil, audit: AuditTrail? = nil, log: Logger
  ) {
    self.access = access
    self.audit = audit
    repository = ModelRepository(options, log: log)
    observer = RequestObserver(log)
    stuckWatch = StuckWatch(log: log)
  }

  /// Loads every model of the repository; those that fail say so in the index and in the log.
  public func start() async {
    repository.reconcile()
    for name in repository.names { try? await repository.load(name) }
    isStarted.store(true, ordering: .releasing)
  }

  /// The models as the protocols speak to them: observed, and guarded where keys are asked for.
  var front: any InferenceService {
    let observed = ObservedModels(self)
    return access.map { GuardedModels(models: observed, access: $0) as any InferenceService } ?? observed
  }

  /// From now on the server is not ready. What comes is still answered.
  public func leave() { isLeaving.store(true, ordering: .releasing) }

  /// Takes every model out of service, once what was admitted is answered.
  public func stop() async {
    for name in repository.entries.keys { try? await repository.unload(name) }
    repository.recordCounts()
  }

  public var isLive: Bool { stuckWatch.found.isEmpty }

  public var isReady: Bool {
    isStarted.load(ordering: .acquiring) && !isLeaving.load(ordering: .acquiring)
      && repository.entries.values.allSatisfy { $0.isUnloaded || $0.current != nil }
  }

  public func isReady(_ model: ModelReference) -> Bool { (try? repository.find(model)) != nil }

  public func infer(_ request: InferenceRequest) async throws(ServingError) -> InferenceResponse {
    let start = MonotonicClock.now()
    var route = try repository.route(request, now: start)
    while true {
      let (version, ticket) = try admitted(&route, request)
      do throws(ServingError) {
        let response = try await version.infer(request, since: start)
        record(.success(nanoseconds: MonotonicClock.now() - start), route, ticket)
        return response
      } catch {
        let now = MonotonicClock.now()
        // It was replaced between being found and being asked: another one answers.
        guard error != InstancePool.retired else {
          record(.ignored, route, ticket)
          route.version = try repository.find(request.model)
          continue
        }
        record(VersionOutcome(error, budget: request.deadline.map { $0.subtractingClamped(start) }), route, ticket)
        version.recorder.failed(error.code, total: now - start)
        throw error
      }
    }
  }

  /// The version of the route, if its breaker is closed; else another one of the split.
  private func admitted(
    _ route: inout Route, _ request: InferenceRequest
  ) throws(ServingError) -> (LoadedVersion, CircuitBreaker.Ticket?) {
    var isSecond = false
    while true {
      guard let breaker = route.version.breaker else { return (route.version, nil) }
      switch breaker.admit(now: MonotonicClock.now()) {
      case .allowed(let ticket), .probe(let ticket): return (route.version, ticket)
      case .refused(let wait):
        if !isSecond, let traffic = route.traffic,
          let other = repository.alternative(to: route.version, request, traffic)
        {
          route.version = other
          isSecond = true
          continue
        }
        throw ServingError(
          .unavailable, "\(ModelReference(route.version.name, .version(route.version.number))) failed too often lately",
          retryAfter: ServingError.retryAfterSeconds(wait))
      }
    }
  }

  private func record(_ outcome: VersionOutcome, _ route: Route, _ ticket: CircuitBreaker.Ticket?) {
    guard ticket != nil || route.traffic?.settings.canary != nil else { return }
    let now = MonotonicClock.now()
    if let ticket { route.version.breaker?.record(outcome, ticket, now: now, random: .random(in: 0 ... .max)) }
    route.traffic?.record(outcome, of: route.version.number, now: now)
  }

  /// Takes canaries that fail out of service and models that nobody asks out of the memory, and tells the registry what was
  /// answered, until the task is cancelled.
  public func tend() async {
    var rounds = 0
    while (try? await Task.sleep(for: .seconds(1))) != nil {
      rounds += 1
      if rounds % 10 == 0 { repository.recordCounts() }
      await unloadIdle()
      for (name, entry) in repository.entries {
        guard let reason = entry.traffic?.failure(now: MonotonicClock.now()) else { continue }
        await repository.canaryFailed(name, entry.traffic?.settings.canary, reason)
        await audit?.note("canary.failed", name, detail: reason)
      }
    }
  }

  private func unloadIdle() async {
    for entry in repository.entries.values {
      for version in entry.versions.values.compactMap(\.loaded) {
        guard await version.residency.sleepIfIdle(now: MonotonicClock.now()) else { continue }
        repository.log.info("idle", metadata: ["model": "\(version.name)", "version": "\(version.number)"])
      }
    }
  }

  public func describe(_ model: ModelReference) throws(ServingError) -> ModelDescription {
    let version = try repository.find(model)
    let ready = repository.entries[model.name]?.versions.filter { $0.value.state == .ready }.keys.sorted() ?? []
    return ModelDescription(
      name: version.name, versions: ready, version: version.number, platform: "mass_plan",
      inputs: version.signature.inputs, outputs: version.signature.outputs)
  }

  public func configuration(_ model: ModelReference) throws(ServingError) -> String {
    let version = try repository.find(model)
    return ModelConfiguration(version).json.text(isIndented: false)
  }

  public func index(ready: Bool) -> [IndexEntry] {
    repository.entries.sorted { $0.key < $1.key }.flatMap { name, entry in
      entry.versions.sorted { $0.key < $1.key }.filter { !ready || $0.value.state == .ready }.map { number, version in
        IndexEntry(name: name, version: number, state: version.state, reason: version.reason)
      }
    }
  }

  public func load(_ model: String) async throws(ServingError) { try await repository.load(model) }

  public func unload(_ model: String) async throws(ServingError) { try await repository.unload(model) }

  public func statistics(_ model: ModelReference?) throws(ServingError) -> [VersionStatistics] {
    if let model, case .current = model.selector, repository.entries[model.name]?.current == nil {
      _ = try repository.find(model)
    }
    if let model, case .version = model.selector { return [statistics(of: try repository.find(model)).0] }
    return metrics.map(\.0).filter { model == nil || $0.name == model?.name }
  }

  /// Counts and histograms of every version that is loaded, sorted by name and version.
  public var metrics: [(VersionStatistics, VersionHistograms)] {
    repository.entries.sorted { $0.key < $1.key }.flatMap { _, entry in
      entry.versions.sorted { $0.key < $1.key }.compactMap { $0.value.loaded.map(statistics(of:)) }
    }
  }

  /// Requests that limits refused, by the models that have one.
  var refused: [(model: String, count: UInt64)] {
    repository.entries.sorted { $0.key < $1.key }.compactMap { name, entry in
      guard let traffic = entry.traffic, traffic.settings.limit != nil else { return nil }
      return (name, traffic.refused)
    }
  }

  public func labels(_ model: String) -> [String: Int] { repository.entries[model]?.labels ?? [:] }

  private func statistics(of version: LoadedVersion) -> (VersionStatistics, VersionHistograms) {
    var (counts, histograms) = version.recorder.snapshot
    counts.pending = version.pending
    return (counts, histograms)
  }
}

/// A model's configuration with the names Triton's clients read.
struct ModelConfiguration {
  let version: LoadedVersion

  init(_ version: LoadedVersion) { self.version = version }

  var json: JSON {
    let settings = version.settings
    let policy: JSON =
      switch settings.versionPolicy {
      case .latest(let count): ["latest": ["num_versions": .int(count)]]
      case .all: ["all": [:]]
      case .specific(let numbers): ["specific": ["versions": .ints(numbers)]]
      }
    return [
      "name": .string(version.name), "platform": "mass_plan", "backend": "mass", "version_policy": policy,
      "max_batch_size": 0, "input": .array(version.signature.inputs.map(tensor)),
      "output": .array(version.signature.outputs.map(tensor)),
      "instance_group": [
        ["name": .string(version.name), "kind": "KIND_CPU", "count": .int(settings.instances.count)]
      ],
      "parameters": [
        "threads": ["string_value": .string("\(settings.instances.threads)")],
        "queue_limit": ["string_value": .string("\(settings.instances.queueLimit)")],
      ],
    ]
  }

  private func tensor(_ tensor: TensorDescription) -> JSON {
    let type = Datatype.name(of: tensor.element) ?? ""
    return [
      "name": .string(tensor.name), "data_type": .string("TYPE_" + (type == "BYTES" ? "STRING" : type)),
      "dims": .ints(tensor.shape),
    ]
  }
}
