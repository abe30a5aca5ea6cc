import MassFormats
import MassRegistry
import Synchronization

/// What tells one state of a repository's files from another without reading them.
struct RepositoryStamp: Sendable {
  struct Model: Hashable, Sendable {
    var settings: FolderStamp
    var versions: [Int: FolderStamp]
  }

  var models: [String: Model] = [:]
  var registry: ChangeStamp?
  /// By model, what the registry has in service.
  var served: [String: ServedVersions] = [:]

  init() {}

  /// - Parameter former: What the registry has in service is taken from there where the registry did not change.
  /// - Returns: nil where a folder that is there cannot be read now, and where every model is gone at once: a volume that is
  ///   not mounted looks like that.
  init?(_ repository: ModelRepository, since former: RepositoryStamp? = nil) {
    let names = repository.names
    let options = repository.options
    guard !options.models.isEmpty || Self.isReadable(options.folder), !names.isEmpty || former?.models.isEmpty ?? true
    else {
      return nil
    }
    for name in names {
      let folder = repository.folder(name)
      let versions = folder.versions.map { ($0, FolderStamp(folder: folder.versionPath($0))) }
      models[name] = Model(
        settings: FolderStamp(folder: folder.path), versions: Dictionary(uniqueKeysWithValues: versions))
      let paths = [folder.path] + versions.map { folder.versionPath($0.0) }
      guard paths.allSatisfy({ Self.isReadable($0) || !FileSystem.exists($0) }) else { return nil }
    }
    let known = former?.models.keys.filter { models[$0] == nil } ?? []
    guard known.allSatisfy({ repository.folder($0).isGone }) else { return nil }
    let file = try? repository.registry.existing()
    registry = try? file?.changeStamp()
    served = former?.served ?? [:]
    guard let file, registry != nil, registry != former?.registry else { return }
    for name in models.keys { served[name] = (try? file.serving(name)) ?? nil }
  }
}

extension RepositoryStamp {
  private static func isReadable(_ folder: String) -> Bool { FileSystem.names(in: folder) != nil }
}

extension ModelFolder {
  /// Whether no version is there, as far as can be said without reading folders: for that there may be no descriptors.
  fileprivate var isGone: Bool { !FileSystem.exists(path) || FileSystem.names(in: path) != nil && versions.isEmpty }
}

/// Notices what others change in a repository: files put there by hand, publications by other processes.
final class RepositoryWatch: Sendable {
  fileprivate struct State {
    /// As it was when it was last loaded.
    var applied: RepositoryStamp
    /// As it was seen last.
    var seen: RepositoryStamp
  }

  private let repository: ModelRepository
  private let state: Mutex<State>

  init(_ repository: ModelRepository) {
    self.repository = repository
    let stamp = RepositoryStamp(repository) ?? RepositoryStamp()
    state = Mutex(State(applied: stamp, seen: stamp))
  }

  /// Loads what is new or changed, and takes out of service what is gone. Files that still change are left for the next time:
  /// a copy may be under way.
  func look() async {
    guard let now = RepositoryStamp(repository, since: state.withLock { $0.seen }) else { return }
    let (changed, gone) = state.withLock { state in state.update(now) }
    for name in gone { await repository.forget(name) }
    // The log and the index say why one could not be loaded.
    for name in changed { try? await repository.load(name) }
  }
}

extension RepositoryWatch.State {
  /// The models to load, and those to forget.
  fileprivate mutating func update(_ now: RepositoryStamp) -> (changed: [String], gone: [String]) {
    let gone = applied.models.keys.filter { now.models[$0] == nil }
    let settled = now.models.filter { $0.value == seen.models[$0.key] && $0.value != applied.models[$0.key] }
    let switched = applied.models.keys.filter { now.served[$0] != applied.served[$0] }
    seen = now
    applied.served = now.served
    for name in gone { applied.models[name] = nil }
    for (name, stamp) in settled { applied.models[name] = stamp }
    return (Set(settled.keys).union(switched).subtracting(gone).sorted(), gone.sorted())
  }
}
