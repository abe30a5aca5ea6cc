import MassRegistry
import Synchronization

/// The uploads that clients are about to publish. What is forgotten disappears after a while.
final class UploadTable: Sendable {
  private struct Entry {
    let upload: Upload
    /// The key that began it; empty where no keys are asked for.
    let owner: String
    var lastUse: UInt64
  }

  private let limit: Int
  private let idleNanoseconds: UInt64
  private let entries = Mutex<[String: Entry]>([:])

  /// - Parameter limit: Uploads of an owner at a time; of all owners together eight times as many.
  /// - Parameter idleSeconds: Time without a request after which an upload is dropped.
  init(limit: Int = 16, idleSeconds: UInt64 = 3600) {
    self.limit = limit
    idleNanoseconds = idleSeconds * 1_000_000_000
  }

  /// - Throws: `resourceExhausted` while there are too many.
  func begin(in repository: ModelRepository, by owner: String) throws(ServingError) -> Upload {
    dropIdle()
    let isFull = entries.withLock { entries in
      entries.count >= 8 * limit || entries.values.count { $0.owner == owner } >= limit
    }
    guard !isFull else {
      throw ServingError(
        .resourceExhausted, "\(limit) uploads are under way; publish or delete one of them", retryAfter: 60)
    }
    let upload = try repository.change { registry throws(RegistryError) in try registry.beginUpload() }
    entries.withLock { $0[upload.id] = Entry(upload: upload, owner: owner, lastUse: MonotonicClock.now()) }
    return upload
  }

  /// - Throws: `notFound` for what never was, was dropped, or belongs to somebody else.
  func find(_ id: String, of owner: String) throws(ServingError) -> Upload {
    let upload = entries.withLock { entries -> Upload? in
      guard entries[id]?.owner == owner else { return nil }
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
