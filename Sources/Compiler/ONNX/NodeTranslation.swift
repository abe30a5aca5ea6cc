import MassRuntime

/// One ONNX node on its way into the graph: what an `ImportRule` sees and builds with.
///
/// It refers to the graph under construction, so a rule may use it from helper functions freely; it must not outlive
/// the rule's call.
public struct NodeTranslation {
  let node: ONNXNode
  let scope: ImportScope
  /// The node's operands as values; nil where left out. Trailing omissions are dropped.
  public let inputs: [ValueID?]
  /// The node's name, unique in the graph.
  public let name: String
  /// The version of the node's domain that the model, or the function around the node, imports.
  public let opset: Int
  let attributes: [String: ONNXAttribute]
  let progress: TranslationProgress

  init(_ node: ONNXNode, in scope: ImportScope, name: String, inputs: [ValueID?]) {
    self.node = node
    self.scope = scope
    self.name = name
    self.inputs = inputs
    opset = scope.opset(of: node.domain)
    attributes = scope.attributes(of: node)
    progress = TranslationProgress()
  }

  var builder: GraphBuilder { scope.builder }

  public var opType: String { node.opType }

  /// Empty for `ai.onnx`.
  public var domain: String { node.domain }

  public var inputCount: Int { inputs.count }

  /// Declared results; trailing empty names are dropped.
  public var outputCount: Int { node.outputs.count }

  public func isOutputUsed(_ i: Int) -> Bool { node.outputs.indices.contains(i) && !node.outputs[i].isEmpty }
}

/// What a rule has read and finished, observed by the importer afterwards.
final class TranslationProgress {
  var attributesRead: Set<String> = []
  var isFinished = false
  var helperCount = 0
}

// MARK: - Operands

extension NodeTranslation {
  /// Operand `i`, or nil when it is left out.
  public func input(_ i: Int) -> ValueID? { inputs.indices.contains(i) ? inputs[i] : nil }

  public func hasInput(_ i: Int) -> Bool { input(i) != nil }

  /// Operand `i`, which the operator cannot do without.
  public func requiredInput(_ i: Int) throws(ImportError) -> ValueID {
    guard let id = input(i) else { throw invalid(expected: "operand \(i)", got: "\(inputCount) operands") }
    return id
  }

  /// Operand `i` if it is a constant.
  public func constant(_ i: Int) -> Tensor? { input(i).flatMap { builder.graph.constants[$0] } }

  /// The elements of integer operand `i`, if they are constant or follow from shapes alone.
  public func integers(_ i: Int) -> [Int]? { input(i).flatMap { builder.integers($0) } }

  /// The type inferred so far; `.unknown` also for an operand that is left out.
  public func type(_ i: Int) -> ValueType { input(i).map { builder.type($0) } ?? .unknown }

  public func type(_ id: ValueID) -> ValueType { builder.type(id) }

  public func element(_ i: Int) -> ElementType? { type(i).element }

  public func rank(_ i: Int) -> Int? { type(i).tensor?.rank }

  public func shape(_ i: Int) -> Shape? { type(i).tensor?.shape }

  /// The element type of operand `i`, where the translation depends on it.
  public func requiredElement(_ i: Int) throws(ImportError) -> ElementType {
    guard let element = element(i) else {
      throw unsupported("operand \(i) with an element type that is not known before the model runs")
    }
    return element
  }

  /// The rank of operand `i`, where the translation depends on it.
  public func requiredRank(_ i: Int) throws(ImportError) -> Int {
    guard let rank = rank(i) else {
      throw unsupported("operand \(i) with a rank that is not known before the model runs")
    }
    return rank
  }

  /// The elements of integer operand `i`, where the translation depends on them.
  public func requiredIntegers(_ i: Int, _ role: String) throws(ImportError) -> [Int] {
    guard let values = integers(i) else { throw unsupported("\(role) that are not known before the model runs") }
    return values
  }
}

// MARK: - Errors

extension NodeTranslation {
  /// The error for a use of the operator that is right but not supported; `what` is a noun phrase.
  public func unsupported(_ what: String) -> ImportError {
    ImportError(problem(.unsupportedUse, message: "\(what) is not supported"))
  }

  /// The error for a node that contradicts its operator's definition.
  public func invalid(expected: String, got: String) -> ImportError {
    ImportError(problem(.operands, message: "expected \(expected), got \(got)"))
  }

  func problem(_ kind: Problem.Kind, message: String, remedy: String = "") -> Problem {
    Problem(
      kind, op: ONNXDomain.qualified(domain, opType), nodes: [name], message: message, remedy: remedy)
  }
}
