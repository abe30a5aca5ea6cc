import MassRuntime

/// What the whole import of one model shares: the table of rules, the functions, and the record of what went wrong.
final class ImportSession {
  let model: ONNXModel
  let rules: ImportRules
  let functions: [ONNXFunction.Key: ONNXFunction]
  private(set) var problems = ProblemLog()
  private(set) var warnings = ProblemLog()
  private(set) var operatorCounts: [String: OperatorCount] = [:]
  private(set) var nodeCount = 0
  /// What inlining has added so far: nodes, and the length of their lists in units of `listUnit`.
  private var inlinedSize = 0

  /// How much inlining may add. Functions that call functions can multiply nodes without bound; what a file writes out
  /// itself is bounded by the file.
  static let inliningLimit = 250_000
  private static let listUnit = 64
  /// How deeply functions may call each other.
  static let functionDepthLimit = 64
  static let supportedOpsets = 7...28

  init(_ model: ONNXModel, rules: ImportRules) {
    self.model = model
    self.rules = rules
    functions = Dictionary(model.functions.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
  }

  var isExhausted: Bool { inlinedSize > Self.inliningLimit }

  func record(_ problem: Problem) { problems.add(problem) }

  func warn(_ warning: Problem) { warnings.add(warning) }

  /// Counts a node of a function's body, calls included, against the limit.
  func countInlined(_ node: ONNXNode) {
    let wasExhausted = isExhausted
    inlinedSize += 1 + node.listLength / Self.listUnit
    guard isExhausted, !wasExhausted else { return }
    record(.mismatch(.limit, "functions", expected: "at most \(Self.inliningLimit) nodes when inlined", got: "more"))
  }

  /// Counts a node that is not the call of a function.
  func count(_ node: ONNXNode, isSupported: Bool) {
    nodeCount += 1
    let name = ONNXDomain.qualified(node.domain, node.opType)
    operatorCounts[name, default: OperatorCount(name: name, count: 0, isSupported: isSupported)].count += 1
  }

  /// The model's function that `node` calls. In ONNX's own domains a rule of ours goes before a function of the model.
  func function(for node: ONNXNode) -> ONNXFunction? {
    guard !functions.isEmpty, let function = functions[node.functionKey] else { return nil }
    let isStandard = node.domain.isEmpty || node.domain.hasPrefix("ai.onnx.")
    return isStandard && rules[node.domain, node.opType] != nil ? nil : function
  }

  func checkOpsets() {
    var versions: [String: Int] = [:]
    for opset in model.opsets {
      if let other = versions.updateValue(opset.version, forKey: opset.domain), other != opset.version {
        warn(Problem(.opset, message: "domain '\(opset.domain)' is imported in versions \(other) and \(opset.version)"))
      }
    }
    guard let version = versions[""] else { return }
    let supported = Self.supportedOpsets
    if version < supported.lowerBound {
      record(
        .mismatch(
          .opset, "opset", expected: "\(supported.lowerBound) or later", got: "\(version)",
          remedy: "try onnx.version_converter"))
    } else if version > supported.upperBound {
      warn(
        Problem(
          .opset, message: "opset \(version) is newer than \(supported.upperBound), the newest this version knows",
          remedy: "operators changed since then may be read wrongly"))
    }
  }
}

/// Problems in the order found; those that differ only in their nodes are one.
struct ProblemLog {
  private(set) var problems: [Problem] = []
  /// Problems, each node counted.
  private(set) var count = 0
  private var places: [Problem: Int] = [:]

  mutating func add(_ problem: Problem) {
    var key = problem
    key.nodes = []
    if let place = places[key] {
      problems[place].nodes += problem.nodes
      count += problem.nodes.count
    } else {
      places[key] = problems.count
      problems.append(problem)
      count += problem.count
    }
  }
}
