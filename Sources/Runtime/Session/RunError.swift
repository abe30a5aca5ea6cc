/// Why a run did not happen or did not finish.
public enum RunError: Error, Hashable, CustomStringConvertible {
  case unknownInput(String, known: [String])
  case missingInput(String, type: String)
  case inputCount(expected: Int, got: Int)
  case inputMismatch(name: String, expected: String, got: String)
  case notPrepared
  case shapesKnownOnlyAfterRunning
  case outOfMemory(bytes: Int)
  case node(OperatorError)

  public var description: String {
    switch self {
    case .unknownInput(let name, let known):
      "there is no input '\(name)'; the model's inputs are \(known.map { "'\($0)'" }.joined(separator: ", "))"
    case .missingInput(let name, let type): "input '\(name)' is missing: expected \(type)"
    case .inputCount(let expected, let got): "expected \(expected) inputs, got \(got)"
    case .inputMismatch(let name, let expected, let got): "input '\(name)': expected \(expected), got \(got)"
    case .notPrepared: "the session is not prepared; call prepare with the shapes of the inputs first"
    case .shapesKnownOnlyAfterRunning:
      "the shapes of this model's outputs depend on data; run it with a call that returns its outputs"
    case .outOfMemory(let bytes):
      "there is no memory for the \(bytes) bytes this model computes in; run it on smaller inputs"
    case .node(let error): "\(error)"
    }
  }
}

extension Graph {
  /// Checks concrete input types against the declared ones and finds what each symbol stands for.
  package func bindSymbols(_ inputTypes: [TensorType?]) throws(RunError) -> [String: Dimension] {
    guard inputTypes.count == inputs.count else { throw .inputCount(expected: inputs.count, got: inputTypes.count) }
    var symbols: [String: Dimension] = [:]
    for (id, got) in zip(inputs, inputTypes) {
      guard case .tensor(let declared) = type(id), let got else { continue }
      guard declared.element == got.element, declared.rank == got.rank else {
        throw .inputMismatch(name: name(id), expected: "\(type(id))", got: "\(got)")
      }
      for (expected, actual) in zip(declared.shape, got.shape) {
        if let symbol = expected.symbolName, symbols[symbol] == nil { symbols[symbol] = actual }
      }
    }
    for (id, got) in zip(inputs, inputTypes) {
      guard case .tensor(let declared) = type(id), let got else { continue }
      for (expected, actual) in zip(declared.shape, got.shape)
      where expected.constant == nil || expected != actual {
        let value = expected.substituting(symbols)
        guard value.constant == nil || value == actual else {
          let clause = expected.constant == nil ? " with \(expected) = \(value)" : ""
          throw .inputMismatch(name: name(id), expected: "\(type(id))\(clause)", got: "\(got)")
        }
      }
    }
    return symbols
  }
}
