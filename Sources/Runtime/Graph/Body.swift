/// A graph inside an operator: the branch of an `If`, the body of a `Loop` or `Scan`.
///
/// Values of the surrounding graph that the body uses are its leading inputs, and the node passes them as operands: a body
/// sees nothing but its inputs.
public struct Body: Sendable {
  public var graph: Graph

  public init(graph: Graph) { self.graph = graph }
}

extension Body: Hashable {
  public static func == (a: Body, b: Body) -> Bool { a.graph.text() == b.graph.text() }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(graph.nodes.count)
    hasher.combine(graph.outputs)
  }
}

extension Body: Codable {
  /// Plans store bodies as graphs; no other format can hold one.
  public func encode(to encoder: any Encoder) throws {
    throw EncodingError.invalidValue(
      graph.name, EncodingError.Context(codingPath: [], debugDescription: "a body is encoded by the plan writer only"))
  }

  public init(from decoder: any Decoder) throws {
    throw DecodingError.dataCorrupted(
      DecodingError.Context(codingPath: [], debugDescription: "a body is decoded by the plan reader only"))
  }
}
