import MassFormats
import MassRegistry

extension RegisteredModel {
  /// The object of the registry's interface; `versions` in full, or else their number.
  func json(_ versions: [JSON]?) -> JSON {
    [
      "name": .string(name), "current": current.map { .int($0) } ?? .null, "active": .ints(active),
      "labels": .object(labels.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) }),
      "versions": versions.map { .array($0) } ?? .int(versionCount), "highest_version": .int(highestVersion),
      "size": .int(byteCount),
      "managed": .bool(isManaged),
    ]
  }
}

extension RegisteredVersion {
  /// - Parameter isServing: Whether this server has it loaded.
  func json(isServing: Bool) -> JSON {
    [
      "model": .string(model), "version": .int(number), "state": .string(state.rawValue), "current": .bool(isCurrent),
      "labels": .strings(labels), "digest": digest.map { .string($0) } ?? .null, "size": .int(byteCount),
      "files": .array(files.map(\.json)), "published_by": .string(publishedBy),
      "published_at": .string(publishedAt.description), "note": .string(note), "requests": .int(counts.requests),
      "failures": .int(counts.failures), "last_used": counts.lastUsed.map { .string($0.description) } ?? .null,
      "serving": .bool(isServing),
    ]
  }
}

extension RegisteredFile {
  var json: JSON { ["name": .string(name), "size": .int(byteCount), "sha256": .string(sha256)] }
}

extension RegistryEvent {
  var json: JSON {
    [
      "id": .int(id), "time": .string(time.description), "user": .string(actor), "action": .string(action.rawValue),
      "model": .string(model), "version": version.map { .int($0) } ?? .null, "detail": .string(detail),
    ]
  }
}
