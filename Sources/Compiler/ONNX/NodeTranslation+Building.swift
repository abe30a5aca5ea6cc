import MassRuntime

extension NodeTranslation {
  /// Appends a helper node and infers its results' types.
  ///
  /// - Throws: What the operator has against its operands.
  @discardableResult
  public func emit(_ op: any Operator, _ operands: [ValueID?], results: Int = 1) throws(ImportError) -> [ValueID] {
    let names = (0..<results).map { _ in helperName() }
    return try append(op, operands, resultNames: names)
  }

  /// A helper node with one result.
  public func emitOne(_ op: any Operator, _ operands: ValueID?...) throws(ImportError) -> ValueID {
    try append(op, operands, resultNames: [helperName()])[0]
  }

  /// Adds a constant.
  public func constant(_ tensor: Tensor) -> ValueID { builder.addConstant(tensor, name: helperName()) }

  /// Adds a rank-1 int64 constant.
  public func vector(_ values: [Int]) throws(ImportError) -> ValueID {
    constant(try checked { () throws(TensorError) in try Tensor.vector(values) })
  }

  /// Adds a rank-0 constant.
  public func scalar(_ element: ElementType, _ value: Double) throws(ImportError) -> ValueID {
    constant(try checked { () throws(TensorError) in try Tensor.scalar(element, value) })
  }

  /// Turns an error about a tensor into one that names this node.
  public func checked<R>(_ body: () throws(TensorError) -> R) throws(ImportError) -> R {
    do { return try body() } catch { throw ImportError(problem(.tensor, message: "\(error)")) }
  }

  /// The node is `op` on the node's own operands, giving the node's own results.
  public func finish(_ op: any Operator) throws(ImportError) { try finish(op, inputs) }

  /// The node is `op` on `operands`, giving the node's own results.
  public func finish(_ op: any Operator, _ operands: [ValueID?]) throws(ImportError) {
    let names = node.outputs.map { $0.isEmpty ? helperName() : scope.prefix + $0 }
    let results = try append(op, operands, resultNames: names)
    bind(results)
  }

  /// The node's results are existing values, in order; those the node does not use may be left out or follow.
  public func finish(values: [ValueID]) throws(ImportError) {
    let needed = (node.outputs.lastIndex { !$0.isEmpty } ?? -1) + 1
    guard values.count >= needed else {
      throw invalid(expected: "at most \(values.count) results", got: "\(needed)")
    }
    bind(values)
  }

  private func bind(_ values: [ValueID]) {
    for (name, id) in zip(node.outputs, values) where !name.isEmpty { scope.bind(name, to: id) }
    progress.isFinished = true
  }

  private func append(
    _ op: any Operator, _ operands: [ValueID?], resultNames: [String]
  ) throws(ImportError) -> [ValueID] {
    var trimmed = operands
    while trimmed.last == .some(nil) { trimmed.removeLast() }
    do throws(OperatorError) {
      return try builder.append(op, trimmed, resultNames: resultNames, origin: name)
    } catch {
      throw ImportError(problem(.operands, message: "expected \(error.expected), got \(error.got)"))
    }
  }

  /// A name for a value that the model does not name.
  private func helperName() -> String {
    progress.helperCount += 1
    return builder.unique("\(name)#\(progress.helperCount)")
  }
}

// MARK: - Bodies

/// A sub-graph of a control-flow node. Its inputs are one for each captured outer value, then the declared ones.
public struct ImportedBody: Sendable {
  public var graph: Graph
  /// The outer values the body reads, to be passed as the leading operands of the body.
  public var captured: [ValueID]

  public init(graph: Graph, captured: [ValueID]) {
    self.graph = graph
    self.captured = captured
  }
}

extension NodeTranslation {
  /// Imports the sub-graph in attribute `name`.
  ///
  /// - Parameter inputTypes: Types of the declared inputs where the node knows better than the body; nil to keep those
  ///   the body declares.
  /// - Throws: When the attribute is no graph. Problems inside the body are recorded by the importer.
  public func graph(_ name: String, inputTypes: [ValueType?] = []) throws(ImportError) -> ImportedBody? {
    switch value(name) {
    case nil: return nil
    case .graph(let graph):
      return scope.importBody(graph, prefix: "\(self.name)/\(name)/", inputTypes: inputTypes)
    case let other?: throw mistyped(name, expected: "a graph", got: other)
    }
  }

  public func requiredGraph(_ name: String, inputTypes: [ValueType?] = []) throws(ImportError) -> ImportedBody {
    guard let body = try graph(name, inputTypes: inputTypes) else {
      throw ImportError(problem(.attribute, message: "expected attribute '\(name)', got none"))
    }
    return body
  }
}
