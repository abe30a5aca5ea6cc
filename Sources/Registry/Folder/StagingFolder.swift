import Synchronization

/// The folder of uploads: `<id>/` with the files, `<id>.lock` with the lock of who writes them.
enum StagingFolder {
  /// The uploads of this process: some shared volumes give a process a lock that it has already.
  static let inUse = Mutex<Set<String>>([])

  private static let suffix = ".lock"

  static func lock(of folder: String) -> String { folder + suffix }

  /// Deletes what nobody writes any more.
  ///
  /// - Returns: How many uploads there were.
  static func sweep(_ staging: String) throws(RegistryError) -> Int {
    let names = try Files.names(in: staging)
    let ids = Set(names.map { $0.hasSuffix(suffix) ? String($0.dropLast(suffix.count)) : $0 })
    var count = 0
    for id in ids.sorted() where !inUse.withLock({ $0.contains(id) }) {
      let folder = "\(staging)/\(id)"
      guard let lock = try FolderLock.trying(Self.lock(of: folder)) else { continue }
      Files.removeTree(folder)
      Files.removeFile(Self.lock(of: folder))
      withExtendedLifetime(lock) {}
      count += 1
    }
    return count
  }
}
