import MassRuntime
import MassServing
import Testing

/// Models that give their inputs back under the names of their outputs.
struct EchoModels: InferenceService {
  static let versions = [1, 3]
  static let models: [String: ([TensorDescription], [String])] = [
    "half": ([TensorDescription(name: "x", element: .float32, shape: [-1])], ["y"]),
    "double": ([TensorDescription(name: "x", element: .float64, shape: [-1, -1])], ["y"]),
    "scalar": ([TensorDescription(name: "x", element: .float32, shape: [])], ["y"]),
    "wide": ([TensorDescription(name: "x", element: .float32, shape: [-1, 4])], ["y"]),
    "bytes": ([TensorDescription(name: "x", element: .uint8, shape: [-1])], ["y"]),
    "long": ([TensorDescription(name: "x", element: .int64, shape: [-1])], ["y"]),
    "natural": ([TensorDescription(name: "x", element: .uint64, shape: [-1])], ["y"]),
    "bool": ([TensorDescription(name: "x", element: .bool, shape: [-1])], ["y"]),
    "f16": ([TensorDescription(name: "x", element: .float16, shape: [-1])], ["y"]),
    "bf16": ([TensorDescription(name: "x", element: .bfloat16, shape: [-1])], ["y"]),
    "text": ([TensorDescription(name: "x", element: .string, shape: [-1])], ["y"]),
    "image": ([TensorDescription(name: "x", element: .string, shape: [-1])], ["y_bytes"]),
    "pair": (
      [
        TensorDescription(name: "b", element: .float32, shape: [-1, 2]),
        TensorDescription(name: "a", element: .string, shape: [-1]),
      ], ["p", "q_bytes"]
    ),
    "none": ([], []),
  ]

  func describe(_ model: ModelReference) throws(ServingError) -> ModelDescription {
    guard let (inputs, names) = Self.models[model.name] else { throw ServingError(.notFound, "no such model") }
    var version = 3
    switch model.selector {
    case .version(let number): version = number
    case .label(let label): version = labels(model.name)[label] ?? 0
    case .current: break
    }
    guard version != 2 else { throw ServingError(.unavailable, "not ready", retryAfter: 5) }
    guard Self.versions.contains(version) else { throw ServingError(.notFound, "no such version") }
    let outputs = zip(inputs, names).map { TensorDescription(name: $1, element: $0.element, shape: $0.shape) }
    return ModelDescription(
      name: model.name, versions: Self.versions, version: version, platform: "test", inputs: inputs, outputs: outputs)
  }

  func infer(_ request: InferenceRequest) async throws(ServingError) -> InferenceResponse {
    let model = try describe(request.model)
    let outputs = zip(request.inputs, model.outputs).map { NamedTensor(name: $1.name, tensor: $0.tensor) }
    return InferenceResponse(modelName: model.name, modelVersion: model.version, outputs: outputs)
  }

  func index(ready: Bool) -> [IndexEntry] {
    let half = [
      IndexEntry(name: "half", version: 1, state: .ready, reason: ""),
      IndexEntry(name: "half", version: 2, state: .unavailable, reason: "no \"file\""),
      IndexEntry(name: "half", version: 3, state: .ready, reason: ""),
    ]
    let others = [
      IndexEntry(name: "scale", version: 1, state: .unavailable, reason: "unloaded"),
      IndexEntry(name: "scale", version: 2, state: .unloading, reason: ""),
      IndexEntry(name: "scale", version: 4, state: .loading, reason: ""),
    ]
    return (half + others).filter { !ready || $0.state == .ready }
  }

  func labels(_ model: String) -> [String: Int] { model == "half" ? ["stable": 1, "gone": 9] : [:] }
  func configuration(_ model: ModelReference) throws(ServingError) -> String { "{}" }
  func isReady(_ model: ModelReference) -> Bool { true }
  var isLive: Bool { true }
  var isReady: Bool { true }
  func load(_ model: String) async throws(ServingError) {}
  func unload(_ model: String) async throws(ServingError) {}
  func statistics(_ model: ModelReference?) throws(ServingError) -> [VersionStatistics] { [] }
}

extension EchoModels {
  /// The status and the text that the TensorFlow dialect answers with.
  static func ask(_ method: String, _ path: String, _ body: String = "") async throws -> (Int, String) {
    // Two pieces, as bodies come in any number of them.
    let whole = HTTPAnswer.json(body).body
    let half = body.utf8.count / 2
    let pieces = [whole.getSlice(at: 0, length: half), whole.getSlice(at: half, length: body.utf8.count - half)]
    let front = TensorFlowFront(service: EchoModels())
    let answer = try #require(await front.answer(method: method, path: path, body: pieces.compactMap { $0 }))
    #expect(answer.contentType == "application/json")
    return (answer.status, String(decoding: answer.body.readableBytesView, as: UTF8.self))
  }
}
