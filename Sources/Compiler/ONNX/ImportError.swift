import MassRuntime

/// Why a model cannot be imported: the first of its problems, and how many there are.
public struct ImportError: Error, Hashable, CustomStringConvertible {
  /// The file, as the caller named it; filled in by the importer.
  public var path: String
  public var problem: Problem
  /// Problems of the model, this one included; `CheckReport` lists them all.
  public var problemCount: Int

  public init(_ problem: Problem, path: String = "", problemCount: Int = 1) {
    self.problem = problem
    self.path = path
    self.problemCount = problemCount
  }

  public var description: String {
    let subject = path.isEmpty ? "" : "\(path): "
    let others = problemCount > 1 ? " (and \(problemCount - 1) more; `mass check` lists them all)" : ""
    return "\(subject)\(problem)\(others)"
  }
}

/// One thing that is wrong with a model, with every node it concerns.
public struct Problem: Hashable, Sendable, CustomStringConvertible {
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// The file cannot be read, or is not a model.
    case unreadable
    case opset
    case unsupportedOperator = "unsupported_operator"
    /// An operator that is supported, used in a way that is not.
    case unsupportedUse = "unsupported_use"
    case unsupportedType = "unsupported_type"
    case attribute
    /// Operands that their operator refuses.
    case operands
    case tensor
    case externalData = "external_data"
    /// A declared type that is not the computed one.
    case declaredType = "declared_type"
    case missingInput = "missing_input"
    case missingOutput = "missing_output"
    case duplicateName = "duplicate_name"
    case cycle
    case function
    /// A limit of the importer, such as the depth of nested functions.
    case limit
  }

  public var kind: Kind
  /// Such as `Conv` or `com.acme:Frob`; empty when no operator is concerned.
  public var op: String
  /// The nodes concerned, in the model's order.
  public var nodes: [String]
  public var message: String
  /// What to do about it; may be empty.
  public var remedy: String

  public init(_ kind: Kind, op: String = "", nodes: [String] = [], message: String, remedy: String = "") {
    self.kind = kind
    self.op = op
    self.nodes = nodes
    self.message = message
    self.remedy = remedy
  }

  /// How often the problem occurs.
  public var count: Int { max(nodes.count, 1) }

  public var description: String {
    let advice = remedy.isEmpty ? "" : "; \(remedy)"
    return "\(place)\(message)\(advice)"
  }

  private var place: String {
    guard let node = nodes.first else { return op.isEmpty ? "" : "\(op): " }
    return op.isEmpty ? "node '\(node)': " : "node '\(node)' (\(op)): "
  }
}

extension Problem {
  /// `expected …, got …` about the model as a whole.
  static func mismatch(_ kind: Kind, _ subject: String, expected: String, got: String, remedy: String = "") -> Problem {
    Problem(kind, message: "\(subject): expected \(expected), got \(got)", remedy: remedy)
  }
}
