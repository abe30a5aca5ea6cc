import MassRuntime

/// A tensor of a model's signature as protocols show it.
public struct TensorDescription: Hashable, Sendable {
  public var name: String
  public var element: ElementType
  /// −1 where the extent is not fixed.
  public var shape: [Int]

  public init(name: String, element: ElementType, shape: [Int]) {
    self.name = name
    self.element = element
    self.shape = shape
  }
}

/// What metadata calls answer.
public struct ModelDescription: Hashable, Sendable {
  public var name: String
  /// Versions that are ready, ascending.
  public var versions: [Int]
  /// The version that is described.
  public var version: Int
  public var platform: String
  public var inputs: [TensorDescription]
  public var outputs: [TensorDescription]

  public init(
    name: String, versions: [Int], version: Int, platform: String, inputs: [TensorDescription],
    outputs: [TensorDescription]
  ) {
    self.name = name
    self.versions = versions
    self.version = version
    self.platform = platform
    self.inputs = inputs
    self.outputs = outputs
  }
}

/// The life of one version of a model.
public enum VersionState: String, Hashable, Sendable, CaseIterable {
  case loading = "LOADING"
  case ready = "READY"
  case unloading = "UNLOADING"
  case unavailable = "UNAVAILABLE"
}

/// A row of the repository's index.
public struct IndexEntry: Hashable, Sendable {
  public var name: String
  public var version: Int
  public var state: VersionState
  /// Why it is in that state; empty when there is nothing to say.
  public var reason: String

  public init(name: String, version: Int, state: VersionState, reason: String) {
    self.name = name
    self.version = version
    self.state = state
    self.reason = reason
  }
}

/// A count and the time it took.
public struct DurationCount: Hashable, Sendable {
  public var count: UInt64 = 0
  public var nanoseconds: UInt64 = 0

  public init() {}

  public mutating func add(_ nanoseconds: UInt64, count: UInt64 = 1) {
    self.count += count
    self.nanoseconds += nanoseconds
  }
}

/// What has been counted of one version since it was loaded.
public struct VersionStatistics: Hashable, Sendable {
  public struct Batch: Hashable, Sendable {
    public var input = DurationCount()
    public var compute = DurationCount()
    public var output = DurationCount()

    public init() {}

    mutating func add(_ times: StageTimes) {
      input.add(times.input)
      compute.add(times.compute)
      output.add(times.output)
    }
  }

  public var name = ""
  public var version = 0
  /// Milliseconds since 1970; zero for never.
  public var lastInference: UInt64 = 0
  /// Rows along the batch axis, one for models without it.
  public var inferenceCount: UInt64 = 0
  public var executionCount: UInt64 = 0
  public var success = DurationCount()
  public var failure = DurationCount()
  public var queue = DurationCount()
  public var input = DurationCount()
  public var compute = DurationCount()
  public var output = DurationCount()
  public var cacheHit = DurationCount()
  public var cacheMiss = DurationCount()
  /// By the number of rows executed together.
  public var batches: [Int: Batch] = [:]
  /// Bytes of weights and arenas.
  public var residentBytes: UInt64 = 0
  public var pending: Int = 0
  /// Failures by the code they were answered with.
  public var failures: [ServingError.Code: UInt64] = [:]

  public init() {}
}
