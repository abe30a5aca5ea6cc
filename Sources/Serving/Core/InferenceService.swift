/// What the protocols are spoken over: one implementation answers all of them.
public protocol InferenceService: Sendable {
  /// Runs a model. Checks names, types and shapes against its signature.
  func infer(_ request: InferenceRequest) async throws(ServingError) -> InferenceResponse

  /// - Throws: `notFound` for an unknown model or version, `unavailable` for one that is not ready.
  func describe(_ model: ModelReference) throws(ServingError) -> ModelDescription

  /// The model's settings as they are in force, as JSON text.
  func configuration(_ model: ModelReference) throws(ServingError) -> String

  /// Whether the model can answer now. An unknown model is not ready.
  func isReady(_ model: ModelReference) -> Bool

  /// Whether the process makes progress.
  var isLive: Bool { get }

  /// Whether every model that should serve does, and the server is not about to leave.
  var isReady: Bool { get }

  /// Every version known, sorted by name and version. `ready` leaves out the others.
  func index(ready: Bool) -> [IndexEntry]

  /// Loads the versions that the model's policy selects, or loads them anew; returns when they are ready.
  ///
  /// - Throws: Why a version could not be loaded. What served before goes on serving.
  func load(_ model: String) async throws(ServingError)

  /// Takes a model out of service. Requests that were admitted are answered first.
  func unload(_ model: String) async throws(ServingError)

  /// Of one model and version, of one model, or of all.
  func statistics(_ model: ModelReference?) throws(ServingError) -> [VersionStatistics]

  /// The version a label points at, for models that have labels.
  func labels(_ model: String) -> [String: Int]
}
