/// Every operator the runtime knows, by the name plan files use.
public struct OperatorSet: Sendable {
  private let types: [String: any Operator.Type]

  public init(_ types: [any Operator.Type]) {
    self.types = Dictionary(types.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
  }

  public subscript(name: String) -> (any Operator.Type)? { types[name] }

  public var names: [String] { types.keys.sorted() }

  public var all: [any Operator.Type] { names.compactMap { types[$0] } }

  public func adding(_ more: [any Operator.Type]) -> OperatorSet { OperatorSet(Array(types.values) + more) }
}
