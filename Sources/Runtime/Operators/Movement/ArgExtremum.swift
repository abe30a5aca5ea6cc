/// The place of the largest (or smallest) element along `axis`, as int64.
public struct ArgExtremum: Operator {
  public static let name = "ArgExtremum"
  public static let arity = 1...1
  public var isMaximum: Bool
  public var axis: Int
  public var keepDims: Bool
  /// Of equal elements, take the last instead of the first.
  public var selectLast: Bool

  public init(isMaximum: Bool, axis: Int = 0, keepDims: Bool = true, selectLast: Bool = false) {
    self.isMaximum = isMaximum
    self.axis = axis
    self.keepDims = keepDims
    self.selectLast = selectLast
  }

  public var layoutPolicy: LayoutPolicy { .readsAny }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    guard x.element.isInteger || x.element.isFloatingPoint else {
      throw operands.mismatch(expected: "numbers", got: "\(x)")
    }
    let axis = try operands.axis(axis, rank: x.rank)
    guard x.shape[axis].constant != 0 else {
      throw operands.mismatch(expected: "elements along axis \(axis)", got: "\(x)")
    }
    var shape = x.shape
    if keepDims { shape[axis] = 1 } else { shape.remove(at: axis) }
    return [.tensor(TensorType(.int64, shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    let lanes = Lanes(x.shape, axis: axis)
    let places = x.element.isFloatingPoint ? best(lanes, x.doubles()) : best(lanes, x.orderedIntegers())
    return try result(context) { () throws(TensorError) in try Tensor.make(.int64, shape, integers: places) }
  }

  /// The place in each lane; a value that does not equal itself (NaN) is more extreme than any other.
  private func best<T: Comparable>(_ lanes: Lanes, _ values: [T]) -> [Int] {
    lanes.firsts.map { first in
      var (place, extreme) = (0, values[first])
      for i in 1..<max(lanes.extent, 1) {
        let value = values[first + i * lanes.step]
        let isBetter = isMaximum ? value > extreme : value < extreme
        let isTie = value == extreme || (value != value && extreme != extreme)
        if isTie ? selectLast : isBetter || value != value { (place, extreme) = (i, value) }
      }
      return place
    }
  }
}

/// The one-dimensional runs of a tensor along one axis.
struct Lanes {
  let extent: Int
  /// Elements between neighbours of a lane.
  let step: Int
  /// Where the lanes begin, in the row-major order of the other axes.
  let firsts: [Int]

  init(_ shape: [Int], axis: Int) {
    let axis = axis < 0 ? axis + shape.count : axis
    let strides = Strides.rowMajor(shape)
    extent = shape[axis]
    step = strides[axis]
    if shape.contains(0) {
      firsts = []
    } else {
      let (outer, inner) = (shape[..<axis].reduce(1, *), step)
      let block = step * shape[axis]
      firsts = (0..<outer).flatMap { i in (0..<inner).map { i * block + $0 } }
    }
  }

  func offsets(_ first: Int) -> [Int] { (0..<extent).map { first + $0 * step } }
}

extension Tensor {
  /// Integers in an order that compares as the element type does: `uint64` is shifted down by 2^63.
  func orderedIntegers() -> [Int] {
    element == .uint64 ? integers().map { $0 ^ Int.min } : integers()
  }
}
