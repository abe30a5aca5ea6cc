import MassRuntime

/// What the whole import of one model shares: the table of rules, the functions, and the record of what went wrong.
final class ImportSession {
  let model: ONNXModel
  let rules: ImportRules
  let functions: [ONNXFunction.Key: ONNXFunction]
  /// Versions by domain, where no function says otherwise.
  let opsets: [String: Int]
  private var functionOpsets: [ONNXFunction.Key: [String: Int]] = [:]
  private(set) var problems = ProblemLog()
  private(set) var warnings = ProblemLog()
  private(set) var operatorCounts: [String: OperatorCount] = [:]
  private(set) var nodeCount = 0
  /// Nodes of functions and bodies imported so far, and the length of their lists in units of `listUnit`.
  private var nestedSize = 0

  /// How large that may become. Functions that call functions can multiply nodes without bound, and so can bodies that a
  /// rule imports more than once; the nodes of the model's own graph are bounded by the file.
  static let nestedLimit = 250_000
  private static let listUnit = 64
  /// How deeply functions may call each other.
  static let functionDepthLimit = 64
  static let supportedOpsets = 7...28

  init(_ model: ONNXModel, rules: ImportRules) {
    self.model = model
    self.rules = rules
    opsets = Self.table(model.opsets)
    functions = Dictionary(model.functions.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private static func table(_ opsets: [ONNXOpset]) -> [String: Int] {
    Dictionary(opsets.map { ($0.domain, $0.version) }, uniquingKeysWith: { _, last in last })
  }

  /// Versions by domain inside `function`.
  func opsets(in function: ONNXFunction) -> [String: Int] {
    if let known = functionOpsets[function.key] { return known }
    let merged = opsets.merging(Self.table(function.opsets)) { _, own in own }
    functionOpsets[function.key] = merged
    return merged
  }

  var isExhausted: Bool { nestedSize > Self.nestedLimit }

  func record(_ problem: Problem) { problems.add(problem) }

  func warn(_ warning: Problem) { warnings.add(warning) }

  /// Counts a node of a function or body, calls included, against the limit.
  func countNested(_ node: ONNXNode) {
    let wasExhausted = isExhausted
    nestedSize += 1 + node.listLength / Self.listUnit
    guard isExhausted, !wasExhausted else { return }
    record(
      .mismatch(
        .limit, "functions and bodies", expected: "at most \(Self.nestedLimit) nodes when inlined", got: "more"))
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
