import GRPCCore
import MassServingProtocol

/// `inference.GRPCInferenceService`: the Open Inference Protocol with the extensions for streams, model configuration,
/// statistics and the repository.
struct InferenceRPCs: RegistrableRPCService {
  static let name = "inference.GRPCInferenceService"

  let service: any InferenceService
  /// What the server says of itself.
  let product: ServerProduct
  let drain: Drain

  func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    registerHealth(with: &router)
    registerMetadata(with: &router)
    registerRepository(with: &router)
    registerInference(with: &router)
  }

  private func registerHealth<Transport>(with router: inout RPCRouter<Transport>) {
    router.register("ServerLive", of: Self.name) { (_: WireServerLiveRequest) throws(ServingError) in
      .with { $0.live = service.isLive } as WireServerLiveResponse
    }
    router.register("ServerReady", of: Self.name) { (_: WireServerReadyRequest) throws(ServingError) in
      .with { $0.ready = service.isReady } as WireServerReadyResponse
    }
    router.register("ModelReady", of: Self.name) { (request: WireModelReadyRequest) throws(ServingError) in
      let model = try InferCall.model(request.name, version: request.version)
      return .with { $0.ready = service.isReady(model) } as WireModelReadyResponse
    }
  }

  private func registerMetadata<Transport>(with router: inout RPCRouter<Transport>) {
    router.register("ServerMetadata", of: Self.name) { (_: WireServerMetadataRequest) throws(ServingError) in
      .with {
        $0.name = product.name
        $0.version = product.version
        $0.extensions = product.extensions
      } as WireServerMetadataResponse
    }
    router.register("ModelMetadata", of: Self.name) { (request: WireModelMetadataRequest) throws(ServingError) in
      let model = try InferCall.model(request.name, version: request.version)
      return WireModelMetadataResponse(try service.describe(model))
    }
    router.register("ModelConfig", of: Self.name) { (request: WireModelConfigRequest) throws(ServingError) in
      let model = try InferCall.model(request.name, version: request.version)
      let config = try WireModelConfig(settings: try service.configuration(model), of: model)
      return .with { $0.config = config } as WireModelConfigResponse
    }
    router.register("ModelStatistics", of: Self.name) { (request: WireModelStatisticsRequest) throws(ServingError) in
      let model = request.name.isEmpty ? nil : try InferCall.model(request.name, version: request.version)
      let statistics = try service.statistics(model)
      return .with { $0.modelStats = statistics.map(WireModelStatistics.init) } as WireModelStatisticsResponse
    }
  }

  private func registerRepository<Transport>(with router: inout RPCRouter<Transport>) {
    router.register("RepositoryIndex", of: Self.name) { (request: WireRepositoryIndexRequest) throws(ServingError) in
      let entries = service.index(ready: request.ready)
      return .with { $0.models = entries.map(WireRepositoryIndexResponse.ModelIndex.init) }
        as WireRepositoryIndexResponse
    }
    router.register("RepositoryModelLoad", of: Self.name) {
      (request: WireRepositoryModelLoadRequest) async throws(ServingError) in
      try Self.refuse(request.parameters, except: [])
      try await drain.admitting { () async throws(ServingError) in try await service.load(request.modelName) }
      return WireRepositoryModelLoadResponse()
    }
    router.register("RepositoryModelUnload", of: Self.name) {
      (request: WireRepositoryModelUnloadRequest) async throws(ServingError) in
      try Self.refuse(request.parameters, except: ["unload_dependents"])
      try await drain.admitting { () async throws(ServingError) in try await service.unload(request.modelName) }
      return WireRepositoryModelUnloadResponse()
    }
  }

  private static func refuse(
    _ parameters: [String: WireModelRepositoryParameter], except known: Set<String>
  ) throws(ServingError) {
    guard let key = parameters.keys.filter({ !known.contains($0) }).min() else { return }
    throw ServingError(.unsupported, "parameter '\(key)': models are loaded as the repository has them")
  }
}

/// What metadata calls say of the server.
public struct ServerProduct: Hashable, Sendable {
  public var name: String
  public var version: String
  /// The protocol's extensions that are spoken.
  public var extensions: [String]

  public init(name: String = "mass", version: String, extensions: [String]) {
    self.name = name
    self.version = version
    self.extensions = extensions
  }
}
