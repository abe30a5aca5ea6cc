import MassFormats
import MassRuntime
import MassServingProtocol

/// Tensors as lists of numbers, bools and strings, the form `InferTensorContents` has.
enum TypedContents {
  /// Makes a tensor of an input's contents, which must stand in the list of its datatype and nowhere else.
  ///
  /// - Throws: `invalidArgument` if their number is not the shape's, or one does not fit the datatype.
  static func tensor(
    _ contents: WireInferTensorContents, _ name: String, element: ElementType, shape: [Int]
  ) throws(ServingError) -> Tensor {
    let count = try TensorBytes.elementCount(shape, input: name)
    guard let place = place(of: element) else {
      guard count == 0, contents.isEmpty else {
        throw .invalid("\(Datatype.name(of: element) ?? "") has no typed contents; send input '\(name)' as raw bytes")
      }
      return try unsafe TensorBytes.allocate(name, element: element, shape: shape) { _ in }
    }
    let given = contents.counts[place, default: 0]
    guard given == count, contents.counts.allSatisfy({ $0.key == place || $0.value == 0 }) else {
      throw .invalid(
        "input '\(name)' of shape \(shape) needs \(count) elements in \(place), got \(contents.counts.filter { $0.value > 0 })"
      )
    }
    return try make(contents, name, element, shape)
  }

  private static func make(
    _ contents: WireInferTensorContents, _ name: String, _ element: ElementType, _ shape: [Int]
  ) throws(ServingError) -> Tensor {
    switch element {
    case .bool: try tensor(contents.boolContents, name, element, shape)
    case .float32: try tensor(contents.fp32Contents, name, element, shape)
    case .float64: try tensor(contents.fp64Contents, name, element, shape)
    case .int64: try tensor(contents.int64Contents, name, element, shape)
    case .uint64: try tensor(contents.uint64Contents, name, element, shape)
    case .int32: try tensor(contents.intContents, name, element, shape)
    case .uint32: try tensor(contents.uintContents, name, element, shape)
    case .int8: try tensor(narrowed(contents.intContents, to: Int8.self, name), name, element, shape)
    case .int16: try tensor(narrowed(contents.intContents, to: Int16.self, name), name, element, shape)
    case .uint8: try tensor(narrowed(contents.uintContents, to: UInt8.self, name), name, element, shape)
    case .uint16: try tensor(narrowed(contents.uintContents, to: UInt16.self, name), name, element, shape)
    default: try TensorBytes.strings(strings(contents, name), shape: shape, input: name)
    }
  }

  private static func tensor<Element: BitwiseCopyable>(
    _ elements: [Element], _ name: String, _ element: ElementType, _ shape: [Int]
  ) throws(ServingError) -> Tensor {
    try unsafe TensorBytes.allocate(name, element: element, shape: shape) { target in
      unsafe elements.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
  }

  private static func narrowed<Wide: FixedWidthInteger, Narrow: FixedWidthInteger>(
    _ elements: [Wide], to type: Narrow.Type, _ name: String
  ) throws(ServingError) -> [Narrow] {
    var result: [Narrow] = []
    result.reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      guard let narrow = Narrow(exactly: element) else {
        throw .invalid("element \(index) of input '\(name)' is \(element), which \(Narrow.self) cannot hold")
      }
      result.append(narrow)
    }
    return result
  }

  private static func strings(_ contents: WireInferTensorContents, _ name: String) throws(ServingError) -> [String] {
    var result: [String] = []
    result.reserveCapacity(contents.bytesContents.count)
    for (index, bytes) in contents.bytesContents.enumerated() {
      let text = unsafe bytes.withUnsafeBytes { bytes in
        Result { () throws(ServingError) in try unsafe TensorBytes.string(bytes, at: index, input: name) }
      }
      result.append(try text.get())
    }
    return result
  }

  /// The list of a datatype; nil for those that travel as bytes only.
  private static func place(of element: ElementType) -> String? {
    switch element {
    case .bool: "bool_contents"
    case .int8, .int16, .int32: "int_contents"
    case .int64: "int64_contents"
    case .uint8, .uint16, .uint32: "uint_contents"
    case .uint64: "uint64_contents"
    case .float32: "fp32_contents"
    case .float64: "fp64_contents"
    case .string: "bytes_contents"
    default: nil
    }
  }
}

extension WireInferTensorContents {
  var isEmpty: Bool { counts.values.allSatisfy { $0 == 0 } }

  fileprivate var counts: [String: Int] {
    [
      "bool_contents": boolContents.count, "int_contents": intContents.count, "int64_contents": int64Contents.count,
      "uint_contents": uintContents.count, "uint64_contents": uint64Contents.count,
      "fp32_contents": fp32Contents.count, "fp64_contents": fp64Contents.count,
      "bytes_contents": bytesContents.count,
    ]
  }
}
