extension Binder {
  /// The kernels offered for a node, best first, under the names that plan files use.
  func offers(_ item: WorkItem) -> [(name: String, offer: KernelOffer)] {
    let op = graph.nodes[item.node].op
    // An empty constant is a parameter left out, such as a resize's region of interest.
    guard !item.bound.inputs.contains(where: { $0?.count == 0 && $0?.constant == nil }) else { return [] }
    var result: [(name: String, offer: KernelOffer)] = []
    for lowering in model.lowerings[ObjectIdentifier(Swift.type(of: op))] ?? [] {
      for offer in lowering.offers(op, item.bound) where !(environment.isStrict && offer.exactness.isApproximate) {
        result.append((offer.name.isEmpty ? lowering.name : "\(lowering.name).\(offer.name)", offer))
      }
    }
    return result
  }

  /// The kernel chosen for this signature, else the best one. Approximate kernels run only where they were chosen: whoever
  /// chose measured their error.
  func makeKernel(_ item: WorkItem) -> (any Kernel, String) {
    let offers = offers(item)
    if let chosen = choices.kernels[KernelChoices.Site(node: item.node, signature: parts.signature)] {
      for (name, offer) in offers where name == chosen { if let kernel = offer.make() { return (kernel, name) } }
    }
    for (name, offer) in offers where !offer.exactness.isApproximate {
      if let kernel = offer.make() { return (kernel, name) }
    }
    return (ReferenceKernel(graph.nodes[item.node].op, item.bound), ReferenceKernel.name)
  }

  /// What could run, without making any kernel.
  mutating func kernelOffers(
    liveIn: [(id: ValueID, type: TensorType)], signature: [Int]
  ) throws(RunError) -> OfferedKernels {
    for entry in liveIn { state.types[entry.id.index] = .tensor(entry.type) }
    do throws(OperatorError) { try selectNodes(from: 0) } catch { throw .node(error) }
    var result = OfferedKernels(signature: signature, offers: [:])
    for item in work {
      result.offers[item.node] = offers(item).map { OfferedKernels.Offer(name: $0.name, exactness: $0.offer.exactness) }
    }
    return result
  }
}
