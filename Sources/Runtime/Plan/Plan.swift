/// A compiled model: what one plan file holds.
public struct Plan: Sendable {
  public var header: PlanHeader
  public var graph: Graph
  /// What was derived for one kind of processor, if the file has it and it fits this one.
  public var target: PlanTarget?
  public var report: [PassRecord]
  /// Bytes of the file this plan was read from; zero for one not saved yet.
  public internal(set) var byteCount = 0

  public init(header: PlanHeader, graph: Graph, target: PlanTarget? = nil, report: [PassRecord] = []) {
    self.header = header
    self.graph = graph
    self.target = target
    self.report = report
  }
}

public struct PlanHeader: Sendable, Hashable {
  /// Program and version that wrote the plan.
  public var producer: String
  /// How results may differ from the model's, in words.
  public var numerics: String
  /// The model file's name.
  public var source: String

  public init(producer: String, numerics: String, source: String) {
    self.producer = producer
    self.numerics = numerics
    self.source = source
  }
}

/// Constants packed for, and kernels chosen on, one kind of processor.
public struct PlanTarget: Sendable {
  /// Instruction set and kernel library versions; a reader whose own differs ignores the section.
  public var processor: String
  public var threads: Int
  public var packed: [PackedConstants.Key: Tensor]
  public var choices: KernelChoices

  public init(processor: String, threads: Int, packed: [PackedConstants.Key: Tensor], choices: KernelChoices) {
    self.processor = processor
    self.threads = threads
    self.packed = packed
    self.choices = choices
  }
}

/// Which kernel was fastest for a node, for one signature of input shapes.
public struct KernelChoices: Sendable {
  public struct Site: Hashable, Sendable {
    public var node: Int
    /// Input shapes, flattened: rank, extents, rank, extents…
    public var signature: [Int]

    public init(node: Int, signature: [Int]) {
      self.node = node
      self.signature = signature
    }
  }

  public var kernels: [Site: String]

  public init(_ kernels: [Site: String] = [:]) { self.kernels = kernels }
}

/// What one pass did, kept in the plan so that `mass inspect` can tell.
public struct PassRecord: Sendable, Hashable {
  public var name: String
  public var milliseconds: Double
  public var nodesBefore: Int
  public var nodesAfter: Int
  /// Names of the nodes it rewrote.
  public var sites: [String]
  public var nearMisses: [NearMiss]

  public struct NearMiss: Sendable, Hashable {
    public var node: String
    public var reason: String

    public init(node: String, reason: String) {
      self.node = node
      self.reason = reason
    }
  }

  public init(
    name: String, milliseconds: Double, nodesBefore: Int, nodesAfter: Int, sites: [String], nearMisses: [NearMiss]
  ) {
    self.name = name
    self.milliseconds = milliseconds
    self.nodesBefore = nodesBefore
    self.nodesAfter = nodesAfter
    self.sites = sites
    self.nearMisses = nearMisses
  }
}

/// Why a plan cannot be read or written.
public enum PlanError: Error, Hashable, CustomStringConvertible {
  case file(path: String, reason: String)
  case notAPlan
  case unsupportedVersion(UInt32)
  case truncated(expected: Int, got: Int)
  case digestMismatch(section: String)
  case malformed(String)
  case unknownOperator(String)
  case badAttributes(operator: String, node: String, reason: String)
  case invalidGraph(String)

  public var description: String {
    switch self {
    case .file(let path, let reason): "\(path): \(reason)"
    case .notAPlan: "expected a plan file (magic MASSPLAN), got something else; compile the model with 'mass compile'"
    case .unsupportedVersion(let version):
      "expected plan version \(PlanFile.version), got \(version); compile the model again with this version of mass"
    case .truncated(let expected, let got): "expected \(expected) bytes, got \(got): the plan is truncated"
    case .digestMismatch(let section): "section '\(section)' does not match its digest: the plan is damaged"
    case .malformed(let what): "malformed plan: \(what)"
    case .unknownOperator(let name):
      "operator '\(name)' is unknown to this build; load the plugin that provides it or compile the model again"
    case .badAttributes(let op, let node, let reason): "node '\(node)' (\(op)): attributes cannot be decoded: \(reason)"
    case .invalidGraph(let reason): "the plan's graph is not valid: \(reason)"
    }
  }
}
