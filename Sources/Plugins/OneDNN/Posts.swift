import MassRuntime
import OneDNNShim

/// An epilogue in oneDNN's words: post-operations, the addend of a sum, and operands of binary steps.
struct Posts {
  private(set) var list: [mass_dnnl_post] = []
  /// The node's input that a sum adds: the destination must hold it beforehand.
  private(set) var addend: Int?
  /// Operands of binary post-operations, in order.
  private(set) var operands: [Stage.Source] = []

  /// A step's operand as the primitive sees it.
  struct Operand {
    var tensor: mass_dnnl_tensor
    var source: Stage.Source
  }

  init() {}

  /// - Parameters:
  ///   - isAddend: Whether a residual is best added in place: the input is computed and lies as the result does.
  ///   - operand: How an input looks to the primitive; nil when it cannot be described.
  init?(_ epilogue: Epilogue, isAddend: (Int) -> Bool, operand: (Int) -> Operand?) {
    for step in epilogue.steps {
      switch step {
      case .unary(let function):
        guard let posts = function.oneDNNPosts else { return nil }
        list += posts
      case .binary(.add, let input) where addend == nil && isAddend(input):
        addend = input
        list.append(Self.post(MASS_DNNL_POST_SUM, 0))
      case .binary(let function, let input):
        guard let algorithm = function.oneDNN, let operand = operand(input) else { return nil }
        append(algorithm, operand)
      }
    }
  }

  mutating func append(_ algorithm: mass_dnnl_binary_algorithm, _ operand: Operand) {
    var post = Self.post(MASS_DNNL_POST_BINARY, Int32(bitPattern: algorithm.rawValue))
    post.operand = operand.tensor
    list.append(post)
    operands.append(operand.source)
  }

  mutating func append(_ posts: [mass_dnnl_post]) { list += posts }

  mutating func append(_ other: Posts) {
    list += other.list
    operands += other.operands
    addend = addend ?? other.addend
  }

  static func post(
    _ kind: mass_dnnl_post_kind, _ algorithm: Int32, _ alpha: Float = 0, _ beta: Float = 0
  ) -> mass_dnnl_post {
    var post = mass_dnnl_post()
    post.kind = kind
    post.algorithm = algorithm
    post.alpha = alpha
    post.beta = beta
    post.scale = 1
    return post
  }

  static func eltwise(
    _ algorithm: mass_dnnl_eltwise_algorithm, _ alpha: Float = 0, _ beta: Float = 0
  ) -> mass_dnnl_post {
    post(MASS_DNNL_POST_ELTWISE, Int32(bitPattern: algorithm.rawValue), alpha, beta)
  }

  /// The steps as primitives of their own that work in place on `output`: for a primitive that is slow with them. Must be
  /// free of sums.
  func stages(on destination: mass_dnnl_tensor, output: Int, threads: Int) -> [Stage]? {
    var stages: [Stage] = []
    var rest = operands[...]
    for post in list {
      if post.kind == MASS_DNNL_POST_ELTWISE {
        guard let primitive = Primitive.eltwise(post, on: destination, threads: threads) else { return nil }
        stages.append(Stage(primitive, [.operand(output), .operand(output)]))
      } else {
        guard post.kind == MASS_DNNL_POST_BINARY, let operand = rest.popFirst(),
          let primitive = Primitive.binary(post, on: destination, threads: threads)
        else { return nil }
        stages.append(Stage(primitive, [.operand(output), operand, .operand(output)]))
      }
    }
    return stages
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
  /// The function as post-operations, if oneDNN has it.
  var oneDNNPosts: [mass_dnnl_post]? {
    switch self {
    case .relu: [Posts.eltwise(MASS_DNNL_RELU)]
    case .leakyRelu(let alpha): [Posts.eltwise(MASS_DNNL_RELU, alpha)]
    case .elu(let alpha): [Posts.eltwise(MASS_DNNL_ELU, alpha)]
    case .selu(let alpha, let gamma): [Posts.eltwise(MASS_DNNL_ELU, alpha), Posts.eltwise(MASS_DNNL_LINEAR, gamma)]
    case .tanh: [Posts.eltwise(MASS_DNNL_TANH)]
    case .sigmoid: [Posts.eltwise(MASS_DNNL_LOGISTIC)]
    case .abs: [Posts.eltwise(MASS_DNNL_ABS)]
    case .neg: [Posts.eltwise(MASS_DNNL_LINEAR, -1)]
    case .sqrt: [Posts.eltwise(MASS_DNNL_SQRT)]
    case .exp: [Posts.eltwise(MASS_DNNL_EXP)]
    case .clip(let low, let high): [Posts.eltwise(MASS_DNNL_CLIP, low, high)]
    case .hardSwish: [Posts.eltwise(MASS_DNNL_HARD_SWISH)]
    case .hardSigmoid(let alpha, let beta):
      [Posts.eltwise(MASS_DNNL_LINEAR, alpha, beta), Posts.eltwise(MASS_DNNL_CLIP, 0, 1)]
    case .swish(let alpha): [Posts.eltwise(MASS_DNNL_SWISH, alpha)]
    case .softplus: [Posts.eltwise(MASS_DNNL_SOFT_RELU)]
    case .geluErf: [Posts.eltwise(MASS_DNNL_GELU_ERF)]
    case .geluTanh: [Posts.eltwise(MASS_DNNL_GELU_TANH)]
    case .mish: [Posts.eltwise(MASS_DNNL_MISH)]
    case .affine(let scale, let shift): [Posts.eltwise(MASS_DNNL_LINEAR, scale, shift)]
    default: nil
    }
  }
}
