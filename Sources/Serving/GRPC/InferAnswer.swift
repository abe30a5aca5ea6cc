import GRPCCore
import MassFormats
import MassRuntime
import MassServingProtocol
import SwiftProtobuf

/// One ModelInferResponse. Raw outputs stay tensors until they are written where the transport sends from.
struct InferAnswer: Sendable {
  var message = WireModelInferResponse()
  /// `raw_output_contents`.
  var tensors: [Tensor] = []

  /// - Parameter isRaw: Outputs are bytes, as they are anyway when one has a datatype without lists.
  init(_ response: InferenceResponse, isRaw: Bool) {
    message.modelName = response.modelName
    message.modelVersion = "\(response.modelVersion)"
    message.id = response.id ?? ""
    let isRaw = isRaw || !response.outputs.allSatisfy { TypedContents.canHold($0.tensor.element) }
    message.outputs = response.outputs.map { output in
      var wire = WireModelInferResponse.InferOutputTensor()
      wire.name = output.name
      wire.datatype = Datatype.name(of: output.tensor.element) ?? ""
      wire.shape = output.tensor.shape.map { Int64($0) }
      if !isRaw { wire.contents = TypedContents.contents(of: output.tensor) }
      return wire
    }
    if isRaw { tensors = response.outputs.map(\.tensor) }
  }

  /// The answer to a request of a stream that failed: it only says which one.
  init(to call: InferCall) {
    message.modelName = call.modelName
    message.id = call.id
  }

  /// Says that no other answer to the request follows, as every answer of a stream does: a model gives one.
  mutating func markFinal() { message.parameters["triton_final_response"] = .with { $0.boolParam = true } }
}

/// An answer of a stream: a response, or an error with a response that names the request.
struct StreamAnswer: Sendable {
  var error = ""
  var answer: InferAnswer
}

struct InferSerializer: MessageSerializer {
  func serialize<Bytes: GRPCContiguousBytes>(_ answer: InferAnswer) throws -> Bytes {
    try MessageLayout(answer).written()
  }
}

struct StreamInferSerializer: MessageSerializer {
  func serialize<Bytes: GRPCContiguousBytes>(_ answer: StreamAnswer) throws -> Bytes {
    let error: [UInt8] = try WireModelStreamInferResponse.with { $0.errorMessage = answer.error }.serializedBytes()
    let layout = try MessageLayout(answer.answer)
    let field: UInt8 = 2
    return try layout.written(after: error + [field << 3 | 2] + MessageLayout.varint(layout.byteCount))
  }
}

/// The bytes of a ModelInferResponse before they are written: its small fields, then the tensors, each copied once.
private struct MessageLayout {
  private let head: [UInt8]
  private let tensors: [(tensor: Tensor, prefix: [UInt8], byteCount: Int)]
  let byteCount: Int

  init(_ answer: InferAnswer) throws {
    head = try answer.message.serializedBytes()
    let field: UInt8 = 6
    tensors = answer.tensors.map { tensor in
      let size = TensorBytes.byteCount(of: tensor)
      return (tensor, [field << 3 | 2] + Self.varint(size), size)
    }
    byteCount = tensors.reduce(head.count) { $0 + $1.prefix.count + $1.byteCount }
  }

  /// - Throws: `resourceExhausted` if it is more than a message can be.
  func written<Bytes: GRPCContiguousBytes>(after start: [UInt8] = []) throws(ServingError) -> Bytes {
    let size = start.count + byteCount
    guard size <= Self.limit else {
      throw ServingError(.resourceExhausted, "outputs of \(size) bytes do not fit into one message")
    }
    var bytes = Bytes(repeating: 0, count: size)
    unsafe bytes.withUnsafeMutableBytes { target in
      var target = unsafe target
      unsafe Self.put(start, in: &target)
      unsafe Self.put(head, in: &target)
      for (tensor, prefix, byteCount) in tensors {
        unsafe Self.put(prefix, in: &target)
        unsafe TensorBytes.write(tensor, to: target)
        unsafe target = UnsafeMutableRawBufferPointer(rebasing: target[byteCount...])
      }
    }
    return bytes
  }

  private static func put(_ bytes: [UInt8], in target: inout UnsafeMutableRawBufferPointer) {
    unsafe target.copyBytes(from: bytes)
    unsafe target = UnsafeMutableRawBufferPointer(rebasing: target[bytes.count...])
  }

  static func varint(_ value: Int) -> [UInt8] {
    var rest = UInt64(value)
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// A message's length is four bytes on the wire, and protobuf holds half of that.
  private static let limit = Int(Int32.max)
}
