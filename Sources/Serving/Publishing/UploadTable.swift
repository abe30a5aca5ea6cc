import MassRegistry
import Synchronization

/// The uploads that clients are about to publish. What is forgotten disappears after a while.
final class UploadTable: Sendable {
  private struct Entry {
    let upload: Upload
    var lastUse: UInt64
  }

  private let limit: Int
  private let idleNanoseconds: UInt64
  private let entries = Mutex<[String: Entry]>([:])

  /// - Parameter limit: Uploads at a time.
  /// - Parameter idleSeconds: Time without a request after which an upload is dropped.
  init(limit: Int = 16, idleSeconds: UInt64 = 3600) {
    self.limit = limit
    idleNanoseconds = idleSeconds * 1_000_000_000
  }

  /// - Throws: `resourceExhausted` while there are too many.
  func begin(in repository: ModelRepository) throws(ServingError) -> Upload {
    dropIdle()
    guard entries.withLock({ $0.count }) < limit else {
      throw ServingError(
        .resourceExhausted, "\(limit) uploads are under way; publish or delete one of them", retryAfter: 60)
    }
    let upload = try repository.change { registry throws(RegistryError) in try registry.beginUpload() }
    entries.withLock { $0[upload.id] = Entry(upload: upload, lastUse: MonotonicClock.now()) }
    return upload
  }

  /// - Throws: `notFound` for what never was or was dropped.
  func find(_ id: String) throws(ServingError) -> Upload {
    let upload = entries.withLock { entries in
      entries[id]?.lastUse = MonotonicClock.now()
      return entries[id]?.upload
    }
    guard let upload else { throw ServingError(.notFound, "there is no upload '\(id)'; it may have been dropped") }
    return upload
  }

  /// Forgets an upload that was published or is not wanted; in the latter case its files disappear.
  func end(_ id: String) { entries.withLock { $0.removeValue(forKey: id) }?.upload.abandon() }

  private func dropIdle() {
    let now = MonotonicClock.now()
    let idle = entries.withLock { entries in
      entries.filter { now - min(now, $0.value.lastUse) > idleNanoseconds }.keys
    }
    for id in idle { end(id) }
  }
}
