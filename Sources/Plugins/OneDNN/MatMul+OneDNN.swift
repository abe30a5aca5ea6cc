import MassRuntime
import OneDNNShim

extension MatMul {
  func oneDNNOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let product = MatrixProduct(self, node) else { return [] }
    return [KernelOffer("") { product.kernel() }]
  }
}

/// A matrix product with bias and epilogue as a oneDNN primitive.
struct MatrixProduct {
  private let node: BoundNode
  private let shape: ProductShape
  private let source: mass_dnnl_tensor
  private let plainWeights: mass_dnnl_tensor
  private let anyWeights: mass_dnnl_tensor
  private let destination: mass_dnnl_tensor
  /// Absent when there is none, or when it is a step of the epilogue.
  private let bias: mass_dnnl_tensor
  private let posts: Posts

  init?(_ op: MatMul, _ node: BoundNode) {
    guard node.isAll(.float32), node.inputs.allSatisfy({ ($0?.count ?? 1) > 0 }), let shape = ProductShape(op, node),
      let source = shape.left.tensor, let plain = shape.right.tensor, let destination = shape.result.tensor,
      let any = mass_dnnl_tensor.any(.float32, shape.right.shape)
    else { return nil }
    func operand(_ i: Int) -> Posts.Operand? {
      shape.others[i]?.tensor.map { Posts.Operand(tensor: $0, source: .operand(i)) }
    }
    // A residual as an operand costs nothing here and needs no memory of its own.
    guard let steps = Posts(op.epilogue, isAddend: { _ in false }, operand: operand) else { return nil }
    var posts = Posts()
    bias = Self.bias(op, shape) ?? .absent
    if op.alpha != 1 { posts.append([Posts.eltwise(MASS_DNNL_LINEAR, op.alpha)]) }
    if shape.others[2] != nil, Self.bias(op, shape) == nil {
      guard let addend = operand(2) else { return nil }
      posts.append(MASS_DNNL_ADD, addend)
    }
    posts.append(steps)
    (self.node, self.shape, self.posts) = (node, shape, posts)
    (self.source, plainWeights, anyWeights, self.destination) = (source, plain, any, destination)
  }

  /// One number per column, of a product that is not scaled: oneDNN adds it before it scales.
  private static func bias(_ op: MatMul, _ shape: ProductShape) -> mass_dnnl_tensor? {
    guard op.alpha == 1, let bias = shape.others[2], let columns = shape.result.shape.last else { return nil }
    guard bias.shape.dropLast().allSatisfy({ $0 == 1 }), bias.shape.last == columns else { return nil }
    return bias.tensor
  }

  private var hasBias: Bool { bias.byteCount > 0 }
  private var output: Int { node.inputs.count }

  /// The library's first implementation. Where it is slow with the epilogue, the steps run by themselves.
  func kernel() -> (any Kernel)? {
    kernel(acceptsReference: false) ?? separateKernel(acceptsReference: false)
      ?? kernel(acceptsReference: true) ?? separateKernel(acceptsReference: true)
  }

  /// Whether all implementations read operands of the epilogue right: those of the result's shape, of one element, or of
  /// one row.
  private var isSound: Bool {
    shape.others.values.allSatisfy { plane in
      plane.shape == shape.result.shape || plane.shape.dropLast().allSatisfy { $0 == 1 }
    }
  }

  private func kernel(acceptsReference: Bool) -> (any Kernel)? {
    guard let primitive = primitive(posts, acceptsReference), isSound || primitive.name.hasPrefix("brg") else {
      return nil
    }
    return kernel(primitive, posts, after: [])
  }

  /// The bare product, then each step of the epilogue in place.
  private func separateKernel(acceptsReference: Bool) -> (any Kernel)? {
    guard !posts.list.isEmpty, let primitive = primitive(Posts(), acceptsReference),
      let after = posts.stages(on: destination, output: output, threads: node.threads)
    else { return nil }
    return kernel(primitive, Posts(), after: after)
  }

  private func primitive(_ posts: Posts, _ acceptsReference: Bool) -> Primitive? {
    let isConstant = node.inputs[1]?.constant != nil
    let description = mass_dnnl_product(
      source: source, weights: isConstant ? anyWeights : plainWeights, bias: bias, destination: destination)
    return unsafe Primitive(posts: posts.list, threads: node.threads, acceptsReference: acceptsReference) {
      options, result in
      var copy = description
      return unsafe mass_dnnl_create_matmul(&copy, options, result)
    }
  }

  private func kernel(_ primitive: Primitive, _ posts: Posts, after: [Stage]) -> (any Kernel)? {
    var sources: [Stage.Source] = [.operand(0)]
    if let b = node.inputs[1], b.constant != nil {
      guard let wanted = primitive.operand(1),
        let packed = packedConstant(b, as: plainWeights, to: wanted, node.environment)
      else { return nil }
      sources.append(.constant(packed))
    } else {
      sources.append(.operand(1))
    }
    if hasBias { sources.append(.operand(2)) }
    sources += posts.operands
    sources.append(.operand(output))
    return PrimitiveKernel([Stage(primitive, sources)] + after, node: node)
  }
}
