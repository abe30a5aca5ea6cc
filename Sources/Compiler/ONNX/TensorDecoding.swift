import MassRuntime
import ONNXShim

/// What is wrong with a tensor in a file.
struct TensorDecodingError: Error {
  var kind = Problem.Kind.tensor
  var message: String
  var remedy = ""
}

extension ONNXTensor {
  /// The tensor, its data borrowed from the file where it lies there as the runtime wants it, else copied once.
  ///
  /// Sizes are checked before anything is allocated.
  func decoded(externalData: ExternalData) throws(TensorDecodingError) -> Tensor {
    guard let element = ElementType(onnx: element) else {
      throw TensorDecodingError(
        kind: .unsupportedType,
        message: "\(label): element type \(ElementType.describe(onnx: self.element)) is not supported")
    }
    guard unsafe !mass_onnx_tensor_is_segment(handle) else { throw failure("a whole tensor", "a segment of one") }
    let layout = try DataLayout(element, dimensions, label: label)
    switch unsafe mass_onnx_tensor_location(handle) {
    case 0: return try element == .string ? decodedStrings(layout) : decodedInline(layout)
    case 1: return try decodedExternal(layout, externalData)
    case let other: throw failure("data in this file or an external one", "data location \(other)")
    }
  }

  var label: String { name.isEmpty ? "tensor" : "tensor '\(name)'" }

  private func failure(_ expected: String, _ got: String) -> TensorDecodingError {
    TensorDecodingError(message: "\(label): expected \(expected), got \(got)")
  }

  private func decodedExternal(_ layout: DataLayout, _ data: ExternalData) throws(TensorDecodingError) -> Tensor {
    guard layout.element != .string else { throw failure("strings in the model's file", "external data") }
    let entries = unsafe ONNXReader(source: source).entries { unsafe mass_onnx_tensor_external(handle, $0, $1) }
    let range: ExternalRange
    do throws(ExternalDataError) { unsafe range = try data.range(entries, byteCount: layout.byteCount) } catch {
      throw TensorDecodingError(kind: .externalData, message: "\(label): \(error.message)", remedy: error.remedy)
    }
    return try unsafe layout.tensor(range.bytes, owner: range.file)
  }

  private func decodedInline(_ layout: DataLayout) throws(TensorDecodingError) -> Tensor {
    let raw = unsafe mass_onnx_tensor_raw(handle)
    guard unsafe mass_onnx_tensor_has_raw(handle) && (raw.size > 0 || layout.byteCount == 0) else {
      return try decodedTyped(layout)
    }
    guard unsafe raw.size == layout.byteCount else {
      throw unsafe failure("\(layout.byteCount) bytes for \(layout)", "\(raw.size)")
    }
    return try unsafe layout.tensor(UnsafeRawBufferPointer(start: raw.data, count: raw.size), owner: source)
  }

  private func decodedStrings(_ layout: DataLayout) throws(TensorDecodingError) -> Tensor {
    let count = unsafe mass_onnx_tensor_string_count(handle)
    guard count == layout.count else { throw failure("\(layout.count) strings for \(layout)", "\(count)") }
    let strings = (0..<count).map { unsafe String(mass_onnx_tensor_string(handle, $0)) }
    do { return try Tensor(strings: strings, shape: dimensions) } catch { throw failure("a valid shape", "\(error)") }
  }
}

// MARK: - Typed arrays

extension ONNXTensor {
  /// Data in the field that ONNX assigns to the element type.
  private func decodedTyped(_ layout: DataLayout) throws(TensorDecodingError) -> Tensor {
    switch layout.element {
    case .float32, .complex64:
      let array = unsafe mass_onnx_tensor_floats(handle)
      return try unsafe borrowed(UnsafeBufferPointer(start: array.data, count: array.count), layout)
    case .float64, .complex128:
      let array = unsafe mass_onnx_tensor_doubles(handle)
      return try unsafe borrowed(UnsafeBufferPointer(start: array.data, count: array.count), layout)
    case .int64:
      let array = unsafe mass_onnx_tensor_int64s(handle)
      return try unsafe borrowed(UnsafeBufferPointer(start: array.data, count: array.count), layout)
    case .uint64:
      let array = unsafe mass_onnx_tensor_uint64s(handle)
      return try unsafe borrowed(UnsafeBufferPointer(start: array.data, count: array.count), layout)
    case .uint32:
      let array = unsafe mass_onnx_tensor_uint64s(handle)
      return try unsafe narrowed(UnsafeBufferPointer(start: array.data, count: array.count), to: UInt32.self, layout)
    default: return try decodedSmall(layout)
    }
  }

  /// Types that share the field of 32-bit integers, one entry for each element or, for packed types, each byte.
  private func decodedSmall(_ layout: DataLayout) throws(TensorDecodingError) -> Tensor {
    let array = unsafe mass_onnx_tensor_int32s(handle)
    let values = unsafe UnsafeBufferPointer(start: array.data, count: array.count)
    if layout.element == .int32 { return try unsafe borrowed(values, layout) }
    if layout.element == .bool {
      return try unsafe narrowed(values, layout) { (value: Int32) -> UInt8 in value == 0 ? 0 : 1 }
    }
    if layout.element.bitWidth == 16 { return try unsafe narrowed(values, to: UInt16.self, layout) }
    return try unsafe narrowed(values, to: UInt8.self, layout)
  }

  private func borrowed<Stored>(
    _ values: UnsafeBufferPointer<Stored>, _ layout: DataLayout
  ) throws(TensorDecodingError) -> Tensor {
    let entries = layout.byteCount / MemoryLayout<Stored>.size
    guard values.count == entries else { throw failure("\(entries) values for \(layout)", "\(values.count)") }
    return try unsafe layout.tensor(UnsafeRawBufferPointer(values), owner: source)
  }

  private func narrowed<Wide: FixedWidthInteger, Stored: FixedWidthInteger>(
    _ values: UnsafeBufferPointer<Wide>, to type: Stored.Type, _ layout: DataLayout
  ) throws(TensorDecodingError) -> Tensor {
    try unsafe narrowed(values, layout) { Stored(truncatingIfNeeded: $0) }
  }

  private func narrowed<Wide, Stored>(
    _ values: UnsafeBufferPointer<Wide>, _ layout: DataLayout, _ convert: (Wide) -> Stored
  ) throws(TensorDecodingError) -> Tensor {
    let entries = layout.byteCount / MemoryLayout<Stored>.size
    guard values.count == entries else { throw failure("\(entries) values for \(layout)", "\(values.count)") }
    return try unsafe layout.allocated { bytes in
      for i in 0..<entries {
        unsafe bytes.storeBytes(
          of: convert(values[i]), toByteOffset: i * MemoryLayout<Stored>.size, as: Stored.self)
      }
    }
  }
}
