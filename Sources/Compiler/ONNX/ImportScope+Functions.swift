import MassRuntime

extension ImportScope {
  /// Puts the nodes of `function` in the place of the node that calls it.
  func inline(_ function: ONNXFunction, _ node: ONNXNode, _ name: String, _ operands: [ValueID?]) {
    guard let scope = callScope(function, node, name, operands) else { return }
    scope.translate(function.nodes)
    for (formal, actual) in zip(function.outputs, node.outputs) where !actual.isEmpty {
      if case .value(let id) = scope.lookup(formal) {
        bind(actual, to: id)
      } else if !session.isExhausted {
        session.record(
          Problem(
            .function, op: node.qualifiedName, nodes: [name],
            message: "the function's output '\(formal)' is never made"))
      }
    }
  }

  /// The scope of the function's body with its operands bound, or nil if the call is wrong.
  private func callScope(
    _ function: ONNXFunction, _ node: ONNXNode, _ name: String, _ operands: [ValueID?]
  ) -> ImportScope? {
    func fail(_ kind: Problem.Kind, _ message: String) -> ImportScope? {
      session.record(Problem(kind, op: node.qualifiedName, nodes: [name], message: message))
      return nil
    }
    guard !calls.contains(function.key) else { return fail(.function, "the function calls itself") }
    guard calls.count < ImportSession.functionDepthLimit else {
      return fail(.limit, "expected functions nested at most \(ImportSession.functionDepthLimit) deep, got more")
    }
    guard operands.count <= function.inputs.count, node.outputs.count <= function.outputs.count else {
      return fail(
        .function,
        "expected at most \(function.inputs.count) inputs and \(function.outputs.count) outputs, "
          + "got \(operands.count) and \(node.outputs.count)")
    }
    let scope = ImportScope(
      function, calledFrom: self, prefix: "\(name)/", attributes: attributes(of: node))
    for (i, formal) in function.inputs.enumerated() {
      if i < operands.count, let id = operands[i] {
        scope.bind(formal, to: id)
      } else {
        scope.bindAbsent(formal)
      }
    }
    return scope
  }
}
