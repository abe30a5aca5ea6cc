/// An extent that is a number or an integer expression over symbols such as `N` or `2*S+1`.
///
/// Expressions are kept in one normal form — a sum of products of atoms — so that equal expressions compare equal.
/// Arithmetic that would overflow `Int` yields a fresh opaque atom instead of trapping: such a dimension is merely unknown.
public struct Dimension: Hashable, Sendable {
  public internal(set) var constantPart: Int
  public internal(set) var terms: [Term]

  /// `coefficient * factors[0] * factors[1] * …`; factors are sorted, the coefficient is not zero.
  public struct Term: Hashable, Sendable {
    public var coefficient: Int
    public var factors: [Atom]
  }

  /// What cannot be taken apart by the algebra.
  public indirect enum Atom: Hashable, Sendable {
    case symbol(String)
    case floorDivide(Dimension, Dimension)
    case maximum(Dimension, Dimension)
    case minimum(Dimension, Dimension)
  }

  public init(_ value: Int) {
    constantPart = value
    terms = []
  }

  public init(symbol: String) { self.init(atom: .symbol(symbol)) }

  init(atom: Atom) {
    constantPart = 0
    terms = [Term(coefficient: 1, factors: [atom])]
  }

  init(constantPart: Int, terms: [Term]) {
    self.constantPart = constantPart
    self.terms = terms
  }

  /// The number this dimension is, or nil when it depends on symbols.
  public var constant: Int? { terms.isEmpty ? constantPart : nil }

  /// True when the value is known to be one for every assignment of the symbols.
  public var isOne: Bool { terms.isEmpty && constantPart == 1 }
}

extension Dimension: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self.init(value) }
}

extension Dimension.Atom {
  /// A total order that is the same in every process, used to keep factors and terms sorted.
  var sortKey: String { description }
}

extension Dimension.Atom: CustomStringConvertible {
  public var description: String {
    switch self {
    case .symbol(let name): name
    case .floorDivide(let a, let b): "floor((\(a))/(\(b)))"
    case .maximum(let a, let b): "max(\(a), \(b))"
    case .minimum(let a, let b): "min(\(a), \(b))"
    }
  }
}

extension Dimension.Term: CustomStringConvertible {
  public var description: String {
    let product = factors.map(\.description).joined(separator: "*")
    return coefficient == 1 ? product : coefficient == -1 ? "-\(product)" : "\(coefficient)*\(product)"
  }
}

extension Dimension: CustomStringConvertible {
  public var description: String {
    var text = ""
    for term in terms {
      text += text.isEmpty || term.coefficient < 0 ? term.description : "+\(term)"
    }
    if constantPart != 0 || terms.isEmpty {
      text += text.isEmpty || constantPart < 0 ? "\(constantPart)" : "+\(constantPart)"
    }
    return text
  }
}
