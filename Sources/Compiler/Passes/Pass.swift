import MassRuntime

/// One step of the compiler: graph in, graph out.
public protocol Pass: Sendable {
  var name: String { get }
  /// How far results may move; `--strict` and accuracy budgets leave out what moves too far.
  var exactness: Exactness { get }
  func run(_ graph: inout Graph, _ context: PassContext) throws(PassError) -> PassOutcome
}

/// What passes may know beyond the graph.
public struct PassContext: Sendable {
  public var options: CompileOptions

  public init(options: CompileOptions) { self.options = options }
}

public struct PassOutcome: Sendable {
  /// Names of the nodes rewritten.
  public var sites: [String]
  public var nearMisses: [PassRecord.NearMiss]

  public init(sites: [String] = [], nearMisses: [PassRecord.NearMiss] = []) {
    self.sites = sites
    self.nearMisses = nearMisses
  }
}

/// A pass went wrong: always our own bug, reported with the pass's name instead of a broken plan.
public struct PassError: Error, Hashable, CustomStringConvertible {
  public var pass: String
  public var reason: String

  public init(pass: String, reason: String) {
    self.pass = pass
    self.reason = reason
  }

  public var description: String {
    "pass '\(pass)' produced an invalid graph: \(reason); compile with --disable \(pass) and please report this"
  }
}

/// A local rewrite: looks at one node and proposes a patch, or not.
public protocol Pattern: Sendable {
  static var name: String { get }
  var exactness: Exactness { get }
  /// A patch that replaces results of node `i` (and of nodes around it), or nil where the pattern does not match.
  func patch(at i: Int, in view: GraphView) -> Patch?
}

extension Pattern {
  public var exactness: Exactness { .reassociating }
}

/// Applies one pattern everywhere until it matches nowhere.
public struct PatternPass<P: Pattern>: Pass {
  private let pattern: P

  public init(_ pattern: P) { self.pattern = pattern }

  public var name: String { P.name }
  public var exactness: Exactness { pattern.exactness }

  /// A pattern that keeps matching its own results would never end; no real chain is longer.
  private static var sweepLimit: Int { 64 }

  public func run(_ graph: inout Graph, _ context: PassContext) throws(PassError) -> PassOutcome {
    var outcome = PassOutcome()
    for _ in 0..<Self.sweepLimit {
      let view = GraphView(graph)
      var patches: [Patch] = []
      var touched: Set<Int> = []
      for i in graph.nodes.indices where !touched.contains(i) {
        guard let patch = pattern.patch(at: i, in: view), touched.isDisjoint(with: patch.matched) else { continue }
        touched.formUnion(patch.matched)
        patches.append(patch)
        outcome.sites.append(graph.nodes[i].name)
      }
      outcome.nearMisses = view.nearMisses
      if patches.isEmpty { break }
      do throws(GraphError) { try graph.apply(patches) } catch { throw PassError(pass: name, reason: "\(error)") }
    }
    return outcome
  }
}
