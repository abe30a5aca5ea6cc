/// The middle of the operand, cut or padded with zeros to the extents in operand 1 along `axes` (all of them, if nil).
public struct CenterCropPad: Operator {
  public static let name = "CenterCropPad"
  public static let arity = 2...2
  public var axes: [Int]?

  public init(axes: [Int]? = nil) { self.axes = axes }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    let extents = try operands.elements(1)
    let axes = try operands.distinctAxes(axes ?? Array(0..<x.rank), rank: x.rank)
    guard extents.count == axes.count else {
      throw operands.mismatch(expected: "\(axes.count) extents", got: "\(extents.count)")
    }
    var shape = x.shape
    for (axis, extent) in zip(axes, extents) {
      guard extent?.constant ?? 0 >= 0 else {
        throw operands.mismatch(expected: "extents of 0 and above", got: "\(extents)")
      }
      shape[axis] = extent ?? operands.freshDimension("\(axis)")
    }
    return [.tensor(TensorType(x.element, shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    return try result(context) { () throws(TensorError) in
      if try Tensor.referenceCount(x.element, shape) == 0 { return try Tensor.empty(x.element, shape) }
      let strides = Strides.rowMajor(x.shape)
      let sources = shape.indices.map { axis in
        let extent = x.shape[axis]
        // Cutting rounds the start down; padding puts the odd element at the end.
        let shift = extent >= shape[axis] ? (extent - shape[axis]) / 2 : -((shape[axis] - extent) / 2)
        return AxisSource.list(
          (0..<shape[axis]).map { (0..<extent).contains($0 + shift) ? ($0 + shift) &* strides[axis] : -1 })
      }
      return try x.gathered(sources, shape: shape)
    }
  }
}
