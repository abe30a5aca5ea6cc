#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A lock between processes, held as long as the value lives. The system releases it when the process ends.
final class FolderLock: Sendable {
  private let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Waits for the lock on the file, which is made where it is missing.
  ///
  /// A file system without locks gives it to everybody.
  static func waiting(on path: String) throws(RegistryError) -> FolderLock {
    while true {
      let lock = try opened(path)
      while flock(lock.descriptor, LOCK_EX) != 0 && errno == EINTR {}
      // Who held it before may have removed the file.
      if lock.isOf(path) { return lock }
    }
  }

  /// The lock on the file, if nobody holds it; nil too where the file system has no locks.
  static func trying(_ path: String) throws(RegistryError) -> FolderLock? {
    let lock = try opened(path)
    return flock(lock.descriptor, LOCK_EX | LOCK_NB) == 0 && lock.isOf(path) ? lock : nil
  }

  private static func opened(_ path: String) throws(RegistryError) -> FolderLock {
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw .system(path) }
    return FolderLock(descriptor: descriptor)
  }

  private func isOf(_ path: String) -> Bool {
    var ours = stat()
    var theirs = stat()
    guard unsafe fstat(descriptor, &ours) == 0, unsafe stat(path, &theirs) == 0 else { return false }
    return ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev
  }
}
