import ONNXShim

/// A tensor in a parsed file. It refers to the file's memory and keeps it alive.
///
/// `Sendable` because an opened file never changes (the contract of the shim).
@safe public struct ONNXTensor: @unchecked Sendable {
  public let name: String
  /// As ONNX numbers element types.
  public let element: Int
  public let dimensions: [Int]
  let handle: OpaquePointer
  let source: ONNXSource
}

/// A sparse tensor in a parsed file: values, and where they go in a dense tensor of `dimensions`.
public struct ONNXSparseTensor: Sendable {
  public let values: ONNXTensor
  public let indices: ONNXTensor
  public let dimensions: [Int]

  public var name: String { values.name }
}

/// Owns the parsed form of one file; everything read from it refers to this object's memory.
///
/// `Sendable` because an opened file never changes (the contract of the shim).
@safe final class ONNXSource: @unchecked Sendable {
  @unsafe enum Content {
    case model(OpaquePointer)
    case value(OpaquePointer)
  }

  let content: Content

  init(_ content: Content) { unsafe self.content = unsafe content }

  deinit {
    switch unsafe content {
    case .model(let pointer):
      var model: OpaquePointer? = unsafe pointer
      unsafe mass_onnx_model_close(&model)
    case .value(let pointer):
      var value: OpaquePointer? = unsafe pointer
      unsafe mass_onnx_value_close(&value)
    }
  }
}
