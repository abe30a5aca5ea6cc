import MassFormats
import MassJSON
import MassRuntime
import NIOCore

/// What a server answered to an inference.
public struct InferenceResponse: Sendable {
  public var modelName: String
  public var modelVersion: String?
  public var id: String?
  public var outputs: [NamedTensor]

  /// The JSON part of an answer may have this many bytes, those of outputs that come as JSON among them.
  public static let headerByteLimit = 256 << 20
}

extension InferenceResponse {
  /// Reads an answer whose first `headerLength` bytes are its JSON part; nil stands for all of them.
  ///
  /// - Throws: `malformed` unless every output has exactly the bytes that its type and shape take, and no byte is left.
  init(_ body: ByteBuffer, headerLength: Int?) throws(ClientError) {
    let length = headerLength ?? body.readableBytes
    guard 0...body.readableBytes ~= length else {
      throw .malformed("its JSON part is said to have \(length) bytes, the answer has \(body.readableBytes)")
    }
    let root = try Self.document(body, length)
    guard let outputs = root.member("outputs"), outputs.kind == .array else {
      throw .notInferenceServer(reason: "the answer to an inference has no outputs")
    }
    guard outputs.count <= ModelMetadata.tensorLimit else {
      throw .malformed("it has more than \(ModelMetadata.tensorLimit) outputs")
    }
    modelName = root.member("model_name")?.string ?? ""
    modelVersion = root.member("model_version")?.string
    id = root.member("id")?.string
    var tail = body
    tail.moveReaderIndex(forwardBy: length)
    self.outputs = []
    for entry in outputs.elements { self.outputs.append(try Self.output(entry, &tail)) }
    guard tail.readableBytes == 0 else { throw .malformed("\(tail.readableBytes) bytes follow its outputs") }
  }

  private static func document(_ body: ByteBuffer, _ length: Int) throws(ClientError) -> JSONValue {
    let options = JSONOptions(byteLimit: headerByteLimit, acceptsNonFinite: true)
    do throws(JSONError) {
      return try unsafe JSONDocument(byteCount: length, options: options) { target in
        unsafe body.withUnsafeReadableBytes { unsafe target.copyMemory(from: .init(rebasing: $0[..<length])) }
      }.root
    } catch { throw .malformed("\(error)") }
  }

  private static func output(_ entry: JSONValue, _ tail: inout ByteBuffer) throws(ClientError) -> NamedTensor {
    guard let name = entry.member("name")?.string, let datatype = entry.member("datatype")?.string,
      let element = Datatype.element(named: datatype)
    else { throw .malformed("an output has no name or no known datatype") }
    let shape = try shape(entry.member("shape"), output: name)
    guard let size = entry.member("parameters")?.member("binary_data_size") else {
      guard let data = entry.member("data") else { throw .malformed("output '\(name)' has no data") }
      return NamedTensor(name, try tensor(data, element, shape, output: name))
    }
    guard let size = size.int64, let bytes = tail.readSlice(length: Int(size)) else {
      throw .malformed("output '\(name)' is said to have \(size) bytes, \(tail.readableBytes) are left")
    }
    return NamedTensor(name, try TensorBytes.tensor(name, element, shape, bytes))
  }

  private static func shape(_ list: JSONValue?, output: String) throws(ClientError) -> [Int] {
    guard let list, list.kind == .array, list.count <= TensorMetadata.rankLimit else {
      throw .malformed("output '\(output)' has no shape of at most \(TensorMetadata.rankLimit) extents")
    }
    let extents = list.elements.compactMap { extent in extent.int64.flatMap { $0 >= 0 ? Int($0) : nil } }
    guard extents.count == list.count else { throw .malformed("output '\(output)' has a shape of other than extents") }
    return extents
  }

  /// An output that came as JSON: what the text holds bounds what is allocated.
  private static func tensor(
    _ data: JSONValue, _ element: ElementType, _ shape: [Int], output: String
  ) throws(ClientError) -> Tensor {
    do {
      let count = try Tensor.elementCount(of: shape)
      if element == .string { return try Tensor(strings: data.strings(count: count), shape: shape) }
      guard data.leafCount == count else { throw JSONFillError.tooFew(expected: count, got: data.leafCount) }
      var failure: JSONFillError?
      let tensor = try unsafe Tensor(element: element, shape: shape) { target in
        do throws(JSONFillError) { try unsafe data.fill(element, into: target, count: count) } catch { failure = error }
      }
      if let failure { throw failure }
      return tensor
    } catch { throw .malformed("output '\(output)': \(error)") }
  }
}
