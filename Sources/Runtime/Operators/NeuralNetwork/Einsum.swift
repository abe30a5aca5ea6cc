/// Einstein summation: products of elements whose labels agree, summed over the labels the result does not have.
public struct Einsum: Operator {
  public static let name = "Einsum"
  public static let arity = 1...64
  public var equation: String

  public init(_ equation: String) { self.equation = equation }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let element = try operands.element(0)
    var shapes: [Shape] = []
    for i in 0..<operands.count {
      let type = try operands.tensor(i)
      guard type.element == element, element.isFloatingPoint || element.isInteger else {
        throw operands.mismatch(expected: "numeric operands of one type", got: "\(type.element)")
      }
      shapes.append(type.shape)
    }
    guard let plan = EinsumPlan(equation, ranks: shapes.map(\.count)) else {
      throw operands.mismatch(
        expected: "an equation for operands of ranks \(shapes.map(\.count))", got: "'\(equation)'")
    }
    let extents = try extents(plan, shapes, operands)
    var steps = 1
    for extent in extents.compactMap(\.constant) {
      let (product, overflow) = steps.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow, product <= ReferenceLimit.extent else {
        throw operands.mismatch(expected: "at most \(ReferenceLimit.extent) products", got: "\(extents)")
      }
      steps = product
    }
    return [.tensor(TensorType(element, plan.output.map { extents[$0] }))]
  }

  /// The extent of each label; operands of extent one repeat.
  private func extents(_ plan: EinsumPlan, _ shapes: [Shape], _ operands: Operands) throws(OperatorError) -> Shape {
    var extents = Shape(repeating: 1, count: plan.labelCount)
    for (labels, shape) in zip(plan.operands, shapes) {
      for (label, extent) in zip(labels, shape) {
        extents[label] = try operands.broadcast([[extents[label]], [extent]])[0]
      }
    }
    return extents
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let tensors = operands.compactMap { $0?.tensor }
    guard let plan = EinsumPlan(equation, ranks: tensors.map(\.shape.count)) else {
      throw context.refusal(Self.name, expected: "an equation", got: "'\(equation)'")
    }
    let walk = EinsumWalk(plan, shapes: tensors.map(\.shape))
    if type.element.isFloatingPoint {
      return [try context.result(Self.name, type, doubles: walk.sums(tensors.map { $0.doubles() }, 0, 1, +, *))]
    }
    return [try context.result(Self.name, type, integers: walk.sums(tensors.map { $0.integers() }, 0, 1, &+, &*))]
  }
}

/// A parsed equation: labels are numbered, those of an ellipsis included.
struct EinsumPlan {
  private(set) var operands: [[Int]] = []
  private(set) var output: [Int] = []
  private(set) var labelCount = 0

  /// nil when the equation is malformed or does not fit the operands' ranks.
  init?(_ equation: String, ranks: [Int]) {
    let text = equation.filter { $0 != " " }
    let sides = text.split(separator: "->", omittingEmptySubsequences: false)
    let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false)
    guard sides.count <= 2, terms.count == ranks.count else { return nil }
    var numbers: [Character: Int] = [:]
    var uses: [Character: Int] = [:]
    var ellipsis = 0
    var parsed: [(before: [Character], after: [Character], hasEllipsis: Bool)] = []
    for (term, rank) in zip(terms, ranks) {
      guard let parts = Self.parse(term) else { return nil }
      let letters = parts.before.count + parts.after.count
      guard parts.hasEllipsis ? letters <= rank : letters == rank else { return nil }
      if parts.hasEllipsis { ellipsis = max(ellipsis, rank - letters) }
      for letter in parts.before + parts.after { uses[letter, default: 0] += 1 }
      parsed.append(parts)
    }
    for letter in uses.keys.sorted() { numbers[letter] = ellipsis + numbers.count }
    labelCount = ellipsis + numbers.count
    func labels(_ parts: (before: [Character], after: [Character], hasEllipsis: Bool), _ dots: Int) -> [Int] {
      parts.before.compactMap { numbers[$0] } + (parts.hasEllipsis ? Array((ellipsis - dots)..<ellipsis) : [])
        + parts.after.compactMap { numbers[$0] }
    }
    operands = zip(parsed, ranks).map { labels($0, $0.hasEllipsis ? $1 - $0.before.count - $0.after.count : 0) }
    guard sides.count == 2 else {
      output = Array(0..<ellipsis) + uses.keys.sorted().filter { uses[$0] == 1 }.compactMap { numbers[$0] }
      return
    }
    guard let result = Self.parse(sides[1]) else { return nil }
    let letters = result.before + result.after
    guard letters.allSatisfy({ numbers[$0] != nil }), Set(letters).count == letters.count else { return nil }
    output = labels(result, ellipsis)
  }

  private static func parse(_ term: Substring) -> (before: [Character], after: [Character], hasEllipsis: Bool)? {
    let parts = term.split(separator: "...", omittingEmptySubsequences: false)
    guard parts.count <= 2, parts.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isLetter } }) else { return nil }
    return (Array(parts[0]), parts.count == 2 ? Array(parts[1]) : [], parts.count == 2)
  }
}

/// Visits every combination of labels, those of the result outermost.
private struct EinsumWalk {
  let extents: [Int]
  /// Per operand and walked axis, the step of its offset.
  let steps: [[Int]]
  let outputRank: Int

  init(_ plan: EinsumPlan, shapes: [[Int]]) {
    let order = plan.output + (0..<plan.labelCount).filter { !plan.output.contains($0) }
    var sizes = [Int](repeating: 1, count: plan.labelCount)
    for (labels, shape) in zip(plan.operands, shapes) {
      for (label, extent) in zip(labels, shape) where extent != 1 { sizes[label] = extent }
    }
    extents = order.map { sizes[$0] }
    outputRank = plan.output.count
    steps = zip(plan.operands, shapes).map { labels, shape in
      let strides = Strides.rowMajor(shape)
      return order.map { label in
        labels.indices.reduce(0) { $0 + (labels[$1] == label && shape[$1] != 1 ? strides[$1] : 0) }
      }
    }
  }

  func sums<Element>(
    _ data: [[Element]], _ zero: Element, _ one: Element, _ add: (Element, Element) -> Element,
    _ multiply: (Element, Element) -> Element
  ) -> [Element] {
    let outer = extents[..<outputRank].reduce(1, *)
    var result = [Element](repeating: zero, count: outer)
    guard !extents.contains(0) else { return result }
    let inner = extents[outputRank...].reduce(1, *)
    var index = [Int](repeating: 0, count: extents.count)
    var offsets = [Int](repeating: 0, count: data.count)
    for o in 0..<outer {
      var sum = zero
      for _ in 0..<inner {
        var product = one
        for k in data.indices { product = multiply(product, data[k][offsets[k]]) }
        sum = add(sum, product)
        advance(&index, &offsets)
      }
      result[o] = sum
    }
    return result
  }

  private func advance(_ index: inout [Int], _ offsets: inout [Int]) {
    for axis in extents.indices.reversed() {
      index[axis] += 1
      for k in offsets.indices { offsets[k] += steps[k][axis] }
      if index[axis] < extents[axis] { return }
      for k in offsets.indices { offsets[k] -= steps[k][axis] * extents[axis] }
      index[axis] = 0
    }
  }
}
