extension Graph {
  /// A stable, readable form: one line per input, constant, node and output. Equal graphs give equal text.
  ///
  /// - Parameter maximumConstantElements: Constants up to this size are spelled out.
  public func text(maximumConstantElements: Int = 8) -> String {
    var lines = ["graph \(name.isEmpty ? "main" : name) {"]
    for id in inputs { lines.append("  input \(label(id)): \(type(id))") }
    for id in constants.keys.sorted() {
      lines.append("  constant \(label(id)): \(type(id))\(literal(id, limit: maximumConstantElements))")
    }
    for node in nodes { lines.append("  " + line(node)) }
    lines.append("  return " + outputs.map(label).joined(separator: ", "))
    return (lines + ["}"]).joined(separator: "\n")
  }

  /// One node as `text()` shows it.
  public func line(_ node: Node) -> String {
    let results = node.outputs.map { "\(label($0)): \(type($0))" }.joined(separator: ", ")
    let operands = node.inputs.map { $0.map(label) ?? "_" }.joined(separator: ", ")
    let origin = node.origins.isEmpty ? "" : "  // \(node.origins.joined(separator: ", "))"
    return "\(results) = \(Self.spelling(node.op))(\(operands))\(origin)"
  }

  /// The operator's name and attributes, such as `Softmax{axis: 1}`.
  static func spelling(_ op: any Operator) -> String {
    let attributes = Mirror(reflecting: op).children.compactMap { child in
      child.label.map { "\($0): \(describe(child.value))" }
    }
    let name = Swift.type(of: op).name
    return attributes.isEmpty ? name : "\(name){\(attributes.joined(separator: ", "))}"
  }

  private static func describe(_ value: Any) -> String {
    if let body = value as? Body { return body.graph.text() }
    return "\(value)"
  }

  private func label(_ id: ValueID) -> String { "%\(id.index)\(name(id).isEmpty ? "" : " \"\(name(id))\"")" }

  private func literal(_ id: ValueID, limit: Int) -> String {
    guard let tensor = constants[id], tensor.count <= limit else { return "" }
    if tensor.element == .string { return " = \(tensor.strings)" }
    return tensor.element.isFloatingPoint ? " = \(tensor.doubles())" : " = \(tensor.integers())"
  }
}
