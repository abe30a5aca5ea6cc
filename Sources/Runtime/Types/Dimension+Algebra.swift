extension Dimension {
  public static func + (a: Dimension, b: Dimension) -> Dimension { sum(a, b, scale: 1) }

  public static func - (a: Dimension, b: Dimension) -> Dimension { sum(a, b, scale: -1) }

  public static func * (a: Dimension, b: Dimension) -> Dimension {
    if let x = a.constant, let y = b.constant {
      let (value, overflow) = x.multipliedReportingOverflow(by: y)
      return overflow ? opaque("(\(a))*(\(b))") : Dimension(value)
    }
    var result = Dimension(0)
    for x in a.allTerms {
      for y in b.allTerms {
        let (c, overflow) = x.coefficient.multipliedReportingOverflow(by: y.coefficient)
        guard !overflow else { return opaque("(\(a))*(\(b))") }
        result = result + normalized(coefficient: c, factors: x.factors + y.factors)
      }
    }
    return result
  }

  /// `floor(self / divisor)`; a divisor that is not known to be positive gives an opaque expression.
  public func floorDivided(by divisor: Dimension) -> Dimension {
    if divisor.isOne { return self }
    if self == divisor { return 1 }
    if let x = constant, let y = divisor.constant, y > 0 {
      return Dimension(x >= 0 ? x / y : -((-x + y - 1) / y))
    }
    if let exact = exactQuotient(by: divisor) { return exact }
    if let y = divisor.constant, y > 0 {
      let whole = terms.filter { $0.coefficient % y == 0 }
      if !whole.isEmpty {
        let quotient = Dimension(
          constantPart: 0, terms: whole.map { Term(coefficient: $0.coefficient / y, factors: $0.factors) })
        let rest = Dimension(constantPart: constantPart, terms: terms.filter { $0.coefficient % y != 0 })
        return quotient + rest.floorDivided(by: divisor)
      }
    }
    return Dimension(atom: .floorDivide(self, divisor))
  }

  /// `ceil(self / divisor)` for a constant positive divisor.
  public func ceilDivided(by divisor: Int) -> Dimension {
    (self + Dimension(divisor - 1)).floorDivided(by: Dimension(divisor))
  }

  /// The quotient when `divisor` is a single product that divides every term, else nil.
  ///
  /// Symbols stand for extents, so a symbolic divisor is taken to be non-zero.
  public func exactQuotient(by divisor: Dimension) -> Dimension? {
    if self == divisor { return 1 }
    guard divisor.allTerms.count == 1, let d = divisor.allTerms.first, d.coefficient != 0 else { return nil }
    var quotient = Dimension(0)
    for term in allTerms {
      guard term.coefficient % d.coefficient == 0 else { return nil }
      var factors = term.factors
      for factor in d.factors {
        guard let i = factors.firstIndex(of: factor) else { return nil }
        factors.remove(at: i)
      }
      quotient = quotient + Self.normalized(coefficient: term.coefficient / d.coefficient, factors: factors)
    }
    return quotient
  }

  public static func maximum(_ a: Dimension, _ b: Dimension) -> Dimension {
    if let difference = (a - b).constant { return difference >= 0 ? a : b }
    return Dimension(atom: .maximum(a, b))
  }

  public static func minimum(_ a: Dimension, _ b: Dimension) -> Dimension {
    if let difference = (a - b).constant { return difference <= 0 ? a : b }
    return Dimension(atom: .minimum(a, b))
  }

  /// The value under an assignment of symbols; what is not assigned stays symbolic.
  public func substituting(_ assignment: [String: Dimension]) -> Dimension {
    if terms.isEmpty { return self }
    var result = Dimension(constantPart)
    for term in terms {
      var product = Dimension(term.coefficient)
      for factor in term.factors { product = product * factor.substituting(assignment) }
      result = result + product
    }
    return result
  }

  /// Every symbol that occurs in the expression.
  public var symbols: Set<String> {
    var found: Set<String> = []
    for term in terms { for factor in term.factors { factor.collectSymbols(into: &found) } }
    return found
  }

  /// The plain symbol this dimension is, if it is nothing else.
  public var symbolName: String? {
    guard constantPart == 0, terms.count == 1, terms[0].coefficient == 1, terms[0].factors.count == 1,
      case .symbol(let name) = terms[0].factors[0]
    else { return nil }
    return name
  }
}

extension Dimension {
  private var allTerms: [Term] {
    constantPart == 0 && !terms.isEmpty ? terms : terms + [Term(coefficient: constantPart, factors: [])]
  }

  private static func opaque(_ text: String) -> Dimension { Dimension(symbol: "?\(text)") }

  private static func normalized(coefficient: Int, factors: [Atom]) -> Dimension {
    if coefficient == 0 { return 0 }
    if factors.isEmpty { return Dimension(coefficient) }
    return Dimension(
      constantPart: 0,
      terms: [Term(coefficient: coefficient, factors: factors.sorted { $0.sortKey < $1.sortKey })])
  }

  private static func sum(_ a: Dimension, _ b: Dimension, scale: Int) -> Dimension {
    let (scaled, first) = b.constantPart.multipliedReportingOverflow(by: scale)
    let (constant, second) = a.constantPart.addingReportingOverflow(scaled)
    guard !first, !second else { return opaque("(\(a))+\(scale)*(\(b))") }
    if a.terms.isEmpty && b.terms.isEmpty { return Dimension(constant) }
    var terms = a.terms
    for term in b.terms {
      let (c, overflow) = term.coefficient.multipliedReportingOverflow(by: scale)
      guard !overflow else { return opaque("(\(a))+\(scale)*(\(b))") }
      guard let i = terms.firstIndex(where: { $0.factors == term.factors }) else {
        terms.append(Term(coefficient: c, factors: term.factors))
        continue
      }
      let (merged, mergeOverflow) = terms[i].coefficient.addingReportingOverflow(c)
      guard !mergeOverflow else { return opaque("(\(a))+\(scale)*(\(b))") }
      terms[i].coefficient = merged
    }
    terms.removeAll { $0.coefficient == 0 }
    return Dimension(constantPart: constant, terms: terms.sorted { $0.order < $1.order })
  }
}

extension Dimension.Term {
  fileprivate var order: String { factors.map(\.sortKey).joined(separator: "*") }
}

extension Dimension.Atom {
  fileprivate func substituting(_ assignment: [String: Dimension]) -> Dimension {
    switch self {
    case .symbol(let name): assignment[name] ?? Dimension(symbol: name)
    case .floorDivide(let a, let b): a.substituting(assignment).floorDivided(by: b.substituting(assignment))
    case .maximum(let a, let b): .maximum(a.substituting(assignment), b.substituting(assignment))
    case .minimum(let a, let b): .minimum(a.substituting(assignment), b.substituting(assignment))
    }
  }

  fileprivate func collectSymbols(into found: inout Set<String>) {
    switch self {
    case .symbol(let name): found.insert(name)
    case .floorDivide(let a, let b), .maximum(let a, let b), .minimum(let a, let b):
      found.formUnion(a.symbols)
      found.formUnion(b.symbols)
    }
  }
}
