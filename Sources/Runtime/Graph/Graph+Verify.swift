/// Why a graph is not valid. This file is the executable specification of `Graph`.
public enum GraphError: Error, Hashable, CustomStringConvertible {
  case unknownValue(Int, at: String)
  case usedBeforeDefined(String, at: String)
  case definedTwice(String)
  case neverDefined(String)
  case badLayout(String, ValueType)
  case operatorRefused(OperatorError)

  public var description: String {
    switch self {
    case .unknownValue(let index, let place): "\(place) names value \(index), which does not exist"
    case .usedBeforeDefined(let value, let node):
      "node '\(node)' uses '\(value)' before it is defined (a cycle or a missing input)"
    case .definedTwice(let value): "value '\(value)' is defined more than once"
    case .neverDefined(let value): "output '\(value)' is never computed"
    case .badLayout(let value, let type): "value '\(value)' of type \(type) cannot be channels-last"
    case .operatorRefused(let error): "\(error)"
    }
  }
}

extension Graph {
  /// Checks that every value is defined once and before its uses, and that every operator accepts its operands.
  ///
  /// - Complexity: O(values + nodes).
  public func verify() throws(GraphError) {
    var defined = Array(repeating: false, count: values.count)
    func define(_ id: ValueID, _ place: String) throws(GraphError) {
      guard values.indices.contains(id.index) else { throw .unknownValue(id.index, at: place) }
      guard !defined[id.index] else { throw .definedTwice(name(id)) }
      defined[id.index] = true
    }
    for id in inputs { try define(id, "the input list") }
    for id in constants.keys { try define(id, "the constants") }
    for node in nodes {
      for case let id? in node.inputs {
        guard values.indices.contains(id.index) else { throw .unknownValue(id.index, at: "node '\(node.name)'") }
        guard defined[id.index] else { throw .usedBeforeDefined(name(id), at: node.name) }
      }
      for id in node.outputs { try define(id, "node '\(node.name)'") }
    }
    for id in outputs {
      guard values.indices.contains(id.index) else { throw .unknownValue(id.index, at: "the output list") }
      guard defined[id.index] else { throw .neverDefined(name(id)) }
    }
    for value in values {
      guard let type = value.type.tensor, type.layout == .channelsLast, type.rank < 3 else { continue }
      throw .badLayout(value.name, value.type)
    }
    do { _ = try inferredTypes() } catch { throw .operatorRefused(error) }
  }
}
