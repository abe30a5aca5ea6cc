import MassRuntime

/// An operator that can go on computing on its result before storing it.
protocol EpilogueOperator: Operator {
  var epilogue: Epilogue { get set }
  /// Operands before those of the epilogue; optional ones that are absent are held open by nil.
  static var ownOperands: Int { get }
}

extension Conv: EpilogueOperator { static var ownOperands: Int { 3 } }
extension ConvTranspose: EpilogueOperator { static var ownOperands: Int { 3 } }
extension MatMul: EpilogueOperator { static var ownOperands: Int { 3 } }

extension EpilogueOperator {
  func appending(_ step: Epilogue.Step) -> Self {
    var copy = self
    copy.epilogue = epilogue.appending(step)
    return copy
  }
}

/// `f(conv(x))` and `f(a·b)`: the activation is applied as the result is stored.
public struct FuseActivation: Pattern {
  public static let name = "fuse-activation"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let op = view.node(i).op as? any EpilogueOperator, view.isFloat32(view.output(i)),
      let user = view.soleUser(of: i), let unary = view.op(user, as: Unary.self)
    else { return nil }
    guard unary.function.isEpilogue else {
      view.miss(i, "\(unary.function) cannot be applied while storing")
      return nil
    }
    var patch = Patch(view, matched: [i, user])
    patch.replace(view.output(user), in: view, with: op.appending(.unary(unary.function)), view.node(i).inputs)
    return patch
  }
}

extension UnaryFunction {
  /// Functions that convolution and matrix product kernels apply to registers for free or nearly so.
  var isEpilogue: Bool {
    switch self {
    case .relu, .leakyRelu, .elu, .sigmoid, .tanh, .clip, .hardSwish, .swish, .geluErf, .geluTanh, .abs, .sqrt, .exp,
      .mish, .affine:
      true
    default: false
    }
  }
}

/// `conv(x) + y` and `a·b + y` with `y` of the result's shape: the addition happens as the result is stored.
public struct FuseResidual: Pattern {
  public static let name = "fuse-residual"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let op = view.node(i).op as? any EpilogueOperator, view.isFloat32(view.output(i)),
      let user = view.soleUser(of: i)
    else { return nil }
    let own = view.output(i)
    guard let other = view.orders(user, .add).first(where: { $0.0 == own })?.1, other != own else { return nil }
    guard let type = view.type(other), let result = view.type(own), type.shape == result.shape,
      view.constant(other) == nil
    else {
      view.miss(i, "the addend \(view.graph.name(other)) has not the result's shape")
      return nil
    }
    guard !op.epilogue.hasAddition else {
      view.miss(i, "a residual is added already")
      return nil
    }
    var inputs = view.node(i).inputs
    while inputs.count < Swift.type(of: op).ownOperands { inputs.append(nil) }
    inputs.append(other)
    var patch = Patch(view, matched: [i, user])
    let fused = op.appending(.binary(.add, operand: inputs.count - 1))
    patch.replace(view.output(user), in: view, with: fused, inputs)
    return patch
  }
}

extension Epilogue {
  var hasAddition: Bool {
    steps.contains { if case .binary = $0 { true } else { false } }
  }
}

/// `a·b + c` with a constant vector `c` along the last axis: `c` becomes the product's bias.
public struct FuseMatMulBias: Pattern {
  public static let name = "fuse-matmul-bias"

  public init() {}

  public func patch(at i: Int, in view: GraphView) -> Patch? {
    guard let op = view.op(i, as: MatMul.self), op.epilogue.isEmpty, view.input(i, 2) == nil,
      let user = view.soleUser(of: i),
      let result = view.type(view.output(i)), let columns = result.shape.last?.constant, result.rank >= 2
    else { return nil }
    let own = view.output(i)
    guard let other = view.orders(user, .add).first(where: { $0.0 == own })?.1, let bias = view.constant(other),
      bias.element == result.element
    else { return nil }
    guard bias.count == columns, bias.shape.last == columns, bias.shape.count <= result.rank,
      let vector = try? bias.reshaped([columns])
    else {
      view.miss(i, "the addend of shape \(bias.shape) is not one number per column")
      return nil
    }
    var patch = Patch(view, matched: [i, user])
    let b = patch.constant(vector, name: view.graph.name(other))
    patch.replace(view.output(user), in: view, with: op, [view.input(i, 0), view.input(i, 1), b])
    return patch
  }
}
