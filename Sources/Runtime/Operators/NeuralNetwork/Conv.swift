/// Convolution (cross-correlation) over any number of spatial axes.
///
/// Operands: X [N, C, D…], W [M, C/groups, K…], an optional bias [M], then the operands of the epilogue.
public struct Conv: Operator, SlidingWindow {
  public static let name = "Conv"
  public static let arity = 2...64
  public var strides: [Int]
  public var dilations: [Int]
  public var padsBegin: [Int]
  public var padsEnd: [Int]
  public var autoPad: AutoPadding
  public var groups: Int
  public var epilogue: Epilogue

  public init(
    strides: [Int] = [], dilations: [Int] = [], padsBegin: [Int] = [], padsEnd: [Int] = [],
    autoPad: AutoPadding = .explicit, groups: Int = 1, epilogue: Epilogue = Epilogue()
  ) {
    self.strides = strides
    self.dilations = dilations
    self.padsBegin = padsBegin
    self.padsEnd = padsEnd
    self.autoPad = autoPad
    self.groups = groups
    self.epilogue = epilogue
  }

  /// Operand index of the first epilogue operand.
  public static let firstEpilogueOperand = 3

  public var layoutPolicy: LayoutPolicy { .prefersChannelsLast }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let (x, w) = (try operands.tensor(0), try operands.tensor(1))
    guard x.element == w.element, x.element.isFloatingPoint || x.element.isInteger else {
      throw operands.mismatch(expected: "numeric X and W of one type", got: "\(x.element) and \(w.element)")
    }
    guard x.rank >= 2, w.rank == x.rank else {
      throw operands.mismatch(expected: "X and W of one rank, at least 2", got: "\(x) and \(w)")
    }
    try operands.require([groups], in: 1...ReferenceLimit.attribute, "groups")
    try operands.requireEqual(x.shape[1], w.shape[1] * Dimension(groups), "as many channels in X as in groups of W")
    if let outputs = w.shape[0].constant, outputs % groups != 0 {
      throw operands.mismatch(expected: "output channels divisible by \(groups) groups", got: "\(outputs)")
    }
    try operands.requireOptional(2, x.element, [w.shape[0]], "bias")
    let spatial = try outputShape(input: Shape(x.shape.dropFirst(2)), kernel: Shape(w.shape.dropFirst(2)), operands)
    let result = TensorType(x.element, [x.shape[0], w.shape[0]] + spatial)
    try epilogue.check(operands, result: result)
    return [.tensor(result)]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let w = try context.tensor(operands, 1, for: Self.name)
    guard let window = resolved(input: Array(x.shape.dropFirst(2)), kernel: Array(w.shape.dropFirst(2))) else {
      throw context.refusal(Self.name, expected: "a window that fits", got: "\(x.shape) and \(w.shape)")
    }
    var problem = ConvolutionReference(window: window, batch: x.shape[0], groups: groups)
    problem.inputChannels = w.shape[1]
    problem.outputChannels = w.shape[0] / groups
    let bias = context.optionalTensor(operands, 2)?.doubles()
    let values = problem.forward(x.doubles(), w.doubles(), bias)
    let result = try context.checked(Self.name) { () throws(TensorError) in
      try Tensor.make(type.element, type.shape, doubles: values)
    }
    return [.tensor(try epilogue.apply(to: result, operands, context))]
  }
}
