/// The models as the protocols see them: notes for the request log what each inference was about, and counts refusals.
struct ObservedModels: InferenceService {
  let models: ServedModels

  init(_ models: ServedModels) { self.models = models }

  func infer(_ request: InferenceRequest) async throws(ServingError) -> InferenceResponse {
    do throws(ServingError) {
      let response = try await models.infer(request)
      RequestContext.current?.note(response)
      return response
    } catch {
      models.observer.refusals.count(RefusalReason(error))
      RequestContext.current?.note(error, of: request.model)
      throw error
    }
  }

  func describe(_ model: ModelReference) throws(ServingError) -> ModelDescription { try models.describe(model) }

  func configuration(_ model: ModelReference) throws(ServingError) -> String { try models.configuration(model) }

  func isReady(_ model: ModelReference) -> Bool { models.isReady(model) }

  var isLive: Bool { models.isLive }

  var isReady: Bool { models.isReady }

  func index(ready: Bool) -> [IndexEntry] { models.index(ready: ready) }

  func load(_ model: String) async throws(ServingError) {
    try await models.audit.recording("model.load", model) { () async throws(ServingError) in
      try await models.load(model)
    }
  }

  func unload(_ model: String) async throws(ServingError) {
    try await models.audit.recording("model.unload", model) { () async throws(ServingError) in
      try await models.unload(model)
    }
  }

  func statistics(_ model: ModelReference?) throws(ServingError) -> [VersionStatistics] {
    try models.statistics(model)
  }

  func labels(_ model: String) -> [String: Int] { models.labels(model) }
}
