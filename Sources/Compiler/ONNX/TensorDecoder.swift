import MassRuntime

/// Decodes the tensors of one model, each once however often it is used.
final class TensorDecoder {
  private let externalData: ExternalData
  /// By the address of the tensor in the parsed file.
  private var decoded: [UInt: Tensor] = [:]
  private var sparseBytesLeft = TensorDecoder.sparseByteLimit

  /// The bytes that all sparse tensors of a model may have when dense.
  static let sparseByteLimit = 1 << 28

  init(externalData: ExternalData) { self.externalData = externalData }

  func decode(_ tensor: ONNXTensor) throws(TensorDecodingError) -> Tensor {
    if let known = decoded[tensor.address] { return known }
    let result = try tensor.decoded(externalData: externalData)
    decoded[tensor.address] = result
    return result
  }

  func decode(_ tensor: ONNXSparseTensor) throws(TensorDecodingError) -> Tensor {
    if let known = decoded[tensor.values.address] { return known }
    let result = try tensor.decoded(externalData: externalData, byteLimit: sparseBytesLeft)
    sparseBytesLeft -= result.byteCount
    decoded[tensor.values.address] = result
    return result
  }
}

extension ONNXTensor {
  fileprivate var address: UInt { unsafe UInt(bitPattern: handle) }
}
