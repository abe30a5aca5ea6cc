import MassRuntime

/// How one ONNX operator becomes operators of the graph: a row of the importer's table.
///
/// A rule reads the node's attributes and operands, adapts older opsets to the newest meaning, and ends by calling one
/// of `NodeTranslation.finish`. Rules hold no state.
public struct ImportRule: Sendable {
  public let opType: String
  /// Empty for `ai.onnx`.
  public let domain: String
  let translate: @Sendable (inout NodeTranslation) throws(ImportError) -> Void

  public init(
    _ opType: String, domain: String = "",
    _ translate: @escaping @Sendable (inout NodeTranslation) throws(ImportError) -> Void
  ) {
    self.opType = opType
    self.domain = ONNXDomain.canonical(domain)
    self.translate = translate
  }
}

/// Import rules by domain and operator. A later rule replaces an earlier one of the same name.
public struct ImportRules: Sendable {
  private var table: [Key: ImportRule] = [:]

  private struct Key: Hashable {
    var domain: String
    var opType: String
  }

  public init(_ rules: [ImportRule]) {
    for rule in rules { table[Key(domain: rule.domain, opType: rule.opType)] = rule }
  }

  public subscript(domain: String, opType: String) -> ImportRule? {
    table[Key(domain: ONNXDomain.canonical(domain), opType: opType)]
  }

  /// Such as `Conv` or `ai.onnx.ml:Scaler`, sorted.
  public var names: [String] { table.keys.map { ONNXDomain.qualified($0.domain, $0.opType) }.sorted() }

  public func adding(_ rules: [ImportRule]) -> ImportRules {
    ImportRules(Array(table.values) + rules)
  }
}

/// The spelling of operator domains.
enum ONNXDomain {
  /// The default domain has two spellings; this is the one used inside.
  static func canonical(_ domain: String) -> String { domain == "ai.onnx" ? "" : domain }

  /// The operator's name for people: the default domain is left out.
  static func qualified(_ domain: String, _ opType: String) -> String {
    domain.isEmpty ? opType : "\(domain):\(opType)"
  }
}
