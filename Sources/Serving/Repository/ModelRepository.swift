import Logging
import MassFormats
import MassRegistry
import MassRuntime
import MassSecurity
import Synchronization

/// Where models are found and how they are loaded.
public struct RepositoryOptions: Sendable {
  /// The folder of models: `<name>/<version>/{model.plan,model.onnx}`.
  public var folder: String
  /// Models that lie elsewhere; where there are any, no folder of models is served.
  public var models: [SingleModel] = []
  /// Where plans of ONNX models are kept.
  public var cache: String
  public var plugins: [any RuntimePlugin]
  /// For models whose settings do not say otherwise.
  public var instances: InstanceOptions
  /// Bytes of answers that are kept, of all models that have a cache.
  public var responseCacheBytes: Int
  public var compile: @Sendable (CompileOrder) throws(ServingError) -> Void
  /// Of whom one must have signed every model file that is loaded or published; none lets unsigned models in.
  public var signers: [SignerKey] = []

  public init(
    folder: String, cache: String, plugins: [any RuntimePlugin], instances: InstanceOptions,
    responseCacheBytes: Int = 64 << 20, compile: @escaping @Sendable (CompileOrder) throws(ServingError) -> Void
  ) {
    self.folder = folder
    self.cache = cache
    self.plugins = plugins
    self.instances = instances
    self.responseCacheBytes = responseCacheBytes
    self.compile = compile
  }
}

/// The models of a folder and the versions of them that answer.
///
/// Requests read the table under a lock that is held for a look-up only; loading happens outside it, one model at a time, on a
/// thread of its own.
public final class ModelRepository: Sendable {
  let options: RepositoryOptions
  let registry: RegistryFile
  let log: Logger
  /// Of loads to come, for models whose settings do not say otherwise.
  private let defaults: Mutex<InstanceOptions>
  /// Of versions that left lately.
  let formerCounts = Mutex<[CountSource]>([])
  private let loader: ModelLoader
  private let table = Mutex(ModelTable())
  /// The end of the chain of loads: each waits for the one before.
  private let lastLoad = Mutex<Task<Void, Never>?>(nil)

  public init(_ options: RepositoryOptions, log: Logger) {
    self.options = options
    self.log = log
    defaults = Mutex(options.instances)
    let loader = ModelLoader(options)
    self.loader = loader
    loader.removeHalfPlans()
    registry = RegistryFile(options.models.isEmpty ? options.folder : nil) { path throws(ServingError) in
      try loader.check(path, threads: options.instances.threads)
    }
  }

  /// Names of the models in the folder, sorted; those that cannot be asked for are left out with a warning.
  public var names: [String] {
    guard options.models.isEmpty else {
      return options.models.map(\.name).sorted().filter { !folder($0).versions.isEmpty }
    }
    return (FileSystem.names(in: options.folder) ?? []).filter { name in
      guard ModelName.isValid(name) else {
        if !name.hasPrefix(".") { log.warning("not a model's name", metadata: ["folder": "\(name)"]) }
        return false
      }
      return !folder(name).versions.isEmpty
    }
  }

  var instances: InstanceOptions { defaults.withLock { $0 } }

  /// Takes over what can change while models are served.
  func take(instances: InstanceOptions, responseCacheBytes bytes: Int) {
    defaults.withLock { $0 = instances }
    loader.responses.resize(byteLimit: bytes, entryLimit: bytes / 16)
  }

  /// Without versions where there is no such model.
  func folder(_ name: String) -> ModelFolder {
    guard !options.models.isEmpty else { return ModelFolder(name: name, path: "\(options.folder)/\(name)") }
    let place = options.models.first { $0.name == name }.flatMap { try? $0.locate() }
    return ModelFolder(name: name, path: place?.folder ?? "", singleFile: place?.file)
  }

  // MARK: Finding

  func find(_ model: ModelReference) throws(ServingError) -> LoadedVersion {
    let found: Result<LoadedVersion, ServingError> = table.withLock { table in
      do throws(ServingError) { return .success(try table.find(model)) } catch { return .failure(error) }
    }
    return try found.get()
  }

  func route(_ request: InferenceRequest, now: UInt64) throws(ServingError) -> Route {
    let found: Result<Route, ServingError> = table.withLock { table in
      do throws(ServingError) { return .success(try table.route(request, now: now)) } catch { return .failure(error) }
    }
    return try found.get()
  }

  /// Another version for a request whose own is not available; nil if the split has none.
  func alternative(to version: LoadedVersion, _ request: InferenceRequest, _ traffic: TrafficControl) -> LoadedVersion?
  {
    table.withLock { table in
      let other = try? table.choose(request, traffic, except: [version.number])
      return other?.number == version.number ? nil : other
    }
  }

  var entries: [String: ModelTable.Entry] { table.withLock { $0.entries } }

  // MARK: Loading

  /// Loads the versions that the registry or the model's settings select, those that are loaded and unchanged excepted.
  ///
  /// - Throws: Why a version could not be loaded; the others are loaded all the same, and what served before goes on.
  func load(_ name: String) async throws(ServingError) {
    try await inTurn { () async throws(ServingError) in try await self.loadNow(name) }
  }

  /// Takes every version of a model out of service, once what was admitted is answered.
  func unload(_ name: String) async throws(ServingError) {
    try await inTurn { () async throws(ServingError) in
      guard self.entries[name] != nil else {
        throw ServingError(.notFound, "failed to unload '\(name)', no version is available")
      }
      self.table.withLock { $0.update(name) { $0.isUnloaded = true } }
      await self.retire(name, except: [], reason: "unloaded")
    }
  }

  /// As `unload`; after that nothing reminds of the model.
  func forget(_ name: String) async {
    try? await inTurn { () async throws(ServingError) in
      await self.retire(name, except: [], reason: "removed")
      self.table.withLock { $0.forget(name) }
      self.log.info("forgotten", metadata: ["model": "\(name)"])
    }
  }

  /// Leaves no trace of a version that is out of service and gone.
  func forget(_ name: String, _ number: Int) {
    table.withLock { table in
      guard table.entries[name]?.versions[number]?.loaded == nil else { return }
      table.update(name) { $0.versions[number] = nil }
    }
  }

  /// As `load`, for work that has its turn.
  func loadNow(_ name: String) async throws(ServingError) {
    let folder = folder(name)
    guard ModelName.isValid(name), !folder.versions.isEmpty else {
      throw ServingError(.notFound, "failed to load '\(name)', no version is available in the repository")
    }
    let settings = try folder.settings(instances)
    let selection = try VersionSelection(folder, settings, registry.existing())
    guard !selection.numbers.isEmpty else {
      await retire(name, except: [], reason: "not active")
      table.withLock { table in
        table.apply(selection, to: name)
        table.update(name) { $0.isUnloaded = true }
      }
      return
    }
    var failures: [(number: Int, error: ServingError)] = []
    for number in selection.numbers {
      do throws(ServingError) { try await loadNow(folder, number, settings) } catch { failures.append((number, error)) }
    }
    let traffic = try traffic(name, settings.traffic)
    table.withLock { table in
      table.update(name) { $0.traffic = traffic }
      table.apply(selection, to: name)
    }
    let failed = Set(failures.map(\.number))
    // A version that is to go stays while nothing that was asked for could take its place.
    if !failed.contains(selection.current ?? -1), failed.count < selection.numbers.count {
      await retire(name, except: Set(selection.numbers), reason: "not selected")
    }
    if let failure = failures.last {
      throw ServingError(failure.error.code, "failed to load '\(name)' version \(failure.number): \(failure.error)")
    }
  }

  /// The control that is there if its settings are still the same; nil if there is nothing to control.
  private func traffic(_ name: String, _ settings: TrafficSettings) throws(ServingError) -> TrafficControl? {
    if let control = entries[name]?.traffic, control.settings == settings { return control }
    return settings == TrafficSettings() ? nil : try TrafficControl(settings, model: name)
  }

  /// Loads one version beside those that serve, whether it is selected or not, for work that has its turn.
  func loadNow(_ folder: ModelFolder, _ number: Int, _ settings: ModelSettings) async throws(ServingError) {
    let former = entries[folder.name]?.versions[number]?.loaded
    let stamp = FolderStamp(folder: folder.versionPath(number))
    if let former, former.stamp == stamp, former.settings == settings { return }
    table.withLock { $0.note(folder.name, number, .loading) }
    let start = MonotonicClock.now()
    do throws(ServingError) {
      let (loader, registry) = (loader, try registry.existing())
      let version = try await WorkerThread.run("load \(folder.name)") { () -> Result<LoadedVersion, ServingError> in
        do throws(ServingError) {
          try registry?.verifyIfPublished(folder.name, number)
          return .success(try loader.load(folder, number, settings))
        } catch { return .failure(error) }
      }.get()
      let replaced = table.withLock { $0.serve(version) }
      let milliseconds = (MonotonicClock.now() - start) / 1_000_000
      log.info("loaded", metadata: ["model": "\(folder.name)", "version": "\(number)", "ms": "\(milliseconds)"])
      if let replaced {
        replaced.dropCache()
        await replaced.close()
        remember(replaced)
      }
    } catch {
      table.withLock { $0.note(folder.name, number, .unavailable, error.message) }
      log.error("not loaded", metadata: ["model": "\(folder.name)", "version": "\(number)", "reason": "\(error)"])
      throw error
    }
  }

  /// Takes versions out of service, once what they admitted is answered.
  func retire(_ name: String, except kept: Set<Int>, reason: String) async {
    for number in (entries[name]?.versions.keys.sorted() ?? []) where !kept.contains(number) {
      let former = table.withLock { $0.retire(name, number, reason: reason) }
      guard let former else { continue }
      former.dropCache()
      await former.close()
      remember(former)
      table.withLock { $0.note(name, number, .unavailable, reason) }
      log.info("unloaded", metadata: ["model": "\(name)", "version": "\(number)", "reason": "\(reason)"])
    }
  }

  /// Runs work that changes what is loaded: one after the other.
  func inTurn<Value: Sendable>(
    _ work: @escaping @Sendable () async throws(ServingError) -> Value
  ) async throws(ServingError) -> Value {
    let task = lastLoad.withLock { last in
      let before = last
      // Not on the threads that answer requests: this waits for disks.
      let task = Task(executorPreference: ThreadPoolExecutor.shared) { () -> Result<Value, ServingError> in
        await before?.value
        do throws(ServingError) { return .success(try await work()) } catch { return .failure(error) }
      }
      last = Task { _ = await task.value }
      return task
    }
    return try await task.value.get()
  }
}
