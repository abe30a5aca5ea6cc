import GRPCCore
import MassFormats
import MassRuntime
import MassServingProtocol

/// One ModelInferRequest. What is wrong with its content is kept as a value: in a stream it fails that request alone.
struct InferCall: Sendable {
  var modelName: String
  var id: String
  /// Without the deadline, which counts from the call.
  var request: Result<InferenceRequest, ServingError>
  /// Nanoseconds from the request's `timeout`.
  var timeout: UInt64?
  /// Whether outputs are to be bytes rather than lists.
  var isRaw = true

  /// - Throws: `invalidArgument` if the bytes are no ModelInferRequest.
  init(_ bytes: UnsafeRawBufferPointer) throws(ServingError) {
    let raw = try unsafe RawContents(bytes)
    var rest: [UInt8] = []
    rest.reserveCapacity(raw.rest.reduce(0) { $0 + $1.count })
    for range in raw.rest { unsafe rest.append(contentsOf: bytes[range]) }
    let message = try ProtobufDeserializer<WireModelInferRequest>.decode(rest)
    modelName = message.modelName
    id = message.id
    request = .failure(.invalid(""))
    do throws(ServingError) {
      let parameters = try CallParameters(message.parameters)
      timeout = parameters.timeout
      isRaw = !raw.tensors.isEmpty || message.inputs.isEmpty
      let inputs = try unsafe Self.inputs(message, raw.tensors, bytes)
      var inference = InferenceRequest(
        model: try Self.model(message.modelName, version: message.modelVersion), id: id.isEmpty ? nil : id,
        parameters: parameters.custom, inputs: inputs, outputs: try Self.outputs(message))
      inference.priority = parameters.priority
      request = .success(inference)
    } catch {
      request = .failure(error)
    }
  }

  /// The request with the earlier one of its own deadline and the call's.
  func request(before deadline: UInt64?) throws(ServingError) -> InferenceRequest {
    var request = try request.get()
    let own = timeout.map { MonotonicClock.now(adding: $0) }
    request.deadline = [own, deadline].compactMap(\.self).min()
    return request
  }

  /// - Parameter version: Decimal, or empty for the current one.
  static func model(_ name: String, version: String) throws(ServingError) -> ModelReference {
    guard !version.isEmpty else { return ModelReference(name) }
    guard version.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      throw .invalid("version '\(version)' of model '\(name)' is not a decimal number")
    }
    guard let number = Int(version) else {
      throw ServingError(.notFound, "Request for unknown model: '\(name)' version \(version) is not found")
    }
    return ModelReference(name, .version(number))
  }

  private static func inputs(
    _ message: WireModelInferRequest, _ raw: [Range<Int>], _ bytes: UnsafeRawBufferPointer
  ) throws(ServingError) -> [NamedTensor] {
    guard raw.isEmpty || raw.count == message.inputs.count else {
      throw .invalid(
        "expected \(message.inputs.count) entries in raw_input_contents for model '\(message.modelName)', one for each input, got \(raw.count)"
      )
    }
    var inputs: [NamedTensor] = []
    inputs.reserveCapacity(message.inputs.count)
    for (index, input) in message.inputs.enumerated() {
      try CallParameters.refuseSharedMemory(input.parameters, "input '\(input.name)'")
      guard let element = Datatype.element(named: input.datatype) else {
        throw .invalid("invalid datatype for input '\(input.name)': '\(input.datatype)' is none of the protocol's")
      }
      guard input.shape.count <= rankLimit else {
        throw .invalid("invalid shape for input '\(input.name)': more than \(rankLimit) extents")
      }
      let shape = input.shape.map { Int($0) }
      let tensor: Tensor
      if raw.isEmpty {
        tensor = try TypedContents.tensor(input.contents, input.name, element: element, shape: shape)
      } else {
        guard !input.hasContents || input.contents.isEmpty else {
          throw .invalid("contents of input '\(input.name)' must not be given when raw_input_contents is")
        }
        let content = unsafe UnsafeRawBufferPointer(rebasing: bytes[raw[index]])
        tensor = try unsafe TensorBytes.tensor(input.name, element: element, shape: shape, bytes: content)
      }
      inputs.append(NamedTensor(name: input.name, tensor: tensor))
    }
    return inputs
  }

  private static func outputs(_ message: WireModelInferRequest) throws(ServingError) -> [RequestedOutput] {
    var outputs: [RequestedOutput] = []
    for output in message.outputs {
      outputs.append(RequestedOutput(name: output.name, classification: try CallParameters.classes(of: output)))
    }
    return outputs
  }

  private static let rankLimit = 64
}
