import MassRuntime
import OneDNNShim

extension MatMul {
  func oneDNNOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let product = MatrixProduct(self, node) else { return [] }
    return [KernelOffer("") { product.kernel(nil) }]
  }
}

/// A matrix product as oneDNN sees it: equal ranks, transposes as strides, and rows of all batches in one matrix where the
/// right operand is the same for all.
struct MatrixProduct {
  private let node: BoundNode
  private let posts: Posts
  private let alpha: Float
  private let source: mass_dnnl_tensor
  private let plainWeights: mass_dnnl_tensor
  private let anyWeights: mass_dnnl_tensor
  private let bias: mass_dnnl_tensor
  private let destination: mass_dnnl_tensor

  init?(_ op: MatMul, _ node: BoundNode) {
    guard node.isAll(.float32), let a = node.input(0), let b = node.input(1), a.isPlain, b.isPlain,
      node.outputs[0].isPlain, a.count > 0, b.count > 0, let posts = Posts(op.epilogue, node, sums: false)
    else { return nil }
    var left = Matrix(a, isTransposed: op.transposeA, isRow: true)
    var right = Matrix(b, isTransposed: op.transposeB, isRow: false)
    let batch = Self.broadcast(left.batch, right.batch)
    // The result keeps an axis of one for a vector operand: the memory is the same.
    var result = Matrix(batch: batch, rows: left.rows, columns: right.columns)
    // Epilogue operands have the result's shape, which folding changes alike.
    let folds = right.batch.allSatisfy { $0 == 1 } && !op.transposeA
    if folds {
      (left, right, result) = (left.folded, right.withoutBatch, result.folded)
    }
    guard let source = left.tensor(rank: result.rank), let plain = right.tensor(rank: result.rank),
      let any = mass_dnnl_tensor.any(.float32, right.shape(rank: result.rank)),
      let destination = result.tensor(rank: result.rank)
    else { return nil }
    if let c = node.input(2) {
      guard let tensor = Self.bias(c, columns: result.columns, rank: result.rank) else { return nil }
      bias = tensor
    } else {
      bias = .absent
    }
    (self.node, self.posts, alpha) = (node, posts, op.alpha)
    (self.source, plainWeights, anyWeights, self.destination) = (source, plain, any, destination)
    // alpha scales the product only, and a bias is added before post-operations.
    if alpha != 1 && node.input(2) != nil { return nil }
  }

  private static func broadcast(_ a: [Int], _ b: [Int]) -> [Int] {
    let rank = max(a.count, b.count)
    let (x, y) = (Array(repeating: 1, count: rank - a.count) + a, Array(repeating: 1, count: rank - b.count) + b)
    return zip(x, y).map { $0 == 1 ? $1 : $0 }
  }

  /// A bias with one number per column, or one number.
  private static func bias(_ c: BoundOperand, columns: Int, rank: Int) -> mass_dnnl_tensor? {
    guard c.count == columns, c.shape.last == columns else { return nil }
    return mass_dnnl_tensor(
      .float32, Array(repeating: 1, count: rank - 1) + [columns],
      strides: Array(repeating: columns, count: rank - 1) + [1])
  }

  func kernel(_ implementation: String?) -> (any Kernel)? {
    let isConstant = node.inputs[1]?.constant != nil
    let description = mass_dnnl_product(
      source: source, weights: isConstant ? anyWeights : plainWeights, bias: bias, destination: destination)
    let scale = alpha == 1 ? [] : [Posts.post(MASS_DNNL_POST_ELTWISE, Int32(MASS_DNNL_LINEAR.rawValue), alpha)]
    let made = unsafe Primitive(posts: scale + posts.list, implementation: implementation, threads: node.threads) {
      options, result in
      var copy = description
      return unsafe mass_dnnl_create_matmul(&copy, options, result)
    }
    guard let primitive = made else { return nil }
    var sources: [PrimitiveKernel.Source] = [.operand(0)]
    if isConstant, let b = node.inputs[1] {
      guard let wanted = primitive.operand(1),
        let packed = packedConstant(b, as: plainWeights, to: wanted, node.environment)
      else { return nil }
      sources.append(.constant(packed))
    } else {
      sources.append(.operand(1))
    }
    if node.input(2) != nil { sources.append(.operand(2)) }
    sources += posts.operands.map { .operand($0) }
    sources.append(.operand(node.inputs.count))
    return PrimitiveKernel(primitive, sources, node: node, addend: posts.addend)
  }
}

/// A stack of matrices in dense memory, possibly read transposed.
private struct Matrix {
  var batch: [Int]
  var rows: Int
  var columns: Int
  var isTransposed = false

  init(batch: [Int], rows: Int, columns: Int) {
    (self.batch, self.rows, self.columns) = (batch, rows, columns)
  }

  /// - Parameter isRow: A vector is one row (left operand) or one column (right operand).
  init(_ operand: BoundOperand, isTransposed: Bool, isRow: Bool) {
    let shape = operand.shape
    guard shape.count >= 2 else {
      let count = shape.first ?? 1
      self.init(batch: [], rows: isRow ? 1 : count, columns: isRow ? count : 1)
      return
    }
    let (r, c) = (shape[shape.count - 2], shape[shape.count - 1])
    self.init(batch: Array(shape.dropLast(2)), rows: isTransposed ? c : r, columns: isTransposed ? r : c)
    self.isTransposed = isTransposed
  }

  var rank: Int { batch.count + 2 }

  /// All batches' rows in one matrix.
  var folded: Matrix { Matrix(batch: [], rows: batch.reduce(rows, *), columns: columns) }

  var withoutBatch: Matrix {
    var copy = self
    copy.batch = []
    return copy
  }

  func shape(rank: Int) -> [Int] { Array(repeating: 1, count: max(rank - self.rank, 0)) + batch + [rows, columns] }

  func tensor(rank: Int) -> mass_dnnl_tensor? {
    let shape = shape(rank: rank)
    var strides = Array(repeating: 1, count: shape.count)
    var step = max(rows * columns, 1)
    for i in stride(from: shape.count - 3, through: 0, by: -1) {
      strides[i] = step
      step *= shape[i]
    }
    strides[shape.count - 2] = isTransposed ? 1 : columns
    strides[shape.count - 1] = isTransposed ? rows : 1
    return mass_dnnl_tensor(.float32, shape, strides: strides)
  }
}
