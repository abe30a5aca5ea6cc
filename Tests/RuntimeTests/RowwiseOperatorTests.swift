import OperatorCases
import Testing

@testable import MassRuntime

/// What operators say about rows, against what they compute: each on three rows one by one, and on all of them at once.
@Suite struct RowwiseOperatorTests {
  private static let rows = 3
  private static let symbol = Dimension(symbol: "N")

  @Test(arguments: OperatorCase.all.filter { $0.refusal == nil && $0.op is any RowwiseOperator }, [1, 2])
  func rowsAreTreatedByThemselvesWhereTheOperatorSaysSo(_ row: OperatorCase, _ sweeps: Int) throws {
    for axes in Self.choices(row.inputs) {
      guard let found = Self.placements(row, axes, sweeps) else { continue }
      try Self.compare(row, axes, found, sweeps)
    }
  }

  /// Most conforming operators must say yes to something, or the test above compares nothing.
  @Test func theRulesAreReached() {
    var reached: Set<String> = []
    var all: Set<String> = []
    for row in OperatorCase.all where row.refusal == nil && row.op is any RowwiseOperator {
      let name = Swift.type(of: row.op).name
      all.insert(name)
      if reached.contains(name) { continue }
      if Self.choices(row.inputs).contains(where: { Self.placements(row, $0) != nil }) { reached.insert(name) }
    }
    // These need operands that count rows, or have no such case: `BatchAxisTests` reaches them.
    #expect(all.subtracting(reached).isSubset(of: ["ConstantOfShape", "CumProd", "Slice", "Tile"]))
    #expect(reached.count > 40)
  }

  /// For each operand, the axis its rows are to lie along, or nil to share it: every combination of not too many.
  private static func choices(_ inputs: [Tensor?]) -> [[Int?]] {
    var result: [[Int?]] = [[]]
    for input in inputs {
      let axes: [Int?] = [nil] + (input.map { Array(0..<min($0.shape.count, 4)) } ?? [])
      result = result.flatMap { head in axes.map { head + [$0] } }
      // Those with most operands batched alike come last and are kept.
      if result.count > 3000 { result = Array(result.prefix(1500) + result.suffix(1500)) }
    }
    return result.filter { $0.contains { $0 != nil } }
  }

  /// Where rows lie in a result.
  private struct Place {
    var axis: Int
    var sweeps: Int
  }

  /// What the operator says when the operands' extents along the axes are multiplied by N; nil when it may mix rows.
  private static func placements(_ row: OperatorCase, _ axes: [Int?], _ sweeps: Int = 1) -> [Place]? {
    guard let op = row.op as? any RowwiseOperator else { return nil }
    let isDivisible = zip(row.inputs, axes).allSatisfy { input, axis in
      axis.map { (input?.shape[$0] ?? 0) % sweeps == 0 } ?? true
    }
    guard isDivisible else { return nil }
    var types: [ValueType?] = []
    for (input, axis) in zip(row.inputs, axes) {
      guard var type = input?.type else {
        types.append(nil)
        continue
      }
      if let axis { type.shape[axis] = type.shape[axis] * symbol }
      types.append(.tensor(type))
    }
    let shared = zip(row.inputs, axes).map { input, axis in axis == nil ? input : nil }
    let operands = Operands(
      op: "", node: "", types: types, values: shared.map { $0.flatMap { SymbolicTensor($0) } }, constants: shared,
      resultCount: row.expected.count)
    guard let results = try? row.op.resultTypes(for: operands).prefix(row.expected.count).compactMap(\.tensor),
      results.count == row.expected.count
    else { return nil }
    let batch = RowwiseOperands(
      operands: operands,
      placements: zip(row.inputs, axes).map { input, axis in input.map { _ in axis.map { .along(axis: $0) } ?? .shared }
      },
      sweeps: Dimension(sweeps), results: results, rows: symbol)
    guard let found = op.rows(batch) else { return nil }
    var places: [Place] = []
    for (placement, result) in zip(found, results) {
      guard let axis = placement.axis, RowwiseOperands.isFitting(placement, result.shape, symbol, known: ["N"])
      else { return nil }
      places.append(Place(axis: axis, sweeps: placement.sweeps?.constant ?? 0))
    }
    return places
  }

  private static func compare(_ row: OperatorCase, _ axes: [Int?], _ places: [Place], _ sweeps: Int) throws {
    let context = EvaluationContext(node: "", resultCount: row.expected.count)
    var single: [[Tensor]] = []
    var parts: [[Tensor?]] = []
    for i in 0..<rows {
      let own = try zip(row.inputs, axes).map { input, axis in
        axis == nil ? input : try input.map { try rolled($0, by: i) }
      }
      // Values that the operator refuses in another order prove nothing.
      guard let results = try? row.op.evaluate(own.map { $0.map { .tensor($0) } }, context) else { return }
      single.append(results.compactMap(\.tensor))
      parts.append(own)
    }
    var joined: [Value?] = []
    for (i, axis) in axes.enumerated() {
      guard let axis else {
        joined.append(row.inputs[i].map { .tensor($0) })
        continue
      }
      joined.append(try concatenated(parts.compactMap { $0[i] }, Place(axis: axis, sweeps: sweeps)))
    }
    let together = try row.op.evaluate(joined, context).compactMap(\.tensor)
    for (i, place) in places.enumerated() where i < together.count {
      let wanted = try concatenated(single.map { $0[i] }, place).tensor
      let text = "\(row), rows along \(axes), \(sweeps) times"
      let got = together[i]
      #expect(got.shape == wanted?.shape, "\(text)")
      let difference = wanted.flatMap { got.difference(from: $0, tolerance: row.tolerance) }
      #expect(difference == nil, "\(text): \(difference.map { "\($0)" } ?? "")")
    }
  }

  /// The same elements, each some places further on: still valid indices, masks and lengths.
  private static func rolled(_ tensor: Tensor, by count: Int) throws -> Tensor {
    guard tensor.count > 1, count > 0 else { return tensor }
    let order = (0..<tensor.count).map { ($0 + count) % tensor.count }
    let flat = try tensor.reshaped([tensor.count])
    let result = try Gather(axis: 0).evaluate(
      [.tensor(flat), .tensor(.i64([order.count], order))], EvaluationContext(node: "", resultCount: 1))
    return try #require(result.first?.tensor).reshaped(tensor.shape)
  }

  private static func concatenated(_ tensors: [Tensor], _ place: Place) throws -> Value {
    let context = EvaluationContext(node: "", resultCount: 1)
    var (cut, whole): ([Tensor], [Int]) = ([], [])
    for tensor in tensors {
      let (extent, head, tail) = (
        tensor.shape[place.axis], tensor.shape[..<place.axis], tensor.shape[(place.axis + 1)...]
      )
      try #require(place.sweeps > 0 && extent % place.sweeps == 0)
      cut.append(try tensor.reshaped(head + [place.sweeps, extent / place.sweeps] + tail))
      whole = head + [extent * tensors.count] + tail
    }
    let joined = try Concat(axis: place.axis + 1).evaluate(cut.map { .tensor($0) }, context).first?.tensor
    return .tensor(try #require(joined).reshaped(whole))
  }
}
