import MassRuntime

extension ImportScope {
  /// Translates nodes in an order that computes producers first. A node that fails leaves tainted results and the rest
  /// goes on.
  func translate(_ nodes: [ONNXNode]) {
    let order = NodeOrder(nodes, producers: producers(of: nodes))
    for cycle in order.cycles { recordCycle(cycle.map { nodes[$0] }) }
    for name in order.brokenNames where !defines(name) { bind(name, to: placeholder(name)) }
    for index in order.indices {
      guard !session.isExhausted else { return }
      translate(nodes[index], index: index)
    }
  }

  private func producers(of nodes: [ONNXNode]) -> [String: Int] {
    var producers: [String: Int] = [:]
    for (i, node) in nodes.enumerated() {
      for name in node.outputs where !name.isEmpty {
        if producers[name] != nil || defines(name) {
          session.record(
            Problem(
              .duplicateName, op: node.qualifiedName, nodes: [displayName(node, i)],
              message: "value '\(name)' is defined more than once"))
        } else {
          producers[name] = i
        }
      }
    }
    return producers
  }

  private func recordCycle(_ nodes: [ONNXNode]) {
    let names = nodes.map { displayName($0, nil) }
    let shown = names.count > 8 ? names.prefix(8) + ["…"] : names[...]
    session.record(
      Problem(.cycle, nodes: names, message: "nodes need each other: \((shown + [names[0]]).joined(separator: " ← "))"))
  }

  private func displayName(_ node: ONNXNode, _ index: Int?) -> String {
    let own = node.name.isEmpty ? node.outputs.first { !$0.isEmpty } ?? index.map { "#\($0)" } ?? "" : node.name
    return prefix + own
  }

  private func translate(_ node: ONNXNode, index: Int) {
    let name = builder.unique(displayName(node, index))
    let operands = operands(of: node, name)
    let function = session.function(for: node)
    let rule = session.rules[node.domain, node.opType]
    if !calls.isEmpty || parent != nil { session.countNested(node) }
    if function == nil { session.count(node, isSupported: rule != nil) }
    let before = session.problems.count
    if let function {
      inline(function, node, name, operands)
    } else if let rule {
      apply(rule, node, name, operands)
    } else {
      recordUnsupported(node, name)
    }
    let isTainted =
      session.problems.count > before || operands.contains { $0.map { builder.tainted.contains($0) } ?? false }
    defineResults(of: node, isTainted: isTainted)
  }

  private func operands(of node: ONNXNode, _ name: String) -> [ValueID?] {
    node.inputs.map { input in
      if input.isEmpty { return nil }
      switch lookup(input) {
      case .value(let id): return id
      case .absent: return nil
      case .missing:
        session.record(
          Problem(
            .missingInput, op: node.qualifiedName, nodes: [name],
            message: "input '\(input)' is defined by no node, input or initializer"))
        return placeholder(input)
      }
    }
  }

  private func apply(_ rule: ImportRule, _ node: ONNXNode, _ name: String, _ operands: [ValueID?]) {
    let isTainted = operands.contains { $0.map { builder.tainted.contains($0) } ?? false }
    let before = session.problems.count
    var translation = NodeTranslation(node, in: self, name: name, inputs: operands)
    do throws(ImportError) {
      checkOpset(node, name)
      try rule.translate(&translation)
      guard translation.progress.isFinished else { throw translation.unsupported("this form of the operator") }
      warnUnread(translation)
    } catch {
      let isConsequence = isTainted || session.problems.count > before
      if !(isConsequence && error.problem.kind.dependsOnOperands) { session.record(error.problem) }
    }
  }

  /// Gives every result of a node a value, whatever became of the node.
  private func defineResults(of node: ONNXNode, isTainted: Bool) {
    guard isTainted else { return }
    for output in node.outputs where !output.isEmpty {
      if let id = ownValue(output) {
        builder.taint(id)
      } else {
        bind(output, to: builder.addTainted(name: prefix + output))
      }
    }
  }

  private func checkOpset(_ node: ONNXNode, _ name: String) {
    guard node.domain.isEmpty, !imports("") else { return }
    session.record(
      Problem(
        .opset, nodes: [name], message: "the model does not say which opset of ai.onnx it is written in",
        remedy: "its opset_import needs an entry for the default domain"))
  }

  private func warnUnread(_ translation: NodeTranslation) {
    for attribute in translation.node.attributes where !translation.progress.attributesRead.contains(attribute.name) {
      session.warn(translation.problem(.attribute, message: "attribute '\(attribute.name)' is not used"))
    }
  }

  private func recordUnsupported(_ node: ONNXNode, _ name: String) {
    let domain = node.domain.isEmpty ? "ai.onnx" : node.domain
    session.record(
      Problem(
        .unsupportedOperator, op: node.qualifiedName, nodes: [name],
        message: "operator \(node.opType) of \(domain) opset \(opset(of: node.domain)) is not supported",
        remedy: node.domain.hasPrefix("com.microsoft") ? "try the model before ONNX Runtime optimized it" : ""))
    for (i, body) in node.bodies.enumerated() { _ = importBody(body, prefix: "\(name)/\(i)/", inputTypes: []) }
  }
}

extension ONNXNode {
  /// Such as `Conv` or `ai.onnx.ml:Scaler`.
  var qualifiedName: String { ONNXDomain.qualified(domain, opType) }
}

extension Problem.Kind {
  /// True for complaints that may merely follow from a wrong operand.
  fileprivate var dependsOnOperands: Bool {
    switch self {
    case .operands, .unsupportedUse, .limit, .tensor: true
    default: false
    }
  }
}
