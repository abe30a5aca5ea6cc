/// What a registry says of a model.
public struct PublishedModel: Hashable, Sendable {
  public var name: String
  /// The version that answers requests without a version.
  public var current: Int?
  /// The versions in service, ascending.
  public var active: [Int]
  public var labels: [String: Int]
  /// The versions whose files are there.
  public var versionCount: Int
  /// The bytes of their files.
  public var byteCount: Int
  /// The largest number that a version ever had.
  public var highestVersion: Int
  /// Whether the registry decides what is in service.
  public var isManaged: Bool

  public init(
    name: String, current: Int?, active: [Int], labels: [String: Int], versionCount: Int, byteCount: Int,
    highestVersion: Int, isManaged: Bool
  ) {
    self.name = name
    self.current = current
    self.active = active
    self.labels = labels
    self.versionCount = versionCount
    self.byteCount = byteCount
    self.highestVersion = highestVersion
    self.isManaged = isManaged
  }
}

/// A model with all versions that it has or had.
public struct ModelHistory: Hashable, Sendable {
  public var model: PublishedModel
  /// Ascending, removed ones too.
  public var versions: [PublishedVersion]

  public init(_ model: PublishedModel, _ versions: [PublishedVersion]) {
    self.model = model
    self.versions = versions
  }
}

/// A file of a version.
public struct PublishedFile: Hashable, Sendable {
  public var name: String
  public var byteCount: Int
  /// Lowercase hexadecimal.
  public var sha256: String

  public init(name: String, byteCount: Int, sha256: String) {
    self.name = name
    self.byteCount = byteCount
    self.sha256 = sha256
  }
}

/// What a registry says of a version.
public struct PublishedVersion: Hashable, Sendable {
  public enum State: String, Hashable, Sendable, CaseIterable {
    /// Never in service yet.
    case published
    /// In service.
    case active
    /// Taken out of service.
    case retired
    /// Its files are gone; its number stays taken.
    case removed
  }

  public struct Counts: Hashable, Sendable {
    public var requests: Int
    /// Those of the requests that failed.
    public var failures: Int
    /// RFC 3339.
    public var lastUsed: String?

    public init(requests: Int, failures: Int, lastUsed: String?) {
      self.requests = requests
      self.failures = failures
      self.lastUsed = lastUsed
    }
  }

  public var model: String
  public var number: Int
  public var state: State
  public var isCurrent: Bool
  /// Ascending.
  public var labels: [String]
  /// SHA-256 over the digests, sizes and names of all files; nil where the version was not published but put there.
  public var digest: String?
  public var byteCount: Int
  public var files: [PublishedFile]
  /// Who published it; empty where nobody said.
  public var publishedBy: String
  /// RFC 3339.
  public var publishedAt: String
  public var note: String
  public var counts: Counts
  /// Whether the asked server has it loaded and ready; nil where no server was asked.
  public var isServing: Bool?

  public init(
    model: String, number: Int, state: State, isCurrent: Bool, labels: [String], digest: String?, byteCount: Int,
    files: [PublishedFile], publishedBy: String, publishedAt: String, note: String, counts: Counts, isServing: Bool?
  ) {
    self.model = model
    self.number = number
    self.state = state
    self.isCurrent = isCurrent
    self.labels = labels
    self.digest = digest
    self.byteCount = byteCount
    self.files = files
    self.publishedBy = publishedBy
    self.publishedAt = publishedAt
    self.note = note
    self.counts = counts
    self.isServing = isServing
  }
}

/// Something that was done to a model.
public struct RegistryLogEntry: Hashable, Sendable {
  /// Grows with time.
  public var id: Int
  /// RFC 3339.
  public var time: String
  /// Who did it; empty where nobody said.
  public var user: String
  public var action: String
  public var model: String
  public var version: Int?
  public var detail: String

  public init(id: Int, time: String, user: String, action: String, model: String, version: Int?, detail: String) {
    self.id = id
    self.time = time
    self.user = user
    self.action = action
    self.model = model
    self.version = version
    self.detail = detail
  }
}
