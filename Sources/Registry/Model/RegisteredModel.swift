import MassFormats

/// What the registry knows of a model.
public struct RegisteredModel: Hashable, Sendable {
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
  /// Whether the registry decides what is in service. It does from the first publication or activation on.
  public var isManaged: Bool
}

/// What a version of a model is to the server.
public enum VersionState: String, Hashable, Sendable, CaseIterable {
  /// Never in service yet.
  case published
  /// In service.
  case active
  /// Taken out of service.
  case retired
  /// Its files are gone; its number stays taken.
  case removed
}

/// A file of a version.
public struct RegisteredFile: Hashable, Sendable {
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

/// What the registry knows of a version.
public struct RegisteredVersion: Hashable, Sendable {
  public var model: String
  public var number: Int
  public var state: VersionState
  public var isCurrent: Bool
  /// Ascending.
  public var labels: [String]
  /// SHA-256 over the digests, sizes and names of all files; nil where the version was not published but put there.
  public var digest: String?
  public var byteCount: Int
  /// By name; empty where the version was not published but put there.
  public var files: [RegisteredFile]
  /// Empty where nobody said.
  public var publishedBy: String
  public var publishedAt: UTCTime
  public var note: String
  public var counts: VersionCounts
}

/// What a version answered since it was published.
public struct VersionCounts: Hashable, Sendable {
  public var requests: Int
  /// Those of the requests that failed.
  public var failures: Int
  public var lastUsed: UTCTime?

  public init(requests: Int = 0, failures: Int = 0, lastUsed: UTCTime? = nil) {
    self.requests = requests
    self.failures = failures
    self.lastUsed = lastUsed
  }
}

/// Something that was done to a model.
public struct RegistryEvent: Hashable, Sendable {
  public enum Action: String, Hashable, Sendable, CaseIterable {
    case publish, activate, deactivate, retire, rollback, remove, label, unlabel
    /// A version stood in the folder that the database did not know.
    case found
    /// The folder of a version was gone.
    case lost
  }

  /// Grows with time.
  public var id: Int
  public var time: UTCTime
  /// Who did it; empty where nobody said.
  public var actor: String
  public var action: Action
  public var model: String
  public var version: Int?
  public var detail: String
}

/// What of a model is in service.
public struct ServedVersions: Hashable, Sendable {
  /// Ascending.
  public var active: [Int]
  /// The version that answers requests without a version; one of the active ones.
  public var current: Int?
  /// The active ones' labels and those of others.
  public var labels: [String: Int]
}

/// Equal as long as nothing but counts changed, whichever process made the change.
public struct ChangeStamp: Hashable, Sendable {
  var identity: Int
  var revision: Int
}
