import MassFormats
import MassJSON
import MassRuntime
import NIOCore

/// A tensor with the name of an input or output.
public struct NamedTensor: Sendable {
  public var name: String
  public var tensor: Tensor

  public init(_ name: String, _ tensor: Tensor) {
    self.name = name
    self.tensor = tensor
  }
}

/// One inference asked for.
public struct InferenceRequest: Sendable {
  public var inputs: [NamedTensor]
  /// What the answer repeats, so that it is found again in logs.
  public var id: String?

  public init(_ inputs: [NamedTensor], id: String? = nil) {
    self.inputs = inputs
    self.id = id
  }

  /// A request's body may have this many bytes.
  public static let byteLimit = 2 << 30
}

/// A request in the protocol's binary form: JSON that describes the tensors, then their bytes.
public struct EncodedRequest: Sendable {
  public let body: ByteBuffer
  /// Bytes of the JSON part.
  public let headerLength: Int

  /// - Complexity: One copy of the tensors.
  public init(_ request: InferenceRequest) throws(ClientError) {
    let sizes = request.inputs.map { TensorBytes.byteCount(of: $0.tensor) }
    let text: JSONText
    do throws(JSONWriteError) { text = try Self.header(request, sizes) } catch { throw .malformed("\(error)") }
    for input in request.inputs where Datatype.name(of: input.tensor.element) == nil {
      throw .unsupportedType(input: input.name, input.tensor.element)
    }
    var total = text.count
    for size in sizes {
      let (sum, overflow) = total.addingReportingOverflow(size)
      guard !overflow, sum <= InferenceRequest.byteLimit else {
        throw .requestTooLarge(byteLimit: InferenceRequest.byteLimit)
      }
      total = sum
    }
    var body = ByteBuffer()
    body.reserveCapacity(total)
    unsafe text.withUnsafeBytes { bytes in _ = unsafe body.writeBytes(bytes) }
    for input in request.inputs { TensorBytes.append(input.tensor, to: &body) }
    headerLength = text.count
    self.body = body
  }

  private static func header(_ request: InferenceRequest, _ sizes: [Int]) throws(JSONWriteError) -> JSONText {
    var writer = JSONWriter()
    writer.beginObject()
    if let id = request.id {
      writer.key("id")
      writer.string(id)
    }
    writer.key("parameters")
    writer.object { (writer: inout JSONWriter) in
      writer.key("binary_data_output")
      writer.bool(true)
    }
    writer.key("inputs")
    writer.beginArray()
    for (input, size) in zip(request.inputs, sizes) { write(input, size, &writer) }
    writer.endArray()
    writer.endObject()
    return try writer.finish()
  }

  private static func write(_ input: NamedTensor, _ size: Int, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("name")
    writer.string(input.name)
    writer.key("datatype")
    writer.string(Datatype.name(of: input.tensor.element) ?? "")
    writer.key("shape")
    writer.beginArray()
    for extent in input.tensor.shape { writer.integer(extent) }
    writer.endArray()
    writer.key("parameters")
    writer.beginObject()
    writer.key("binary_data_size")
    writer.integer(size)
    writer.endObject()
    writer.endObject()
  }
}
