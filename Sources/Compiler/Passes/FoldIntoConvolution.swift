import MassRuntime

/// A constant per-channel affine map after a convolution — batch normalization, `Mul`, `Add` — moves into its weights
/// and bias: `s·(W*x + b) + t = (sW)*x + (sb + t)`.
public struct FoldIntoConvolution: Pattern {
  public static let name = "fold-into-convolution"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let layer = ConvolutionLayer(i, view), layer.epilogue.isEmpty, let user = view.soleUser(of: i) else {
      return nil
    }
    guard let map = ChannelMap(after: view.output(i), user: user, channels: layer.channels, view) else { return nil }
    guard let weights = layer.scaledWeights(map.scale) else {
      view.miss(i, "the weights are not constant f32")
      return nil
    }
    let bias = zip(zip(layer.bias, map.scale), map.shift).map { $0.0 * $0.1 + $1 }
    guard let shifted = try? Tensor.make(.float32, [bias.count], doubles: bias) else { return nil }
    var patch = Patch(view, matched: [i, user])
    let w = patch.constant(weights, name: view.graph.name(layer.weightsID))
    let b = patch.constant(shifted, name: view.node(i).name + ".bias")
    patch.replace(view.output(user), in: view, with: view.node(i).op, [layer.input, w, b])
    return patch
  }
}

/// A convolution or transposed convolution with constant weights.
struct ConvolutionLayer {
  let input: ValueID
  let weightsID: ValueID
  let weights: Tensor
  let bias: [Double]
  let channels: Int
  let epilogue: Epilogue
  /// The axis of the weights that counts result channels.
  private let channelAxis: Int

  init?(_ i: Int, _ view: GraphView) {
    if let conv = view.op(i, as: Conv.self) {
      epilogue = conv.epilogue
      channelAxis = 0
    } else if let conv = view.op(i, as: ConvTranspose.self), conv.groups == 1 {
      epilogue = conv.epilogue
      channelAxis = 1
    } else {
      return nil
    }
    guard let x = view.input(i, 0), let w = view.input(i, 1), let tensor = view.constant(w),
      tensor.element == .float32, tensor.shape.count > 2
    else { return nil }
    input = x
    weightsID = w
    weights = tensor
    channels = tensor.shape[channelAxis]
    if let b = view.input(i, 2) {
      guard let constant = view.constant(b), constant.count == channels else { return nil }
      bias = constant.doubles()
    } else {
      bias = Array(repeating: 0, count: channels)
    }
  }

  /// The weights with each result channel multiplied; the very same tensor when every factor is one.
  func scaledWeights(_ scale: [Double]) -> Tensor? {
    if scale.allSatisfy({ $0 == 1 }) { return weights }
    let inner = weights.shape.dropFirst(channelAxis + 1).reduce(1, *)
    let values = weights.doubles().enumerated().map { k, w in w * scale[k / inner % channels] }
    return try? Tensor.make(.float32, weights.shape, doubles: values)
  }
}

/// A node that multiplies and shifts each channel (axis 1) of its operand by constants.
struct ChannelMap {
  let scale: [Double]
  let shift: [Double]

  init?(after id: ValueID, user: Int, channels: Int, _ view: GraphView) {
    guard let type = view.type(id), type.element == .float32 else { return nil }
    if let op = view.op(user, as: BatchNormalization.self), view.input(user, 0) == id {
      guard let map = Self.normalization(op, user, view), map.scale.count == channels else { return nil }
      (scale, shift) = map
      return
    }
    guard let op = view.op(user, as: Binary.self) else { return nil }
    let isLeft = view.input(user, 0) == id
    guard let other = view.constant(view.input(user, isLeft ? 1 : 0)),
      let values = Self.perChannel(other, rank: type.rank, channels: channels)
    else { return nil }
    let (ones, zeros) = (Array(repeating: 1.0, count: channels), Array(repeating: 0.0, count: channels))
    switch (op.function, isLeft) {
    case (.mul, _): (scale, shift) = (values, zeros)
    case (.add, _): (scale, shift) = (ones, values)
    case (.sub, true): (scale, shift) = (ones, values.map { -$0 })
    case (.div, true) where values.allSatisfy({ $0 != 0 }): (scale, shift) = (values.map { 1 / $0 }, zeros)
    default: return nil
    }
  }

  /// Scale and shift of a batch normalization with constant statistics.
  static func normalization(
    _ op: BatchNormalization, _ i: Int, _ view: GraphView
  ) -> (scale: [Double], shift: [Double])? {
    guard !op.isTraining, let gamma = view.constant(view.input(i, 1))?.doubles(),
      let beta = view.constant(view.input(i, 2))?.doubles(), let mean = view.constant(view.input(i, 3))?.doubles(),
      let variance = view.constant(view.input(i, 4))?.doubles(), gamma.count == variance.count
    else { return nil }
    let scale = zip(gamma, variance).map { $0 / ($1 + Double(op.epsilon)).squareRoot() }
    let shift = zip(beta, zip(mean, scale)).map { $0 - $1.0 * $1.1 }
    return (scale, shift)
  }

  /// A constant that varies along axis 1 only, as one number per channel.
  static func perChannel(_ tensor: Tensor, rank: Int, channels: Int) -> [Double]? {
    if tensor.count == 1, tensor.shape.count <= rank {
      return Array(repeating: tensor.doubles()[0], count: channels)
    }
    let padded = Array(repeating: 1, count: max(rank - tensor.shape.count, 0)) + tensor.shape
    guard padded.count == rank, rank > 1, padded[1] == channels, tensor.count == channels else { return nil }
    return tensor.doubles()
  }
}

/// A batch normalization that no convolution takes becomes `x·s + t` with constants, which elementwise fusion takes.
public struct LowerBatchNormalization: Pattern {
  public static let name = "lower-batch-normalization"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let op = view.op(i, as: BatchNormalization.self), let x = view.input(i, 0), view.isFloat32(x),
      let rank = view.type(x)?.rank, rank >= 2, let (scale, shift) = ChannelMap.normalization(op, i, view)
    else { return nil }
    let shape = [scale.count] + Array(repeating: 1, count: rank - 2)
    guard let s = try? Tensor.make(.float32, shape, doubles: scale),
      let t = try? Tensor.make(.float32, shape, doubles: shift)
    else { return nil }
    var patch = Patch(view, matched: [i])
    let name = view.node(i).name
    let scaled = patch.add(
      Binary(.mul), [x, patch.constant(s, name: name + ".scale")],
      results: [view.graph.name(view.output(i)) + ".scaled"])
    patch.replace(view.output(i), in: view, with: Binary(.add), [scaled[0], patch.constant(t, name: name + ".shift")])
    return patch
  }
}
