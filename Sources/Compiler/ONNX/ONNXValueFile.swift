import MassRuntime
import ONNXShim

/// Files that hold one value, such as the `input_0.pb` of ONNX's test directories.
public enum ONNXValueFile {
  /// Reads the value at `path`.
  ///
  /// - Parameter type: What the value is; the file does not say. Anything but a sequence, optional or map is read as a
  ///   tensor.
  public static func read(_ path: String, as type: ValueType) throws(ImportError) -> Value {
    let kind = kind(of: type)
    let (pointer, problem) = unsafe ONNXSource.open { out, message, capacity in
      unsafe path.withCString { unsafe mass_onnx_value_open_file($0, kind, out, message, capacity) }
    }
    guard let pointer = unsafe pointer else { throw ImportError(problem, path: path) }
    let source = unsafe ONNXSource(.value(pointer))
    let decoder = ValueDecoder(reader: ONNXReader(source: source))
    do {
      return try unsafe decoder.value(pointer, kind)
    } catch {
      throw ImportError(Problem(error.kind, message: error.message, remedy: error.remedy), path: path)
    }
  }

  private static func kind(of type: ValueType) -> mass_onnx_value_kind {
    switch type {
    case .sequence: MASS_ONNX_VALUE_SEQUENCE
    case .optional: MASS_ONNX_VALUE_OPTIONAL
    case .map: MASS_ONNX_VALUE_MAP
    case .tensor, .unrankedTensor, .unknown: MASS_ONNX_VALUE_TENSOR
    }
  }
}

/// Recursion is bounded by the depth of messages the shim opens.
private struct ValueDecoder {
  let reader: ONNXReader
  private let tensors = TensorDecoder(externalData: ExternalData(folder: nil))

  init(reader: ONNXReader) { self.reader = reader }

  func value(_ value: OpaquePointer, _ kind: mass_onnx_value_kind) throws(TensorDecodingError) -> Value {
    switch kind {
    case MASS_ONNX_VALUE_SEQUENCE: try unsafe sequence(mass_onnx_value_sequence(value))
    case MASS_ONNX_VALUE_OPTIONAL: try unsafe optional(mass_onnx_value_optional(value))
    case MASS_ONNX_VALUE_MAP: try unsafe map(mass_onnx_value_map(value))
    default: try unsafe tensor(mass_onnx_value_tensor(value))
    }
  }

  private func tensor(_ tensor: OpaquePointer?) throws(TensorDecodingError) -> Value {
    guard let tensor = unsafe tensor else { throw TensorDecodingError(message: "expected a tensor, got none") }
    return try unsafe .tensor(tensors.decode(reader.tensor(tensor)))
  }

  private func sparse(_ sparse: OpaquePointer?) throws(TensorDecodingError) -> Value {
    guard let tensor = unsafe sparse.flatMap({ unsafe reader.sparseTensor($0) }) else {
      throw TensorDecodingError(message: "expected a sparse tensor, got none")
    }
    return .tensor(try tensors.decode(tensor))
  }

  private func sequence(_ sequence: OpaquePointer?) throws(TensorDecodingError) -> Value {
    let kind = unsafe mass_onnx_sequence_kind(sequence)
    var values: [Value] = []
    for i in unsafe 0..<mass_onnx_sequence_count(sequence, kind) {
      switch mass_onnx_value_kind(rawValue: UInt32(bitPattern: kind)) {
      case MASS_ONNX_VALUE_TENSOR: values.append(try unsafe tensor(mass_onnx_sequence_tensor(sequence, i)))
      case MASS_ONNX_VALUE_SPARSE_TENSOR:
        values.append(try unsafe sparse(mass_onnx_sequence_sparse_tensor(sequence, i)))
      case MASS_ONNX_VALUE_SEQUENCE: values.append(try unsafe self.sequence(mass_onnx_sequence_sequence(sequence, i)))
      case MASS_ONNX_VALUE_MAP: values.append(try unsafe map(mass_onnx_sequence_map(sequence, i)))
      case MASS_ONNX_VALUE_OPTIONAL: values.append(try unsafe optional(mass_onnx_sequence_optional(sequence, i)))
      default: throw TensorDecodingError(message: "expected a sequence of known kind, got kind \(kind)")
      }
    }
    return .sequence(values)
  }

  private func optional(_ optional: OpaquePointer?) throws(TensorDecodingError) -> Value {
    if let found = unsafe mass_onnx_optional_tensor(optional) { return .optional(try unsafe tensor(found)) }
    if let found = unsafe mass_onnx_optional_sparse_tensor(optional) { return .optional(try unsafe sparse(found)) }
    if let found = unsafe mass_onnx_optional_sequence(optional) { return .optional(try unsafe sequence(found)) }
    if let found = unsafe mass_onnx_optional_map(optional) { return .optional(try unsafe map(found)) }
    if let found = unsafe mass_onnx_optional_optional(optional) { return .optional(try unsafe self.optional(found)) }
    return .optional(nil)
  }

  private func map(_ map: OpaquePointer?) throws(TensorDecodingError) -> Value {
    let strings = unsafe reader.list(mass_onnx_map_string_key_count(map)) {
      unsafe Value.MapKey.string(String(mass_onnx_map_string_key(map, $0)))
    }
    let integers = unsafe reader.integers(mass_onnx_map_keys(map)).map { Value.MapKey.integer($0) }
    let keys = strings.isEmpty ? integers : strings
    guard case .sequence(let values) = try unsafe sequence(mass_onnx_map_values(map)), values.count == keys.count else {
      throw TensorDecodingError(message: "expected as many values as keys in a map")
    }
    return .map(zip(keys, values).map { (key: $0, value: $1) })
  }
}
