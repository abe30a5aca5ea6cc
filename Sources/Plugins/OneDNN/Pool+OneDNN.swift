import MassRuntime
import OneDNNShim

extension MaxPool {
  func oneDNNOffers(_ node: BoundNode) -> [KernelOffer] {
    // Indices are ONNX's own numbering, which oneDNN does not tell.
    guard node.outputs.count == 1, let window = poolingWindow(self, kernel, node) else { return [] }
    return [KernelOffer("") { poolingKernel(MASS_DNNL_POOL_MAX, window, node) }]
  }
}

extension AveragePool {
  func oneDNNOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let resolved = resolvedPool(self, kernel, node) else { return [] }
    let window = mass_dnnl_window(resolved)
    let reach = [window.pad_end.0, window.pad_end.1, window.pad_end.2]
    // Where a last window reaches beyond the padding, ONNX divides by the part inside it, oneDNN by the whole.
    let isBeyond = zip(reach, resolved.padsEnd).contains { $0 > Int64($1) }
    if countIncludePad && isBeyond { return [] }
    let algorithm = countIncludePad ? MASS_DNNL_POOL_AVERAGE_WITH_PADDING : MASS_DNNL_POOL_AVERAGE_WITHOUT_PADDING
    return [KernelOffer("") { poolingKernel(algorithm, window, node) }]
  }
}

extension GlobalPool {
  func oneDNNOffers(_ node: BoundNode) -> [KernelOffer] {
    guard let x = node.input(0), (3...5).contains(x.rank), kind == .average || kind == .max else { return [] }
    let extents = Array(x.shape.dropFirst(2))
    let algorithm = kind == .max ? MASS_DNNL_POOL_MAX : MASS_DNNL_POOL_AVERAGE_WITHOUT_PADDING
    guard let window = poolingWindow(AveragePool(kernel: extents), extents, node) else { return [] }
    return [KernelOffer("") { poolingKernel(algorithm, window, node) }]
  }
}

private func resolvedPool(_ op: some SlidingWindow, _ kernel: [Int], _ node: BoundNode) -> ResolvedWindow? {
  guard node.isAll(.float32), let x = node.input(0), (3...5).contains(x.rank), x.count > 0, kernel.count == x.rank - 2
  else { return nil }
  return op.resolved(input: Array(x.shape.dropFirst(2)), kernel: kernel)
}

private func poolingWindow(_ op: some SlidingWindow, _ kernel: [Int], _ node: BoundNode) -> mass_dnnl_window? {
  resolvedPool(op, kernel, node).map(mass_dnnl_window.init)
}

private func poolingKernel(
  _ algorithm: mass_dnnl_pooling_algorithm, _ window: mass_dnnl_window, _ node: BoundNode
) -> (any Kernel)? {
  guard let x = node.input(0), let source = mass_dnnl_tensor(x), let destination = mass_dnnl_tensor(node.outputs[0])
  else { return nil }
  func primitive(acceptsReference: Bool) -> Primitive? {
    unsafe Primitive(threads: node.threads, acceptsReference: acceptsReference) { options, result in
      var (from, to, copy) = (source, destination, window)
      return unsafe mass_dnnl_create_pooling(algorithm, &from, &to, &copy, options, result)
    }
  }
  // The library's plain loop is still far faster than the operator's own meaning.
  let made = primitive(acceptsReference: false) ?? primitive(acceptsReference: true)
  return made.map { PrimitiveKernel([Stage($0, [.operand(0), .operand(1)])], node: node) }
}
