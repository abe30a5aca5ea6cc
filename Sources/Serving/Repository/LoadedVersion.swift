import MassRuntime

/// One version of a model that can answer.
final class LoadedVersion: Sendable {
  let name: String
  let number: Int
  let signature: Signature
  let residency: Residency
  let recorder: StatisticsRecorder
  let settings: ModelSettings
  let breaker: CircuitBreaker?
  private let cache: VersionCache?
  /// The files it was made of.
  let stamp: FolderStamp
  /// Names of classes, for classification; empty when there are none.
  let classLabels: [String]

  /// - Parameter reopen: Opens the same model again, for a version that may leave the memory.
  /// - Throws: When the model cannot be served as its settings ask, or the system has no thread for its instances.
  init(
    name: String, number: Int, model: Model, settings: ModelSettings, stamp: FolderStamp, classLabels: [String],
    cache: ResponseCache? = nil, reopen: @escaping @Sendable () throws(ServingError) -> Model
  ) throws(ServingError) {
    self.name = name
    self.number = number
    self.settings = settings
    self.stamp = stamp
    self.classLabels = classLabels
    signature = try Signature(model)
    self.cache =
      try settings.traffic.caches
      ? cache.map { cache throws(ServingError) in
        try VersionCache(cache, model, name: name, version: number)
      } : nil
    breaker = settings.traffic.breaker.map { CircuitBreaker($0) }
    let recorder = StatisticsRecorder(name: name, version: number, residentBytes: UInt64(model.plan.byteCount))
    self.recorder = recorder
    let start = InstanceStart(name: "\(name)/\(number)", settings: settings, recorder: recorder)
    residency = Residency(try start.pool(of: model, isFirst: true), patience: settings.unloadAfter) {
      () throws(ServingError) in try start.pool(of: try reopen(), isFirst: false)
    }
  }

  /// Requests that wait or run.
  var pending: Int { residency.current?.pending ?? 0 }

  /// Answers what was admitted, and takes the instances out of service.
  func close() async { await residency.close() }

  /// Answers from the cache, or checks, runs and picks the outputs asked for.
  func infer(_ request: InferenceRequest, since start: UInt64) async throws(ServingError) -> InferenceResponse {
    guard let cache, let digest = cache.digest(of: request) else { return try await run(request, since: start) }
    var computed: InferenceResponse?
    let outputs = try await cache.outputs(digest, request) { () async throws(ServingError) in
      let response = try await run(request, since: start)
      computed = response
      return response.outputs
    }
    recorder.looked(isHit: computed == nil, total: MonotonicClock.now() - start, rows: request.rows)
    return computed
      ?? InferenceResponse(modelName: name, modelVersion: number, id: request.id, outputs: outputs)
  }

  /// What keeps memory for a version that left.
  func dropCache() { cache?.retire() }

  private func run(_ request: InferenceRequest, since start: UInt64) async throws(ServingError) -> InferenceResponse {
    let values = try signature.ordered(request.inputs, model: name)
    let places = try signature.places(of: request.outputs, model: name)
    let checked = MonotonicClock.now()
    let pool = try await residency.pool(deadline: request.deadline, abandonment: request.abandonment)
    var result = try await pool.run(
      values, priority: request.priority, deadline: request.deadline, abandonment: request.abandonment)
    let computed = MonotonicClock.now()
    var outputs: [NamedTensor] = []
    for (i, place) in places.enumerated() {
      guard place < result.outputs.count, let tensor = result.outputs[place].tensor else {
        throw ServingError(.internalError, "output '\(signature.outputs[place].name)' of model '\(name)' is no tensor")
      }
      let requested = request.outputs.isEmpty ? nil : request.outputs[i]
      outputs.append(NamedTensor(name: signature.outputs[place].name, tensor: try picked(tensor, requested)))
    }
    let end = MonotonicClock.now()
    result.timing.input += checked - start
    result.timing.output += end - computed
    recorder.succeeded(rows: values.rows, times: result.timing, total: end - start)
    return InferenceResponse(
      modelName: name, modelVersion: number, id: request.id, outputs: outputs, timing: result.timing)
  }

  private func picked(_ tensor: Tensor, _ requested: RequestedOutput?) throws(ServingError) -> Tensor {
    guard let requested, let k = requested.classification else { return tensor }
    return try Classification.top(k, of: tensor, name: requested.name, labels: classLabels)
  }
}
