import MassRuntime

/// A version's part of the response cache.
struct VersionCache: Sendable {
  private let cache: ResponseCache
  private let owner: CachedVersion

  /// - Throws: `invalidArgument` for a model that does not answer the same request always alike.
  init(_ cache: ResponseCache, _ model: Model, name: String, version: Int) throws(ServingError) {
    if let node = model.graph.nodes.first(where: { !$0.op.isDeterministic }) {
      let place = node.origins.first ?? "one of its nodes"
      throw .invalid("traffic.cache: '\(name)' draws random numbers (\(place)): its answers cannot be kept")
    }
    self.cache = cache
    owner = cache.enroll(model: name, version: version)
  }

  /// nil for a request that cannot be told from others.
  func digest(of request: InferenceRequest) -> ResponseDigest? {
    ResponseDigest(owner: owner, inputs: request.inputs, outputs: request.outputs)
  }

  /// The outputs that are kept, or that a request under way gives, or those of `compute`.
  func outputs(
    _ digest: ResponseDigest, _ request: InferenceRequest,
    compute: () async throws(ServingError) -> [NamedTensor]
  ) async throws(ServingError) -> [NamedTensor] {
    guard request.deadline == nil else {
      // It cannot wait for somebody else who may take longer.
      if let kept = cache.lookUp(digest) { return kept }
      let outputs = try await compute()
      cache.keep(outputs, for: digest, of: owner)
      return outputs
    }
    return try await cache.response(
      for: digest, of: owner, abandonment: request.abandonment ?? Abandonment(), compute: compute)
  }

  func retire() { cache.retire(owner) }
}

extension InferenceRequest {
  /// The rows it asks about.
  var rows: Int { Tensor.rows(of: inputs.lazy.map(\.tensor)) }
}
