import MassRegistry
import MassSecurity

/// The models as the caller of the current request may see and use them. What one may not see does not exist for one.
struct GuardedModels: InferenceService {
  let models: ObservedModels
  let access: AccessControl

  /// - Throws: `unauthenticated` where nobody said who asks.
  private func caller() throws(ServingError) -> Principal {
    guard let principal = RequestContext.current?.principal else {
      throw ServingError(.unauthenticated, AccessControl.noKey)
    }
    return principal
  }

  /// - Parameter text: What is said of a model that is not there.
  private func visible(_ name: String, else text: String? = nil) throws(ServingError) -> Principal {
    let caller = try caller()
    // What is no name may still be equal to one, as text.
    guard ModelName.isValid(name), caller.sees(name) else {
      throw ServingError(.notFound, text ?? "Request for unknown model: '\(name)' is not found")
    }
    return caller
  }

  private func require(_ role: Role, on name: String, else text: String? = nil) throws(ServingError) {
    let caller = try visible(name, else: text)
    do throws(AccessError) { try caller.require(role, on: name) } catch { throw ServingError(error) }
  }

  /// As `require`; who may not change the model is written down.
  private func requirePublisher(_ action: String, _ name: String, else text: String) async throws(ServingError) {
    do throws(ServingError) { try require(.publisher, on: name, else: text) } catch {
      await models.models.audit?.refused(error, action, name)
      throw error
    }
  }

  func infer(_ request: InferenceRequest) async throws(ServingError) -> InferenceResponse {
    let (tenant, start) = (try caller().tenant, MonotonicClock.now())
    do throws(ServingError) {
      try require(.predictor, on: request.model.name)
      try access.admit(try caller())
    } catch {
      models.models.observer.refusals.count(RefusalReason(error))
      access.counts.count(tenant, .rejected)
      RequestContext.current?.note(error, of: request.model)
      throw error
    }
    do throws(ServingError) {
      let response = try await models.infer(request)
      access.counts.answered(tenant, since: start)
      return response
    } catch {
      access.counts.count(tenant, RefusalReason(error) == nil ? .failure : .rejected)
      throw error
    }
  }

  func describe(_ model: ModelReference) throws(ServingError) -> ModelDescription {
    _ = try visible(model.name)
    return try models.describe(model)
  }

  func configuration(_ model: ModelReference) throws(ServingError) -> String {
    _ = try visible(model.name)
    return try models.configuration(model)
  }

  func isReady(_ model: ModelReference) -> Bool { (try? visible(model.name)) != nil && models.isReady(model) }

  var isLive: Bool { models.isLive }

  var isReady: Bool { models.isReady }

  func index(ready: Bool) -> [IndexEntry] {
    guard let caller = try? caller() else { return [] }
    return models.index(ready: ready).filter { caller.sees($0.name) }
  }

  func load(_ model: String) async throws(ServingError) {
    let missing = "failed to load '\(model)', no version is available in the repository"
    try await requirePublisher("model.load", model, else: missing)
    try await models.load(model)
  }

  func unload(_ model: String) async throws(ServingError) {
    try await requirePublisher("model.unload", model, else: "failed to unload '\(model)', no version is available")
    try await models.unload(model)
  }

  func statistics(_ model: ModelReference?) throws(ServingError) -> [VersionStatistics] {
    if let model { _ = try visible(model.name) }
    let caller = try caller()
    return try models.statistics(model).filter { caller.sees($0.name) }
  }

  func labels(_ model: String) -> [String: Int] { (try? visible(model)) == nil ? [:] : models.labels(model) }
}

extension AccessControl {
  static let noKey = "no key: send one as 'Authorization: Bearer mass_…' or 'X-API-Key: mass_…'"
}
