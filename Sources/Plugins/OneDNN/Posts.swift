import MassRuntime
import OneDNNShim

/// An epilogue in oneDNN's words: post-operations, the addend of a sum, and operands of binary steps.
struct Posts {
  private(set) var list: [mass_dnnl_post] = []
  /// The node's input that a sum adds: the destination must hold it beforehand.
  private(set) var addend: Int?
  /// Inputs of binary post-operations, in order.
  private(set) var operands: [Int] = []

  /// - Parameter sums: Whether a residual is best added in place; products add it as an operand at no cost instead.
  init?(_ epilogue: Epilogue, _ node: BoundNode, sums: Bool) {
    for step in epilogue.steps {
      switch step {
      case .unary(let function):
        guard let post = function.oneDNNPost else { return nil }
        list.append(post)
      case .binary(let function, let operand):
        guard let input = node.input(operand), let result = node.outputs.first else { return nil }
        if sums, function == .add, addend == nil, input.shape == result.shape, input.layout == result.layout,
          input.constant == nil
        {
          addend = operand
          list.append(Self.post(MASS_DNNL_POST_SUM, 0))
        } else {
          guard let algorithm = function.oneDNN, let tensor = Self.broadcast(input, rank: result.rank) else { return nil }
          var post = Self.post(MASS_DNNL_POST_BINARY, Int32(algorithm.rawValue))
          post.operand = tensor
          list.append(post)
          operands.append(operand)
        }
      }
    }
  }

  static func post(_ kind: mass_dnnl_post_kind, _ algorithm: Int32, _ alpha: Float = 0, _ beta: Float = 0) -> mass_dnnl_post {
    var post = mass_dnnl_post()
    post.kind = kind
    post.algorithm = algorithm
    post.alpha = alpha
    post.beta = beta
    post.scale = 1
    return post
  }

  /// The operand with leading axes of extent one up to `rank`.
  private static func broadcast(_ operand: BoundOperand, rank: Int) -> mass_dnnl_tensor? {
    guard operand.rank <= rank else { return nil }
    if operand.rank == rank { return mass_dnnl_tensor(operand) }
    let lead = rank - operand.rank
    let strides = Array(repeating: max(operand.count, 1), count: lead) + operand.strides
    return mass_dnnl_tensor(operand.element, Array(repeating: 1, count: lead) + operand.shape, strides: strides)
  }
}

extension BinaryFunction {
  var oneDNN: mass_dnnl_binary_algorithm? {
    switch self {
    case .add: MASS_DNNL_ADD
    case .sub: MASS_DNNL_SUB
    case .mul: MASS_DNNL_MUL
    case .div: MASS_DNNL_DIV
    case .min: MASS_DNNL_MIN
    case .max: MASS_DNNL_MAX
    default: nil
    }
  }
}

extension UnaryFunction {
  /// The function as a post-operation, if oneDNN has it.
  var oneDNNPost: mass_dnnl_post? {
    func post(_ algorithm: mass_dnnl_eltwise_algorithm, _ alpha: Float = 0, _ beta: Float = 0) -> mass_dnnl_post {
      Posts.post(MASS_DNNL_POST_ELTWISE, Int32(algorithm.rawValue), alpha, beta)
    }
    return switch self {
    case .relu: post(MASS_DNNL_RELU)
    case .leakyRelu(let alpha): post(MASS_DNNL_RELU, alpha)
    case .elu(let alpha): post(MASS_DNNL_ELU, alpha)
    case .tanh: post(MASS_DNNL_TANH)
    case .sigmoid: post(MASS_DNNL_LOGISTIC)
    case .abs: post(MASS_DNNL_ABS)
    case .sqrt: post(MASS_DNNL_SQRT)
    case .exp: post(MASS_DNNL_EXP)
    case .clip(let low, let high): post(MASS_DNNL_CLIP, low, high)
    case .hardSwish: post(MASS_DNNL_HARD_SWISH)
    case .swish(let alpha): post(MASS_DNNL_SWISH, alpha)
    case .geluErf: post(MASS_DNNL_GELU_ERF)
    case .geluTanh: post(MASS_DNNL_GELU_TANH)
    case .mish: post(MASS_DNNL_MISH)
    case .affine(let scale, let shift): post(MASS_DNNL_LINEAR, scale, shift)
    default: nil
    }
  }
}
