import MassRuntime

/// The names visible in one list of nodes: the model's graph, a function's body, or the body of a control-flow node.
final class ImportScope {
  let session: ImportSession
  let builder: GraphBuilder
  /// Where names not defined here are looked up; nil for the model's graph and for functions.
  let parent: ImportScope?
  /// Put before the names of nodes and values, so that they are unique in the graph.
  let prefix: String
  /// Functions whose inlining is under way.
  let calls: [ONNXFunction.Key]
  private let opsets: [String: Int]
  /// Attributes of the call, inside a function.
  private let callAttributes: [String: ONNXAttribute]
  /// nil for a function's operand that the call leaves out.
  private var names: [String: ValueID?] = [:]
  private var placeholders: [String: ValueID] = [:]
  private(set) var captured: [ValueID] = []
  /// Types the file declares for values of this scope.
  var declaredTypes: [String: ONNXType] = [:]

  /// The scope of a model's graph.
  init(_ session: ImportSession, _ builder: GraphBuilder) {
    self.session = session
    self.builder = builder
    parent = nil
    prefix = ""
    calls = []
    opsets = session.opsets
    callAttributes = [:]
  }

  /// The scope of a control-flow node's body.
  init(bodyIn parent: ImportScope, _ builder: GraphBuilder, prefix: String) {
    session = parent.session
    self.builder = builder
    self.parent = parent
    self.prefix = prefix
    calls = parent.calls
    opsets = parent.opsets
    callAttributes = parent.callAttributes
  }

  /// The scope of a function called from `caller`.
  init(
    _ function: ONNXFunction, calledFrom caller: ImportScope, prefix: String, attributes: [String: ONNXAttribute]
  ) {
    session = caller.session
    builder = caller.builder
    parent = nil
    self.prefix = prefix
    calls = caller.calls + [function.key]
    opsets = session.opsets(in: function)
    var values = Dictionary(function.defaults.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
    values.merge(attributes) { _, given in given }
    callAttributes = values
  }

  /// The version of `domain` in force here.
  func opset(of domain: String) -> Int {
    opsets[domain] ?? (domain.isEmpty ? ImportSession.supportedOpsets.upperBound : 1)
  }

  func imports(_ domain: String) -> Bool { opsets[domain] != nil }

  /// The node's attributes by name, references to the call's attributes resolved. One whose call leaves it out is left
  /// out too.
  func attributes(of node: ONNXNode) -> [String: ONNXAttribute] {
    var result: [String: ONNXAttribute] = [:]
    for attribute in node.attributes {
      if attribute.reference.isEmpty {
        result[attribute.name] = attribute
      } else if let given = callAttributes[attribute.reference] {
        result[attribute.name] = ONNXAttribute(name: attribute.name, value: given.value)
      }
    }
    return result
  }
}

// MARK: - Names

extension ImportScope {
  enum Lookup {
    case value(ValueID)
    /// A function's operand that the call leaves out.
    case absent
    case missing
  }

  func bind(_ name: String, to id: ValueID) {
    names[name] = .some(id)
    compareDeclared(name, id)
  }

  func bindAbsent(_ name: String) { names[name] = .some(nil) }

  func defines(_ name: String) -> Bool { names[name] != nil }

  /// The value called `name` here, leaving outer graphs aside.
  func ownValue(_ name: String) -> ValueID? { names[name] ?? nil }

  /// Finds the value called `name`; one of an outer graph becomes an input of this one.
  func lookup(_ name: String) -> Lookup {
    if let found = names[name] { return found.map { .value($0) } ?? .absent }
    guard let parent else { return .missing }
    let found = parent.lookup(name)
    guard case .value(let outer) = found else { return found }
    let id = capture(outer, from: parent.builder, name: name)
    names[name] = .some(id)
    return .value(id)
  }

  /// The stand-in for a value that nothing defines.
  func placeholder(_ name: String) -> ValueID {
    if let id = placeholders[name] { return id }
    let id = builder.addTainted(name: prefix + name)
    placeholders[name] = id
    return id
  }

  private func capture(_ outer: ValueID, from builder: GraphBuilder, name: String) -> ValueID {
    if let tensor = builder.graph.constants[outer] { return self.builder.addConstant(tensor, name: name) }
    let id = self.builder.addInput(name: name, type: builder.type(outer))
    if builder.tainted.contains(outer) { self.builder.taint(id) }
    captured.append(outer)
    return id
  }

  /// Warns where the file declares another type than inference finds; where inference finds none, trusts the file.
  private func compareDeclared(_ name: String, _ id: ValueID) {
    guard let declared = declaredTypes[name], !builder.tainted.contains(id),
      let type = try? declared.valueType(label: name)
    else { return }
    let found = builder.type(id)
    if !found.agrees(with: type) {
      session.warn(
        Problem(.declaredType, message: "value '\(name)' is declared as \(type) but computed as \(found)"))
    } else if found.tensor == nil, type.tensor != nil {
      builder.refine(id, to: type)
    }
  }
}

extension ValueType {
  /// False when no value can have both types.
  func agrees(with other: ValueType) -> Bool {
    switch (self, other) {
    case (.unknown, _), (_, .unknown): true
    case (.tensor(let a), .tensor(let b)):
      a.element == b.element && a.rank == b.rank
        && zip(a.shape, b.shape).allSatisfy { $0.constant == nil || $1.constant == nil || $0 == $1 }
    case (.sequence(let a), .sequence(let b)), (.optional(let a), .optional(let b)): a.agrees(with: b)
    case (.map(let key, let value), .map(let otherKey, let otherValue)):
      key == otherKey && value.agrees(with: otherValue)
    default: element != nil && element == other.element
    }
  }
}
