import MassFormats
import MassJSON
import MassRuntime
import NIOCore

/// Writes the answers of the Open Inference Protocol's REST form.
enum V2Answer {
  static func error(_ error: ServingError) -> HTTPAnswer {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("error")
    writer.string(error.message)
    writer.endObject()
    var answer = json(writer, status: error.code.httpStatus)
    if error.code == .unauthenticated { answer.headers.append(("WWW-Authenticate", "Bearer")) }
    if let seconds = error.retryAfter { answer.headers.append(("Retry-After", "\(seconds)")) }
    return answer
  }

  static func inference(_ response: InferenceResponse, _ style: V2OutputStyle) throws(ServingError) -> HTTPAnswer {
    var writer = JSONWriter()
    var binary: [Tensor] = []
    writer.beginObject()
    writer.key("model_name")
    writer.string(response.modelName)
    writer.key("model_version")
    writer.string("\(response.modelVersion)")
    if let id = response.id {
      writer.key("id")
      writer.string(id)
    }
    writer.key("outputs")
    writer.beginArray()
    for output in response.outputs {
      let isBinary = style.isBinary(output.name)
      try write(output, isBinary: isBinary, &writer)
      if isBinary { binary.append(output.tensor) }
    }
    writer.endArray()
    writer.endObject()
    return try answer(writer, binary)
  }

  private static func write(
    _ output: NamedTensor, isBinary: Bool, _ writer: inout JSONWriter
  ) throws(ServingError) {
    writer.beginObject()
    writer.key("name")
    writer.string(output.name)
    writer.key("datatype")
    writer.string(Datatype.name(of: output.tensor.element) ?? "")
    writer.key("shape")
    writer.beginArray()
    for extent in output.tensor.shape { writer.integer(extent) }
    writer.endArray()
    if isBinary {
      writer.key("parameters")
      writer.beginObject()
      writer.key("binary_data_size")
      writer.integer(TensorBytes.byteCount(of: output.tensor))
      writer.endObject()
    } else {
      writer.key("data")
      try writeData(output, &writer)
    }
    writer.endObject()
  }

  private static func writeData(_ output: NamedTensor, _ writer: inout JSONWriter) throws(ServingError) {
    if output.tensor.element == .string {
      writer.beginArray()
      for string in output.tensor.strings { writer.string(string) }
      writer.endArray()
      return
    }
    guard Datatype.isWritableAsJSON(output.tensor.element) else {
      throw .invalid(
        "sending \(Datatype.name(of: output.tensor.element) ?? "") data via JSON is not supported; ask for output '\(output.name)' with \"binary_data\": true"
      )
    }
    do throws(JSONWriteError) { try writer.numbers(output.tensor) } catch {
      throw .invalid(
        "output '\(output.name)': \(error), which JSON cannot carry; ask for it with \"binary_data\": true")
    }
  }

  private static func answer(_ writer: consuming JSONWriter, _ binary: [Tensor]) throws(ServingError) -> HTTPAnswer {
    let byteCount = binary.reduce(0) { $0 + TensorBytes.byteCount(of: $1) }
    guard byteCount > 0 else { return json(writer, status: 200) }
    let lent = binary.map { TensorBytes.buffer(of: $0) }
    let copied = zip(lent, binary).prefix { $0.0 == nil }.reduce(0) { $0 + TensorBytes.byteCount(of: $1.1) }
    var answer = json(writer, status: 200, reserving: copied)
    answer.headers.append(("Inference-Header-Content-Length", "\(answer.body.readableBytes)"))
    answer.contentType = "application/octet-stream"
    for (tensor, buffer) in zip(binary, lent) {
      if let buffer {
        answer.parts.append(buffer)
      } else if !answer.parts.isEmpty {
        var copy = ByteBuffer()
        try TensorBytes.append(tensor, to: &copy)
        answer.parts.append(copy)
      } else {
        try TensorBytes.append(tensor, to: &answer.body)
      }
    }
    return answer
  }

  /// A text as an answer's body.
  static func json(_ writer: consuming JSONWriter, status: Int = 200, reserving extra: Int = 0) -> HTTPAnswer {
    do throws(JSONWriteError) {
      let text = try writer.finish()
      var body = ByteBuffer()
      body.reserveCapacity(min(text.count + extra, 1 << 31))
      unsafe text.withUnsafeBytes { bytes in _ = unsafe body.writeBytes(bytes) }
      return HTTPAnswer(status: status, contentType: "application/json", body: body)
    } catch { return .json(#"{"error":"there is no memory for the answer"}"#, status: 500) }
  }
}
