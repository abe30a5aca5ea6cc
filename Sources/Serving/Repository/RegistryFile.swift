import MassFormats
import MassRegistry
import Synchronization

/// The registry of a repository: opened when there is one, made when something is to be published.
final class RegistryFile: Sendable {
  private let folder: String?
  private let options: RegistryOptions
  private let opened = Mutex<Registry?>(nil)

  /// - Parameters:
  ///   - folder: nil where there is no folder of models, and so never a registry.
  ///   - check: Says why the model file at a path could not be served.
  init(_ folder: String?, check: @escaping @Sendable (_ modelPath: String) throws(ServingError) -> Void) {
    self.folder = folder
    options = RegistryOptions(validate: { path throws(RegistryError) in
      do throws(ServingError) { try check(path) } catch {
        // The client knows its files by their names, not where they are staged.
        let folder = path.dropLast(FileSystem.name(path).count)
        throw RegistryError(.invalid, error.message.replacing(folder, with: ""))
      }
    })
  }

  /// nil if nothing was ever published here.
  ///
  /// - Throws: Why the registry cannot be read.
  func existing() throws(ServingError) -> Registry? {
    if let registry = opened.withLock({ $0 }) { return registry }
    guard let folder else { return nil }
    return FileSystem.exists(Registry.folder(in: folder)) ? try make() : nil
  }

  /// - Throws: Why there can be no registry.
  func make() throws(ServingError) -> Registry {
    guard let folder else {
      throw ServingError(.permissionDenied, "single models have no registry: serve a repository to publish to it")
    }
    let result: Result<Registry, RegistryError> = opened.withLock { opened in
      if let opened { return .success(opened) }
      do throws(RegistryError) {
        let registry = try Registry(repository: folder, options: options)
        opened = registry
        return .success(registry)
      } catch { return .failure(error) }
    }
    do throws(RegistryError) { return try result.get() } catch { throw ServingError(error) }
  }
}

extension Registry {
  /// Compares the files of a version with what was published; nobody vouches for those of one that was put there by hand.
  func verifyIfPublished(_ name: String, _ number: Int) throws(ServingError) {
    do throws(RegistryError) {
      guard try version(name, number).digest != nil else { return }
      try verify(name, number)
    } catch  where error.kind == .notFound {
      return
    } catch { throw ServingError(error) }
  }
}
