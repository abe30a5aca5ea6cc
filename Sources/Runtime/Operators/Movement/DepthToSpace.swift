/// Blocks of channels [N, C·b², H, W] laid out as squares of b×b pixels [N, C, H·b, W·b].
public struct DepthToSpace: Operator {
  /// Which varies slowest in the stacked channels: the place in the square (DCR), or the channel (CRD).
  public enum Order: String, Hashable, Sendable, Codable, CaseIterable {
    case depthColumnRow = "DCR"
    case columnRowDepth = "CRD"
  }

  public static let name = "DepthToSpace"
  public static let arity = 1...1
  public var blockSize: Int
  public var order: Order

  public init(blockSize: Int, order: Order = .depthColumnRow) {
    self.blockSize = blockSize
    self.order = order
  }

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    let area = try operands.blockArea(blockSize, x)
    if let channels = x.shape[1].constant, channels % area != 0 {
      throw operands.mismatch(expected: "a multiple of \(area) channels", got: "\(x)")
    }
    let block = Dimension(blockSize)
    let shape = [x.shape[0], x.shape[1].floorDivided(by: Dimension(area)), x.shape[2] * block, x.shape[3] * block]
    return [.tensor(TensorType(x.element, shape))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    if x.count == 0 { return try result(context) { () throws(TensorError) in try Tensor.empty(x.element, shape) } }
    let strides = Strides.rowMajor(x.shape)
    let (b, c, plane) = (blockSize, shape[1], strides[1])
    let isDepthFirst = order == .depthColumnRow
    let channelStep = isDepthFirst ? plane : plane * b * b
    let rowStep = isDepthFirst ? plane * c * b : plane * b
    let columnStep = isDepthFirst ? plane * c : plane
    let sources: [AxisSource] = [
      .strided(step: strides[0], count: shape[0]), .strided(step: channelStep, count: c),
      .strided(step: strides[2], count: x.shape[2]), .strided(step: rowStep, count: b),
      .strided(step: strides[3], count: x.shape[3]), .strided(step: columnStep, count: b),
    ]
    return try result(context) { () throws(TensorError) in try x.gathered(sources, shape: shape) }
  }
}

/// Squares of b×b pixels [N, C, H·b, W·b] stacked as channels [N, C·b², H, W].
public struct SpaceToDepth: Operator {
  public static let name = "SpaceToDepth"
  public static let arity = 1...1
  public var blockSize: Int
  public var order: DepthToSpace.Order

  public init(blockSize: Int, order: DepthToSpace.Order = .depthColumnRow) {
    self.blockSize = blockSize
    self.order = order
  }

  public var layoutPolicy: LayoutPolicy { .agnostic }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.tensor(0)
    let area = try operands.blockArea(blockSize, x)
    for extent in x.shape[2...] {
      if let extent = extent.constant, extent % blockSize != 0 {
        throw operands.mismatch(expected: "multiples of \(blockSize) pixels", got: "\(x)")
      }
    }
    let block = Dimension(blockSize)
    let spatial = x.shape[2...].map { $0.floorDivided(by: block) }
    return [.tensor(TensorType(x.element, [x.shape[0], x.shape[1] * Dimension(area)] + spatial))]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let x = try operand(operands, 0, context)
    let shape = try concreteShape(operands, context)
    if x.count == 0 { return try result(context) { () throws(TensorError) in try Tensor.empty(x.element, shape) } }
    let strides = Strides.rowMajor(x.shape)
    let channels = [AxisSource.strided(step: strides[1], count: x.shape[1])]
    let square: [AxisSource] = [
      .strided(step: strides[2], count: blockSize), .strided(step: strides[3], count: blockSize),
    ]
    let sources =
      [.strided(step: strides[0], count: shape[0])] + (order == .depthColumnRow ? square + channels : channels + square)
      + [
        .strided(step: strides[2] * blockSize, count: shape[2]),
        .strided(step: strides[3] * blockSize, count: shape[3]),
      ]
    return try result(context) { () throws(TensorError) in try x.gathered(sources, shape: shape) }
  }
}

extension Operands {
  /// Pixels of one block, checked; also checks that `x` is a picture.
  fileprivate func blockArea(_ block: Int, _ x: TensorType) throws(OperatorError) -> Int {
    guard x.rank == 4 else { throw mismatch(expected: "a tensor of rank 4", got: "\(x)") }
    guard block >= 1, block <= Int(Int32.max) else {
      throw mismatch(expected: "a block size of 1 and above", got: "\(block)")
    }
    return block * block
  }
}
