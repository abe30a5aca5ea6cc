import MassFormats
import MassJSON
import MassRuntime
import NIOCore

/// How the outputs of one request are to be written.
struct V2OutputStyle: Sendable {
  /// For outputs that do not say otherwise.
  var isBinary = false
  /// By output, for those that do.
  var byOutput: [String: Bool] = [:]

  func isBinary(_ output: String) -> Bool { byOutput[output] ?? isBinary }
}

/// Reads inference requests of the Open Inference Protocol's REST form: JSON, JSON followed by binary tensors, or one
/// binary tensor alone.
///
/// Open Inference Protocol, "HTTP/REST"; binary tensor data extension.
struct V2Request {
  var request: InferenceRequest
  var style: V2OutputStyle

  /// - Parameters:
  ///   - headerLength: What `Inference-Header-Content-Length` says, nil when it is absent.
  ///   - describe: Gives the model's signature; asked for a raw tensor only.
  init(
    _ body: BodyBytes, headerLength: String?, _ reference: ModelReference,
    describe: () throws(ServingError) -> ModelDescription
  ) throws(ServingError) {
    guard let headerLength else {
      try self.init(json: body, binary: BodyBytes([]), reference)
      return
    }
    guard headerLength.utf8.allSatisfy({ (48...57).contains($0) }), let length = Int(headerLength), length <= body.count
    else {
      throw .invalid("inference header size should be in range (0, \(body.count)), got: \(headerLength)")
    }
    if length == 0 {
      try self.init(raw: body, try describe(), reference)
      return
    }
    var rest = body
    let json = rest.take(length)
    try self.init(json: json, binary: rest, reference)
  }

  // MARK: JSON

  private init(json: BodyBytes, binary: BodyBytes, _ reference: ModelReference) throws(ServingError) {
    let document: JSONDocument
    do throws(JSONError) {
      let options = JSONOptions(byteLimit: json.count)
      document = try unsafe JSONDocument(byteCount: json.count, options: options) { unsafe json.copy(to: $0) }
    } catch { throw .invalid("failed to parse the request JSON buffer: \(error)") }
    guard document.root.kind == .object else { throw .invalid("the request is no JSON object") }
    let members = try V2Object(document.root, in: "the request")
    let parameters = try V2Parameters(members["parameters"], in: "the request")
    request = InferenceRequest(model: reference, inputs: [])
    request.id = try members.string("id")
    request.deadline = try parameters.deadline()
    request.priority = try parameters.priority()
    request.parameters = parameters.custom
    style = V2OutputStyle(isBinary: try parameters.bool("binary_data_output") ?? false)
    var tail = binary
    guard let inputs = members["inputs"], inputs.kind == .array else {
      throw .invalid("Unable to find 'inputs': expected a list of tensors")
    }
    for input in inputs.elements { request.inputs.append(try Self.input(input, &tail, reference)) }
    guard tail.count == 0 else { throw .invalid("unexpected additional input data for model '\(reference.name)'") }
    try readOutputs(members["outputs"])
  }

  private static func input(
    _ value: JSONValue, _ tail: inout BodyBytes, _ reference: ModelReference
  ) throws(ServingError) -> NamedTensor {
    let members = try V2Object(value, in: "an input")
    guard let name = try members.string("name") else { throw .invalid("an input has no 'name'") }
    guard let typeName = try members.string("datatype") else { throw .invalid("input '\(name)' has no 'datatype'") }
    guard let element = Datatype.element(named: typeName) else {
      throw .invalid("invalid datatype for input '\(name)': '\(typeName)' is none of the protocol's")
    }
    let shape = try members.shape("shape", input: name)
    let parameters = try V2Parameters(members["parameters"], in: "input '\(name)'")
    let size = try parameters.integer("binary_data_size")
    let isShared = parameters["shared_memory_region"] != nil
    let data = members["data"]
    guard (data == nil ? 0 : 1) + (size == nil ? 0 : 1) + (isShared ? 1 : 0) == 1 else {
      throw .invalid(
        "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'; input '\(name)' of model '\(reference.name)' does not"
      )
    }
    if let data { return NamedTensor(name: name, tensor: try tensor(data, element, shape, name)) }
    guard let size else { throw ServingError(.unsupported, "input '\(name)': there is no shared memory here") }
    guard size >= 0, size <= tail.count else {
      throw .invalid(
        "unexpected size for input '\(name)', expecting \(size - Int64(tail.count)) additional bytes for model '\(reference.name)'"
      )
    }
    let chunks = tail.take(Int(size)).chunks
    return NamedTensor(
      name: name, tensor: try TensorBytes.tensor(name, element: element, shape: shape, chunks: chunks))
  }

  /// The tensor of a JSON list, flat or nested: only the number of its elements counts.
  private static func tensor(
    _ data: JSONValue, _ element: ElementType, _ shape: [Int], _ name: String
  ) throws(ServingError) -> Tensor {
    guard Datatype.isWritableAsJSON(element) else {
      throw .invalid(
        "receiving \(Datatype.name(of: element) ?? "") data via JSON is not supported; input '\(name)' must be sent as binary data"
      )
    }
    guard data.kind == .array else { throw .invalid("'data' of input '\(name)' is no list") }
    let count = try TensorBytes.elementCount(shape, input: name)
    // Before memory is taken for what the shape claims.
    let leaves = data.leafCount
    guard leaves == count else {
      throw .invalid(
        "Shape does not match true shape of 'data' field: input '\(name)' of shape \(shape) has \(count) elements, 'data' has \(leaves)"
      )
    }
    if element == .string {
      return try TensorBytes.strings(
        try filled(name) { () throws(JSONFillError) in try data.strings(count: count) }, shape: shape, input: name)
    }
    var outcome: Result<Void, JSONFillError> = .success(())
    let tensor = try unsafe TensorBytes.allocate(name, element: element, shape: shape) { bytes in
      do throws(JSONFillError) { try unsafe data.fill(element, into: bytes, count: count) } catch {
        outcome = .failure(error)
      }
    }
    try filled(name) { () throws(JSONFillError) in try outcome.get() }
    return tensor
  }

  private static func filled<Result>(
    _ input: String, _ body: () throws(JSONFillError) -> Result
  ) throws(ServingError) -> Result {
    do throws(JSONFillError) { return try body() } catch { throw .invalid("input '\(input)': \(error)") }
  }

  private mutating func readOutputs(_ value: JSONValue?) throws(ServingError) {
    guard let value else { return }
    guard value.kind == .array else { throw .invalid("'outputs' is no list") }
    for output in value.elements {
      let members = try V2Object(output, in: "an output")
      guard let name = try members.string("name") else { throw .invalid("an output has no 'name'") }
      let parameters = try V2Parameters(members["parameters"], in: "output '\(name)'")
      guard parameters["shared_memory_region"] == nil else {
        throw ServingError(.unsupported, "output '\(name)': there is no shared memory here")
      }
      if let isBinary = try parameters.bool("binary_data") { style.byOutput[name] = isBinary }
      let classes = try parameters.integer("classification")
      if let classes, !(1...Int64(Int32.max)).contains(classes) {
        throw .invalid("'classification' of output '\(name)' must be at least 1, got \(classes)")
      }
      request.outputs.append(RequestedOutput(name: name, classification: classes.map { Int($0) }))
    }
  }

  // MARK: Raw

  /// The body is the only input's bytes; every output is answered as bytes, too.
  private init(raw body: BodyBytes, _ model: ModelDescription, _ reference: ModelReference) throws(ServingError) {
    guard model.inputs.count == 1, let input = model.inputs.first else {
      throw .invalid(
        "Raw request must only have 1 input (found \(model.inputs.count)) to be deduced but got \(model.inputs.count) inputs in '\(model.name)' model configuration"
      )
    }
    let shape = try Self.rawShape(input, byteCount: body.count)
    let tensor =
      input.element == .string
      ? try Self.rawString(body, shape, input.name)
      : try TensorBytes.tensor(input.name, element: input.element, shape: shape, chunks: body.chunks)
    request = InferenceRequest(model: reference, inputs: [NamedTensor(name: input.name, tensor: tensor)])
    style = V2OutputStyle(isBinary: true)
  }

  /// The whole body is one element, without a length in front.
  private static func rawString(_ body: BodyBytes, _ shape: [Int], _ name: String) throws(ServingError) -> Tensor {
    guard shape.allSatisfy({ $0 == 1 }) else {
      throw .invalid("raw bytes are one string, but input '\(name)' has shape \(shape)")
    }
    let bytes = body.chunks.flatMap { Array($0.readableBytesView) }
    let text = try unsafe bytes.withUnsafeBytes { bytes in
      Result { () throws(ServingError) in try unsafe TensorBytes.string(bytes, at: 0, input: name) }
    }.get()
    return try TensorBytes.strings([text], shape: shape, input: name)
  }

  /// One extent may be open; it follows from the number of bytes. With two, the first is the batch: 1.
  private static func rawShape(_ input: TensorDescription, byteCount: Int) throws(ServingError) -> [Int] {
    var shape = input.shape
    if shape.filter({ $0 < 0 }).count == 2, shape[0] < 0 { shape[0] = 1 }
    let open = shape.indices.filter { shape[$0] < 0 }
    guard open.count <= 1 else {
      throw .invalid(
        "The shape \(input.shape) of input '\(input.name)' cannot be deduced from raw bytes: more than one extent varies"
      )
    }
    guard let place = open.first else { return shape }
    guard let width = input.element.byteWidth else {
      shape[place] = 1
      return shape
    }
    var rest = width
    for (i, extent) in shape.enumerated() where i != place {
      let (product, overflow) = rest.multipliedReportingOverflow(by: extent)
      rest = overflow ? 0 : product
    }
    guard rest > 0, byteCount % rest == 0 else {
      throw .invalid(
        "\(byteCount) raw bytes are no whole number of rows of input '\(input.name)' of shape \(input.shape)")
    }
    shape[place] = byteCount / rest
    return shape
  }
}
