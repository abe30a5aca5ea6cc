/// Adds columns of blocks up into an image, the adjoint of cutting it into sliding blocks.
///
/// Operands: columns [N, C · block, L], the image's spatial extents, and the block's.
public struct Col2Im: Operator, SlidingWindow {
  public static let name = "Col2Im"
  public static let arity = 3...3
  public var strides: [Int]
  public var dilations: [Int]
  public var padsBegin: [Int]
  public var padsEnd: [Int]
  public var autoPad: AutoPadding { .explicit }

  public init(strides: [Int] = [], dilations: [Int] = [], padsBegin: [Int] = [], padsEnd: [Int] = []) {
    self.strides = strides
    self.dilations = dilations
    self.padsBegin = padsBegin
    self.padsEnd = padsEnd
  }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    guard x.rank == 3, x.element.isFloatingPoint || x.element.isInteger else {
      throw operands.mismatch(expected: "numeric columns of rank 3", got: "\(x)")
    }
    guard let image = operands.integers(1), let block = operands.integers(2) else {
      throw operands.unresolved("known image and block extents")
    }
    guard image.count == block.count else {
      throw operands.mismatch(expected: "as many image as block extents", got: "\(image) and \(block)")
    }
    try operands.require(image, in: 0...ReferenceLimit.attribute, "image extents")
    let places = try outputShape(input: Shape(image), kernel: Shape(block), operands).product
    let size = Shape(block).product
    try operands.requireEqual(x.shape[2], places, "a column per place of the block")
    if let rows = x.shape[1].constant, let size = size.constant, rows % size != 0 {
      throw operands.mismatch(expected: "rows divisible by the block's \(size) elements", got: "\(rows)")
    }
    return [.tensor(TensorType(x.element, [x.shape[0], x.shape[1].floorDivided(by: size)] + Shape(image)))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let block = try context.tensor(operands, 2, for: Self.name).integers()
    let image = Array(type.shape.dropFirst(2))
    guard let window = resolved(input: image, kernel: block) else {
      throw context.refusal(Self.name, expected: "a block that fits", got: "\(block)")
    }
    let (blockStrides, steps) = (Strides.rowMajor(block), Strides.rowMajor(image))
    let (size, places) = (image.reduce(1, *), window.output.reduce(1, *))
    let outputSteps = Strides.rowMajor(window.output)
    let elements = block.reduce(1, *)
    let data = x.doubles()
    var y = [Double](repeating: 0, count: type.count)
    for k in 0..<elements {
      for place in 0..<places {
        var offset = 0
        var isInside = true
        for axis in block.indices {
          let o = place / outputSteps[axis] % window.output[axis]
          let tap = k / blockStrides[axis] % block[axis]
          let i = o * window.strides[axis] - window.padsBegin[axis] + tap * window.dilations[axis]
          isInside = isInside && (0..<image[axis]).contains(i)
          offset += i &* steps[axis]
        }
        guard isInside else { continue }
        for plane in 0..<type.shape[0] * type.shape[1] {
          y[plane * size + offset] += data[(plane * elements + k) * places + place]
        }
      }
    }
    return [try context.result(Self.name, type, doubles: y)]
  }
}
