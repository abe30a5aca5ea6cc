#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How a reduction combines elements.
public enum ReduceKind: String, Hashable, Sendable, Codable, CaseIterable {
  case sum, mean, max, min, prod, sumSquare, l1, l2, logSum, logSumExp
}

/// Combines the elements along axes. Operands: data, and the axes as an optional int64 vector; without axes, all.
public struct Reduce: Operator {
  public static let name = "Reduce"
  public static let arity = 1...2
  public var kind: ReduceKind
  public var keepDimensions: Bool
  /// Whether no axes mean "reduce none" rather than "reduce all".
  public var noopWithEmptyAxes: Bool

  public init(_ kind: ReduceKind, keepDimensions: Bool = true, noopWithEmptyAxes: Bool = false) {
    self.kind = kind
    self.keepDimensions = keepDimensions
    self.noopWithEmptyAxes = noopWithEmptyAxes
  }

  public var layoutPolicy: LayoutPolicy { .readsAny }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    let isOrdered = kind == .max || kind == .min
    guard x.element.isFloatingPoint || x.element.isInteger || (isOrdered && x.element == .bool) else {
      throw operands.mismatch(expected: "a numeric tensor", got: "\(x)")
    }
    guard let axes = try axes(operands, rank: x.rank) else {
      guard keepDimensions else { throw operands.unresolved("known axes") }
      return [.tensor(TensorType(x.element, x.shape.indices.map { operands.freshDimension("reduced\($0)") }))]
    }
    let shape = x.shape.enumerated().compactMap { i, extent -> Dimension? in
      axes.contains(i) ? (keepDimensions ? 1 : nil) : extent
    }
    return [.tensor(TensorType(x.element, shape))]
  }

  /// The reduced axes, counted from the front; nil when only running tells them.
  public func axes(_ operands: Operands, rank: Int) throws(OperatorError) -> Set<Int>? {
    var listed: [Int] = []
    if operands.isPresent(1) {
      let type = try operands.tensor(1)
      guard type.rank <= 1, type.element.isInteger else {
        throw operands.mismatch(expected: "axes as a vector of integers", got: "\(type)")
      }
      if type.shape.product.constant != 0 {
        guard let known = operands.integers(1) else { return nil }
        listed = known
      }
    }
    if listed.isEmpty { return noopWithEmptyAxes ? [] : Set(0..<rank) }
    var axes: Set<Int> = []
    for axis in listed { axes.insert(try operands.axis(axis, rank: rank)) }
    return axes
  }

  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] {
    guard let data = operands.values.first ?? nil,
      let axes = (try? axes(operands, rank: data.shape.count)) ?? nil
    else { return [] }
    let plan = ReductionPlan(data.shape, axes: axes)
    let elements = plan.kept.map { base -> Dimension? in
      let terms = plan.reduced.map { data.elements[base + $0] }
      guard !terms.isEmpty else { return nil }
      let known = terms.compactMap { $0 }
      return known.count == terms.count ? combine(known) : nil
    }
    let shape = data.shape.enumerated().compactMap { i, extent in
      axes.contains(i) ? (keepDimensions ? 1 : nil) : extent
    }
    return [SymbolicTensor(element: data.element, shape: shape, elements: elements)]
  }

  private func combine(_ terms: [Dimension]) -> Dimension? {
    switch kind {
    case .sum: terms.reduce(0, +)
    case .prod: terms.reduce(1, *)
    case .max: terms.dropFirst().reduce(terms[0]) { Dimension.maximum($0, $1) }
    case .min: terms.dropFirst().reduce(terms[0]) { Dimension.minimum($0, $1) }
    default: nil
    }
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let rank = x.shape.count
    let listed = context.optionalTensor(operands, 1)?.integers() ?? []
    let axes = listed.isEmpty && !noopWithEmptyAxes ? Array(0..<rank) : listed
    let plan = ReductionPlan(x.shape, axes: Set(axes.map { $0 < 0 ? $0 + rank : $0 }))
    if x.element.isFloatingPoint {
      let data = x.doubles()
      return [try context.result(Self.name, type, doubles: plan.kept.map { reals(data, $0, plan.reduced) })]
    }
    let data = x.integers()
    let values = plan.kept.map { integers(data, $0, plan.reduced, x.element) }
    return [try context.result(Self.name, type, integers: values)]
  }
}

extension Reduce {
  private func reals(_ x: [Double], _ base: Int, _ offsets: [Int]) -> Double {
    func sum(_ term: (Double) -> Double) -> Double {
      var total = 0.0
      for offset in offsets { total += term(x[base + offset]) }
      return total
    }
    switch kind {
    case .sum: return sum { $0 }
    case .mean: return sum { $0 } / Double(offsets.count)
    case .sumSquare: return sum { $0 * $0 }
    case .l1: return sum { abs($0) }
    case .l2: return sum { $0 * $0 }.squareRoot()
    case .logSum: return log(sum { $0 })
    case .prod: return offsets.reduce(1) { $0 * x[base + $1] }
    case .max: return greatest(x, base, offsets)
    case .min:
      return offsets.reduce(.infinity) { $0 < x[base + $1] || $0.isNaN ? $0 : x[base + $1] }
    case .logSumExp:
      let top = greatest(x, base, offsets)
      guard top.isFinite else { return top }
      return top + log(sum { exp($0 - top) })
    }
  }

  private func greatest(_ x: [Double], _ base: Int, _ offsets: [Int]) -> Double {
    offsets.reduce(-.infinity) { $0 > x[base + $1] || $0.isNaN ? $0 : x[base + $1] }
  }

  /// Sums wrap; means and roots truncate; the extremes of nothing are the type's own.
  private func integers(_ x: [Int], _ base: Int, _ offsets: [Int], _ element: ElementType) -> Int {
    let values = offsets.lazy.map { x[base + $0] }
    let sum = values.reduce(0, &+)
    switch kind {
    case .sum: return sum
    case .mean: return offsets.isEmpty ? 0 : sum / offsets.count
    case .prod: return values.reduce(1, &*)
    case .sumSquare: return values.reduce(0) { $0 &+ $1 &* $1 }
    case .l1: return values.reduce(0) { $0 &+ ($1 < 0 ? 0 &- $1 : $1) }
    case .l2: return Int(saturating: Double(values.reduce(0) { $0 &+ $1 &* $1 }).squareRoot())
    case .logSum: return Int(saturating: log(Double(sum)))
    case .logSumExp: return Int(saturating: log(values.reduce(0.0) { $0 + exp(Double($1)) }))
    case .max:
      if element == .uint64 { return Int(bitPattern: values.map { UInt(bitPattern: $0) }.max() ?? 0) }
      return values.max() ?? element.integerRange.lowerBound
    case .min:
      if element == .uint64 { return Int(bitPattern: values.map { UInt(bitPattern: $0) }.min() ?? .max) }
      return values.min() ?? element.integerRange.upperBound
    }
  }
}

extension ElementType {
  /// The values of an integer type or bool; `uint64` is cut off at `Int.max`.
  var integerRange: ClosedRange<Int> {
    switch domain {
    case .bool: 0...1
    case .unsigned: 0...(bitWidth >= 64 ? Int.max : (1 << bitWidth) - 1)
    default: bitWidth >= 64 ? Int.min...Int.max : -(1 << (bitWidth - 1))...((1 << (bitWidth - 1)) - 1)
    }
  }
}
