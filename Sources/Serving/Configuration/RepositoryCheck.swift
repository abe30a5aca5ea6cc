import Logging
import MassFormats
import MassRegistry

/// Tries everything that a server of a repository would load, as it would load it, and serves nothing.
///
/// It changes nothing but the cache of plans, and may run beside servers of the same folder.
public struct RepositoryCheck: Sendable {
  public struct Report: Hashable, Sendable {
    public var findings: [Finding] = []
    /// Models that have a version, and the versions that were tried.
    public var models = 0
    public var versions = 0
  }

  let options: RepositoryOptions
  private let loader: ModelLoader
  private let repository: ModelRepository

  /// - Parameter compiles: Whether ONNX models whose plan is not kept are compiled; else they are left aside.
  public init(_ options: RepositoryOptions, compiles: Bool = true) {
    var options = options
    if !compiles { options.compile = { _ throws(ServingError) in throw Self.leftAside } }
    self.options = options
    loader = ModelLoader(options)
    repository = ModelRepository(options, log: Logger(label: "check") { _ in SwiftLogNoOpLogHandler() })
  }

  private static let leftAside = ServingError(.unavailable, "its plan is not kept yet")

  public func run() async -> Report {
    var report = Report()
    guard let names = FileSystem.names(in: options.folder) else {
      let remedy = "name a folder that the server's user can read"
      report.findings.append(Finding(.error, options.folder, "cannot read this folder", remedy: remedy))
      return report
    }
    if !FileSystem.makeFolder(options.cache) || !FileSystem.isWritable(options.cache) {
      let remedy = "name a folder that can be written: 'plan_cache', --cache"
      let message = "plans cannot be kept here: ONNX models are compiled at every start"
      report.findings.append(Finding(.warning, options.cache, message, remedy: remedy))
    }
    let registry = registry(&report)
    if let registry { report.findings += missingFolders(registry) }
    for name in names where !name.hasPrefix(".") { await check(name, registry, &report) }
    if report.models == 0 {
      let remedy = "see that the folder is the right one and its volume mounted"
      report.findings.append(Finding(.warning, options.folder, "there is no model in this folder", remedy: remedy))
    }
    return report
  }

  /// The registry, for reading; nil if there is none, or if it cannot be read.
  private func registry(_ report: inout Report) -> Registry? {
    let place = Registry.folder(in: options.folder)
    guard FileSystem.exists(place) else { return nil }
    do throws(RegistryError) {
      return try Registry(repository: options.folder, options: RegistryOptions(access: .readOnly))
    } catch {
      report.findings.append(Finding(.error, place, error.message, remedy: "repair the registry"))
      return nil
    }
  }

  /// Models that the registry has in service and the folder has not.
  private func missingFolders(_ registry: Registry) -> [Finding] {
    do throws(RegistryError) {
      return try registry.models().filter { model in
        !model.active.isEmpty && !FileSystem.exists(repository.folder(model.name).path)
      }.map { model in
        Finding(
          .error, repository.folder(model.name).path, "the registry has this model in service and the folder is gone",
          remedy: "put it back, or remove the model with 'mass model'")
      }
    } catch {
      return [Finding(.error, Registry.folder(in: options.folder), error.message, remedy: "repair the registry")]
    }
  }

  private func check(_ name: String, _ registry: Registry?, _ report: inout Report) async {
    let folder = repository.folder(name)
    guard FileSystem.names(in: folder.path) != nil else { return }
    guard ModelName.isValid(name) else {
      let remedy = "name it with letters, digits, '.', '_' and '-', at most 128"
      report.findings.append(Finding(.warning, folder.path, "not a model's name: left aside", remedy: remedy))
      return
    }
    report.findings += strayFolders(folder)
    guard !folder.versions.isEmpty else { return }
    report.models += 1
    let problems = folder.settingsProblems(options.instances)
    report.findings += problems.map { error in
      Finding(.error, folder.settingsFile, error, remedy: "correct it; docs/serving.md lists what it may say")
    }
    do throws(ServingError) {
      // Where the settings cannot be read the model is tried with the defaults.
      let settings =
        try problems.isEmpty ? folder.settings(options.instances) : ModelSettings(instances: options.instances)
      let selection = try VersionSelection(folder, settings, registry)
      let references = SettingsReferences(
        folder: folder, settings: settings, selection: selection, isManaged: try registry?.manages(name) ?? false)
      report.findings += references.findings
      for number in selection.numbers {
        report.versions += 1
        if let finding = await check(folder, number, settings, registry) { report.findings.append(finding) }
      }
    } catch {
      let remedy = "correct 'version_policy', or add a version"
      report.findings.append(Finding(.error, folder.path, error, remedy: remedy))
    }
  }

  /// Loads a version, as the server does, and lets it go.
  private func check(
    _ folder: ModelFolder, _ number: Int, _ settings: ModelSettings, _ registry: Registry?
  ) async -> Finding? {
    var settings = settings
    // They share what they are made of.
    settings.instances.count = 1
    let file = folder.modelFile(number) ?? folder.versionPath(number)
    do throws(ServingError) {
      let (loader, settings) = (loader, settings)
      let version = try await WorkerThread.run("check \(folder.name)") { () -> Result<LoadedVersion, ServingError> in
        do throws(ServingError) {
          try registry?.verifyIfPublished(folder.name, number)
          return .success(try loader.load(folder, number, settings))
        } catch { return .failure(error) }
      }.get()
      await version.close()
      return nil
    } catch  where error == Self.leftAside {
      return Finding(.warning, file, error, remedy: "the first start compiles it, as a check without --no-compile does")
    } catch {
      return Finding(.error, file, error, remedy: "put a file there that loads, or leave the version out of service")
    }
  }

  /// Folders that look like versions and are none.
  private func strayFolders(_ folder: ModelFolder) -> [Finding] {
    let versions = Set(folder.versions.map(String.init))
    let others = (FileSystem.names(in: folder.path) ?? []).filter { name in
      !versions.contains(name) && !name.hasPrefix(".") && FileSystem.names(in: "\(folder.path)/\(name)") != nil
    }
    return others.map { name in
      let isNumber = Int(name).map { $0 > 0 && String($0) == name } ?? false
      return Finding(
        .warning, "\(folder.path)/\(name)",
        isNumber ? "holds neither model.plan nor model.onnx: left aside" : "not the number of a version: left aside",
        remedy: isNumber ? "put the model there, or remove the folder" : "name it with a whole number from 1")
    }
  }
}

extension ModelFolder {
  var settingsFile: String { "\(path)/\(ModelSettings.fileName)" }

  /// Everything that is wrong with `model.json`.
  fileprivate func settingsProblems(_ defaults: InstanceOptions) -> [ServingError] {
    guard FileSystem.exists(settingsFile) else { return [] }
    guard let text = try? WholeFile.read(settingsFile, limit: 1 << 20) else {
      do throws(ServingError) { _ = try settings(defaults) } catch { return [error] }
      return []
    }
    return SettingsProblems.all(text, path: settingsFile, nested: ["traffic"]) { text throws(ServingError) in
      _ = try ModelSettings.read(text, path: settingsFile, defaults: defaults)
    }
  }
}

extension Registry {
  /// Whether the registry, and not the model's settings, says what is in service.
  fileprivate func manages(_ name: String) throws(ServingError) -> Bool {
    do throws(RegistryError) { return try serving(name) != nil } catch { throw ServingError(error) }
  }
}

extension ModelLoader {
  init(_ options: RepositoryOptions) {
    let bytes = options.responseCacheBytes
    self.init(
      plugins: options.plugins, cache: options.cache, compile: options.compile,
      responses: ResponseCache(byteLimit: bytes, entryLimit: bytes / 16), signers: options.signers)
  }
}
