import MassRuntime

/// Attributes by name. Each accessor throws when the attribute is there but of another type; `required…` also when it
/// is not there.
extension NodeTranslation {
  public func has(_ name: String) -> Bool {
    progress.attributesRead.insert(name)
    return attributes[name] != nil
  }

  public func int(_ name: String) throws(ImportError) -> Int? {
    switch value(name) {
    case nil: return nil
    case .int(let value): return Int(value)
    case let other?: throw mistyped(name, expected: "an integer", got: other)
    }
  }

  public func int(_ name: String, default standard: Int) throws(ImportError) -> Int { try int(name) ?? standard }

  public func requiredInt(_ name: String) throws(ImportError) -> Int { try required(name, int(name)) }

  /// An integer attribute that stands for a truth value.
  public func bool(_ name: String, default standard: Bool = false) throws(ImportError) -> Bool {
    try int(name).map { $0 != 0 } ?? standard
  }

  public func ints(_ name: String) throws(ImportError) -> [Int]? {
    switch value(name) {
    case nil: return nil
    case .ints(let values): return values.map { Int($0) }
    case let other?: throw mistyped(name, expected: "a list of integers", got: other)
    }
  }

  public func ints(_ name: String, default standard: [Int]) throws(ImportError) -> [Int] {
    try ints(name) ?? standard
  }

  public func requiredInts(_ name: String) throws(ImportError) -> [Int] { try required(name, ints(name)) }

  public func float(_ name: String) throws(ImportError) -> Float? {
    switch value(name) {
    case nil: return nil
    case .float(let value): return value
    case let other?: throw mistyped(name, expected: "a float", got: other)
    }
  }

  public func float(_ name: String, default standard: Float) throws(ImportError) -> Float {
    try float(name) ?? standard
  }

  public func requiredFloat(_ name: String) throws(ImportError) -> Float { try required(name, float(name)) }

  public func floats(_ name: String) throws(ImportError) -> [Float]? {
    switch value(name) {
    case nil: return nil
    case .floats(let values): return values
    case let other?: throw mistyped(name, expected: "a list of floats", got: other)
    }
  }

  public func floats(_ name: String, default standard: [Float]) throws(ImportError) -> [Float] {
    try floats(name) ?? standard
  }

  public func string(_ name: String) throws(ImportError) -> String? {
    switch value(name) {
    case nil: return nil
    case .string(let value): return value
    case let other?: throw mistyped(name, expected: "a string", got: other)
    }
  }

  public func string(_ name: String, default standard: String) throws(ImportError) -> String {
    try string(name) ?? standard
  }

  public func requiredString(_ name: String) throws(ImportError) -> String { try required(name, string(name)) }

  public func strings(_ name: String) throws(ImportError) -> [String]? {
    switch value(name) {
    case nil: return nil
    case .strings(let values): return values
    case let other?: throw mistyped(name, expected: "a list of strings", got: other)
    }
  }

  public func strings(_ name: String, default standard: [String]) throws(ImportError) -> [String] {
    try strings(name) ?? standard
  }

  /// A tensor attribute; a sparse one is made dense.
  public func tensor(_ name: String) throws(ImportError) -> Tensor? {
    switch value(name) {
    case nil: return nil
    case .tensor(let tensor):
      return try decoded(name) { () throws(TensorDecodingError) in try builder.tensors.decode(tensor) }
    case .sparseTensor(let tensor):
      return try decoded(name) { () throws(TensorDecodingError) in try builder.tensors.decode(tensor) }
    case let other?: throw mistyped(name, expected: "a tensor", got: other)
    }
  }

  public func requiredTensor(_ name: String) throws(ImportError) -> Tensor { try required(name, tensor(name)) }
}

extension NodeTranslation {
  /// The element type that integer attribute `name` numbers as ONNX does.
  public func elementType(_ name: String) throws(ImportError) -> ElementType? {
    guard let number = try int(name) else { return nil }
    guard let element = ElementType(onnx: number) else {
      throw ImportError(
        problem(.unsupportedType, message: "attribute '\(name)' names element type \(number), which is not supported"))
    }
    return element
  }

  func value(_ name: String) -> ONNXAttribute.Value? {
    progress.attributesRead.insert(name)
    return attributes[name]?.value
  }

  func mistyped(_ name: String, expected: String, got: ONNXAttribute.Value) -> ImportError {
    ImportError(problem(.attribute, message: "attribute '\(name)': expected \(expected), got \(got.typeName)"))
  }

  private func decoded(
    _ name: String, _ decode: () throws(TensorDecodingError) -> Tensor
  ) throws(ImportError) -> Tensor {
    do { return try decode() } catch {
      throw ImportError(problem(error.kind, message: "attribute '\(name)': \(error.message)", remedy: error.remedy))
    }
  }

  private func required<Value>(_ name: String, _ value: Value?) throws(ImportError) -> Value {
    guard let value else {
      throw ImportError(problem(.attribute, message: "expected attribute '\(name)', got none"))
    }
    return value
  }
}
