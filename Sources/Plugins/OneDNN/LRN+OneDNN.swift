import MassRuntime
import OneDNNShim

extension LRN {
  func oneDNNOffers(_ node: BoundNode) -> [KernelOffer] {
    // oneDNN's window is centred; ONNX's of even size reaches one channel further ahead.
    guard node.isAll(.float32), size % 2 == 1, let x = node.input(0), (3...5).contains(x.rank), x.count > 0,
      x.memoryOrder == node.outputs[0].memoryOrder, let tensor = mass_dnnl_tensor(x)
    else { return [] }
    func primitive(acceptsReference: Bool) -> Primitive? {
      unsafe Primitive(threads: node.threads, acceptsReference: acceptsReference) { options, result in
        var copy = tensor
        return unsafe mass_dnnl_create_lrn(&copy, Int64(size), alpha, beta, bias, options, result)
      }
    }
    return [
      KernelOffer("") {
        (primitive(acceptsReference: false) ?? primitive(acceptsReference: true)).map {
          PrimitiveKernel([Stage($0, [.operand(0), .operand(1)])], node: node)
        }
      }
    ]
  }
}
