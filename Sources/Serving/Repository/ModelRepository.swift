import Logging
import MassFormats
import MassRuntime
import Synchronization

/// Where models are found and how they are loaded.
public struct RepositoryOptions: Sendable {
  /// The folder of models: `<name>/<version>/{model.plan,model.onnx}`.
  public var folder: String
  /// Where plans of ONNX models are kept.
  public var cache: String
  public var plugins: [any RuntimePlugin]
  /// For models whose settings do not say otherwise.
  public var instances: InstanceOptions
  public var compile: @Sendable (CompileOrder) throws(ServingError) -> Void

  public init(
    folder: String, cache: String, plugins: [any RuntimePlugin], instances: InstanceOptions,
    compile: @escaping @Sendable (CompileOrder) throws(ServingError) -> Void
  ) {
    self.folder = folder
    self.cache = cache
    self.plugins = plugins
    self.instances = instances
    self.compile = compile
  }
}

/// The models of a folder and the versions of them that answer.
///
/// Requests read the table under a lock that is held for a look-up only; loading happens outside it, one model at a time, on a
/// thread of its own.
public final class ModelRepository: Sendable {
  private let options: RepositoryOptions
  private let loader: ModelLoader
  private let log: Logger
  private let table = Mutex(ModelTable())
  /// The end of the chain of loads: each waits for the one before.
  private let lastLoad = Mutex<Task<Void, Never>?>(nil)

  public init(_ options: RepositoryOptions, log: Logger) {
    self.options = options
    self.log = log
    loader = ModelLoader(plugins: options.plugins, cache: options.cache, compile: options.compile)
  }

  /// Names of the models in the folder, sorted; those that cannot be asked for are left out with a warning.
  public var names: [String] {
    (FileSystem.names(in: options.folder) ?? []).filter { name in
      guard ModelFolder.isValid(name) else {
        if !name.hasPrefix(".") { log.warning("not a model's name", metadata: ["folder": "\(name)"]) }
        return false
      }
      return !ModelFolder(name: name, path: "\(options.folder)/\(name)").versions.isEmpty
    }
  }

  // MARK: Finding

  func find(_ model: ModelReference) throws(ServingError) -> LoadedVersion {
    let found: Result<LoadedVersion, ServingError> = table.withLock { table in
      do throws(ServingError) { return .success(try table.find(model)) } catch { return .failure(error) }
    }
    return try found.get()
  }

  var entries: [String: ModelTable.Entry] { table.withLock { $0.entries } }

  // MARK: Loading

  /// Loads what the model's settings select, versions that are loaded and unchanged excepted.
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
      await self.retire(name, except: [], reason: "unloaded")
      self.table.withLock { $0.update(name) { $0.isUnloaded = true } }
    }
  }

  private func loadNow(_ name: String) async throws(ServingError) {
    let folder = ModelFolder(name: name, path: "\(options.folder)/\(name)")
    guard ModelFolder.isValid(name), !folder.versions.isEmpty else {
      throw ServingError(.notFound, "failed to load '\(name)', no version is available in the repository")
    }
    let settings = try folder.settings(options.instances)
    let numbers = folder.selected(settings.versionPolicy)
    guard !numbers.isEmpty else {
      throw ServingError(.notFound, "failed to load '\(name)': its version_policy selects no version")
    }
    var failures: [(number: Int, error: ServingError)] = []
    for number in numbers {
      do throws(ServingError) { try await loadNow(folder, number, settings) } catch { failures.append((number, error)) }
    }
    let failed = Set(failures.map(\.number))
    // A version that is to go stays while nothing that was asked for could take its place.
    if failed.count < numbers.count { await retire(name, except: Set(numbers), reason: "not selected") }
    if let failure = failures.last {
      throw ServingError(failure.error.code, "failed to load '\(name)' version \(failure.number): \(failure.error)")
    }
  }

  private func loadNow(_ folder: ModelFolder, _ number: Int, _ settings: ModelSettings) async throws(ServingError) {
    let former = entries[folder.name]?.versions[number]?.loaded
    let stamp = FolderStamp(folder: folder.versionPath(number))
    if let former, former.stamp == stamp, former.settings == settings { return }
    table.withLock { $0.note(folder.name, number, .loading) }
    let start = MonotonicClock.now()
    do throws(ServingError) {
      let loader = loader
      let version = try await WorkerThread.run("load \(folder.name)") { () -> Result<LoadedVersion, ServingError> in
        do throws(ServingError) { return .success(try loader.load(folder, number, settings)) } catch {
          return .failure(error)
        }
      }.get()
      let replaced = table.withLock { $0.serve(version) }
      let milliseconds = (MonotonicClock.now() - start) / 1_000_000
      log.info("loaded", metadata: ["model": "\(folder.name)", "version": "\(number)", "ms": "\(milliseconds)"])
      await replaced?.pool.close()
    } catch {
      table.withLock { $0.note(folder.name, number, .unavailable, error.message) }
      log.error("not loaded", metadata: ["model": "\(folder.name)", "version": "\(number)", "reason": "\(error)"])
      throw error
    }
  }

  private func retire(_ name: String, except kept: Set<Int>, reason: String) async {
    for number in (entries[name]?.versions.keys.sorted() ?? []) where !kept.contains(number) {
      let former = table.withLock { $0.retire(name, number, reason: reason) }
      guard let former else { continue }
      await former.pool.close()
      table.withLock { $0.note(name, number, .unavailable, reason) }
      log.info("unloaded", metadata: ["model": "\(name)", "version": "\(number)", "reason": "\(reason)"])
    }
  }

  private func inTurn(
    _ work: @escaping @Sendable () async throws(ServingError) -> Void
  ) async throws(ServingError) {
    let task = lastLoad.withLock { last in
      let before = last
      let task = Task { () -> Result<Void, ServingError> in
        await before?.value
        do throws(ServingError) {
          try await work()
          return .success(())
        } catch { return .failure(error) }
      }
      last = Task { _ = await task.value }
      return task
    }
    try await task.value.get()
  }
}
