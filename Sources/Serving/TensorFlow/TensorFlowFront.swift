import MassRuntime
import NIOCore

/// TensorFlow Serving's REST dialect.
///
/// Classify and Regress are refused: they carry features of `tf.Example`, which ONNX models do not take.
package struct TensorFlowFront: Sendable {
  private let service: any InferenceService

  package init(service: any InferenceService) { self.service = service }

  /// Answers one request; nil when the path is not under `/v1/`.
  ///
  /// - Parameters:
  ///   - path: Without the query, still percent-encoded.
  ///   - body: The pieces of the body, decompressed.
  package func answer(method: String, path: String, body: [ByteBuffer]) async -> HTTPAnswer? {
    await answer(method: method, path: path, body: body, abandonment: nil, header: nil)
  }

  /// As above.
  ///
  /// - Parameter abandonment: Told when the client goes.
  func answer(
    method: String, path: String, body: [ByteBuffer], abandonment: Abandonment?,
    header: (@Sendable (String) -> String?)?
  ) async -> HTTPAnswer? {
    do throws(ServingError) {
      guard let route = try TensorFlowRoute.parse(method: method, path: path) else { return nil }
      switch route {
      case .call(.predict, let model): return try await predict(model, body, abandonment, header)
      case .call(.classify, _), .call(.regress, _):
        throw ServingError(
          .unsupported, "Classify and Regress take features of tf.Example, which this model does not have; use Predict")
      case .status(let model): return try status(model)
      case .metadata(let model):
        return TensorFlowMetadata.metadata(
          try resolving(model) { () throws(ServingError) in try service.describe(model) })
      case .models: return TensorFlowMetadata.models(service.index(ready: true))
      }
    } catch { return TensorFlowError.answer(error) }
  }

  private func predict(
    _ model: ModelReference, _ body: [ByteBuffer], _ abandonment: Abandonment?,
    _ header: (@Sendable (String) -> String?)?
  ) async throws(ServingError) -> HTTPAnswer {
    let request = try TensorFlowRequest(body)
    let description = try resolving(model) { () throws(ServingError) in try service.describe(model) }
    let (form, inputs) = try request.tensors(description.inputs)
    var inference = InferenceRequest(model: model, inputs: inputs)
    inference.abandonment = abandonment
    inference.header = header
    let response: InferenceResponse
    do throws(ServingError) {
      response = try await service.infer(inference)
    } catch { throw TensorFlowError.servable(error, model, service) }
    return try TensorFlowResponse.answer(response.outputs, form: form)
  }

  private func resolving<Result>(
    _ model: ModelReference, _ body: () throws(ServingError) -> Result
  ) throws(ServingError) -> Result {
    do throws(ServingError) { return try body() } catch { throw TensorFlowError.servable(error, model, service) }
  }

  private func status(_ model: ModelReference) throws(ServingError) -> HTTPAnswer {
    let version = try TensorFlowError.version(of: model, service)
    let versions = service.index(ready: false).filter { entry in
      entry.name == model.name && (version == nil || entry.version == version)
    }
    guard !versions.isEmpty else {
      let which = version.map { "version \($0)" } ?? "any versions"
      throw ServingError(.notFound, "Could not find \(which) of model \(model.name)")
    }
    return TensorFlowMetadata.status(versions)
  }
}
