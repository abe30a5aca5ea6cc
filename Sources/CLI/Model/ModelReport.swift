import MassClient
import MassFormats

extension PublishedModel {
  func json(versions: JSON) -> JSON {
    let labels = labels.sorted { $0.key < $1.key }.map { ($0.key, JSON.int($0.value)) }
    return [
      "name": .string(name), "current": current.map { .int($0) } ?? .null, "active": .ints(active),
      "labels": .object(labels), "versions": versions, "highest_version": .int(highestVersion),
      "size": .int(byteCount), "managed": .bool(isManaged),
    ]
  }

  static func table(_ models: [PublishedModel]) -> String {
    let rows = models.map { model in
      [
        printable(model.name), model.current.map(String.init) ?? "-", model.activeList, "\(model.versionCount)",
        Text.bytes(model.byteCount), model.labelList,
      ]
    }
    return Text.table([["model", "current", "active", "versions", "size", "labels"]] + rows, right: [1, 3, 4])
  }

  fileprivate var activeList: String {
    active.isEmpty ? "-" : Text.list(active.map(String.init)).filter { $0 != " " }
  }

  fileprivate var labelList: String {
    labels.sorted { $0.key < $1.key }.map { "\(printable($0.key))=\($0.value)" }.joined(separator: ",")
  }
}

extension ModelHistory {
  var json: JSON { model.json(versions: .array(versions.map(\.json))) }

  var table: String {
    let rows = versions.map { version in
      [
        "\(version.number)", version.stateText, version.state == .removed ? "-" : grouped(version.byteCount),
        version.digest.map { shortened($0) } ?? "-", dash(version.publishedBy), printable(version.publishedAt),
        grouped(version.counts.requests), grouped(version.counts.failures),
        version.labels.map(printable).joined(separator: ","),
      ]
    }
    let head = ["version", "state", "bytes", "digest", "by", "published", "requests", "failures", "labels"]
    return Text.table([head] + rows, right: [0, 2, 6, 7])
  }

  var description: String {
    let current = model.current.map { "current \($0)" } ?? "no current version"
    let managed = model.isManaged ? "" : ", not managed: what is in the folder is served"
    var lines = [
      "\(printable(model.name)): \(current), active \(model.activeList), "
        + "\(Text.count(model.versionCount, "version")), highest \(model.highestVersion)\(managed)"
    ]
    if !model.labels.isEmpty { lines.append("labels \(model.labelList)") }
    return (lines + versions.map { "\n\($0.description)" }).joined(separator: "\n")
  }
}

extension PublishedVersion {
  var json: JSON {
    let files = files.map { file -> JSON in
      ["name": .string(file.name), "size": .int(file.byteCount), "sha256": .string(file.sha256)]
    }
    return [
      "model": .string(model), "version": .int(number), "state": .string(state.rawValue), "current": .bool(isCurrent),
      "labels": .strings(labels), "digest": digest.map { .string($0) } ?? .null, "size": .int(byteCount),
      "files": .array(files), "published_by": .string(publishedBy), "published_at": .string(publishedAt),
      "note": .string(note), "requests": .int(counts.requests), "failures": .int(counts.failures),
      "last_used": counts.lastUsed.map { .string($0) } ?? .null, "serving": isServing.map { .bool($0) } ?? .null,
    ]
  }

  fileprivate var stateText: String { isCurrent ? "\(state.rawValue), current" : state.rawValue }

  private var title: String { "\(printable(model)) version \(number)" }

  /// What a change made of it.
  var status: String {
    let labels = labels.isEmpty ? "" : ", labels \(labels.map(printable).joined(separator: ", "))"
    return "\(title): \(stateText)\(labels)"
  }

  /// What was published. One file is named by its own digest, several by the digest over all.
  var announcement: String {
    let digest = files.count == 1 ? files.first?.sha256 : digest
    let parts = [
      files.count == 1 ? nil : Text.count(files.count, "file"), "\(grouped(byteCount)) bytes",
      digest.map { "\(files.count == 1 ? "sha256" : "digest") \(shortened($0))" },
      publishedBy.isEmpty ? nil : "published by \(printable(publishedBy))", state == .active ? "active" : "not active",
    ]
    return "\(title): \(parts.compactMap(\.self).joined(separator: ", "))"
  }

  /// Everything, a line for each part.
  var description: String {
    let serving = isServing.map { $0 ? ", ready in the server" : ", not loaded in the server" } ?? ""
    let used = counts.lastUsed.map { ", last at \(printable($0))" } ?? ""
    var rows = [
      ["published", "\(printable(publishedAt)) by \(dash(publishedBy))"],
      ["requests", "\(grouped(counts.requests)), \(grouped(counts.failures)) failed\(used)"],
      ["bytes", grouped(byteCount)], ["digest", dash(digest ?? "")],
    ]
    if !note.isEmpty { rows.insert(["note", printable(note)], at: 1) }
    let listed = files.map { ["file", printable($0.name), grouped($0.byteCount), printable($0.sha256)] }
    let lines = [Text.table(rows), Text.table(listed, right: [2])].filter { !$0.isEmpty }.joined(separator: "\n")
    return "\(status)\(serving)\n" + lines.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
  }
}

extension RegistryLogEntry {
  var json: JSON {
    [
      "id": .int(id), "time": .string(time), "user": .string(user), "action": .string(action),
      "model": .string(model), "version": version.map { .int($0) } ?? .null, "detail": .string(detail),
    ]
  }

  static func table(_ events: [RegistryLogEntry]) -> String {
    let rows = events.map { event in
      [
        printable(event.time), dash(event.user), printable(event.action), printable(event.model),
        event.version.map(String.init) ?? "-", printable(event.detail),
      ]
    }
    return Text.table([["time", "by", "action", "model", "version", "detail"]] + rows, right: [4])
  }
}

// MARK: Texts

/// The text on one line, without what a terminal would obey: notes come from anybody who publishes.
private func printable(_ text: String) -> String {
  var line = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    line.append(isControl ? (scalar == "\n" || scalar == "\t" ? " " : "\u{FFFD}") : scalar)
  }
  return String(line)
}

private func dash(_ text: String) -> String { text.isEmpty ? "-" : printable(text) }

/// The first digits of a digest.
private func shortened(_ digest: String) -> String {
  digest.count > 12 ? "\(printable(String(digest.prefix(12))))…" : digest
}

/// Such as `15,234`.
private func grouped(_ number: Int) -> String {
  var digits = Array(String(number))
  var place = digits.count - 3
  while place > (number < 0 ? 1 : 0) {
    digits.insert(",", at: place)
    place -= 3
  }
  return String(digits)
}
