/// Element access in the domain arithmetic is defined in: `Double` for real types, `Int` for integers and bool.
///
/// Every conversion allocates an array: this is for reference kernels, shape arithmetic and tests, not for the run loop.
extension Tensor {
  /// All elements as `Double`. Exact for every real type; integers beyond 2^53 round.
  public func doubles() -> [Double] {
    switch element {
    case .float32: load(Float.self) { Double($0) }
    case .float64: load(Double.self) { $0 }
    case .float16: load(UInt16.self) { Double(Float(halfBits: $0)) }
    case .bfloat16: load(UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
    case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0:
      load(UInt8.self) { SmallFloat.decode($0, as: element) }
    case .float4e2m1: packed(bits: 4) { SmallFloat.decode($0, as: element) }
    case .uint64: load(UInt64.self) { Double($0) }
    default: integers().map(Double.init)
    }
  }

  /// All elements as `Int`: real types truncate toward zero and saturate, `uint64` keeps its bit pattern.
  public func integers() -> [Int] {
    switch element {
    case .int64: load(Int64.self) { Int($0) }
    case .int32: load(Int32.self) { Int($0) }
    case .int16: load(Int16.self) { Int($0) }
    case .int8: load(Int8.self) { Int($0) }
    case .uint64: load(UInt64.self) { Int(bitPattern: UInt($0)) }
    case .uint32: load(UInt32.self) { Int($0) }
    case .uint16: load(UInt16.self) { Int($0) }
    case .uint8: load(UInt8.self) { Int($0) }
    case .bool: load(UInt8.self) { $0 == 0 ? 0 : 1 }
    case .uint4: packed(bits: 4) { Int($0) }
    case .int4: packed(bits: 4) { Int(Int8(bitPattern: $0 << 4) >> 4) }
    case .uint2: packed(bits: 2) { Int($0) }
    case .int2: packed(bits: 2) { Int(Int8(bitPattern: $0 << 6) >> 6) }
    case .string, .complex64, .complex128: []
    default: doubles().map { Int(saturating: $0) }
    }
  }

  public func bools() -> [Bool] { integers().map { $0 != 0 } }

  /// Makes a tensor of a numeric type from `Double`s: floats round to nearest even, integers truncate and wrap.
  public static func make(_ element: ElementType, _ shape: [Int], doubles: [Double]) throws(TensorError) -> Tensor {
    switch element {
    case .float32: try store(element, shape, doubles) { Float($0) }
    case .float64: try store(element, shape, doubles) { $0 }
    case .float16: try store(element, shape, doubles) { HalfFloat.bits($0) }
    case .bfloat16: try store(element, shape, doubles) { HalfFloat.brainBits($0) }
    case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0:
      try store(element, shape, doubles) { SmallFloat.encode($0, as: element, saturate: true) }
    case .float4e2m1: try pack(element, shape, doubles) { SmallFloat.encode($0, as: element, saturate: true) }
    case .uint64: try store(element, shape, doubles) { UInt64(saturating: $0) }
    case .string, .complex64, .complex128: throw .notNumeric(element)
    default: try make(element, shape, integers: doubles.map { Int(saturating: $0) })
    }
  }

  /// Makes a tensor of a numeric type from `Int`s, wrapping to the type's width.
  public static func make(_ element: ElementType, _ shape: [Int], integers: [Int]) throws(TensorError) -> Tensor {
    switch element {
    case .int64: try store(element, shape, integers) { Int64($0) }
    case .int32: try store(element, shape, integers) { Int32(truncatingIfNeeded: $0) }
    case .int16: try store(element, shape, integers) { Int16(truncatingIfNeeded: $0) }
    case .int8: try store(element, shape, integers) { Int8(truncatingIfNeeded: $0) }
    case .uint64: try store(element, shape, integers) { UInt64(bitPattern: Int64($0)) }
    case .uint32: try store(element, shape, integers) { UInt32(truncatingIfNeeded: $0) }
    case .uint16: try store(element, shape, integers) { UInt16(truncatingIfNeeded: $0) }
    case .uint8: try store(element, shape, integers) { UInt8(truncatingIfNeeded: $0) }
    case .bool: try store(element, shape, integers) { $0 == 0 ? UInt8(0) : 1 }
    case .uint4, .int4, .uint2, .int2: try pack(element, shape, integers) { UInt8(truncatingIfNeeded: $0) }
    case .string, .complex64, .complex128: throw .notNumeric(element)
    default: try make(element, shape, doubles: integers.map(Double.init))
    }
  }

  public static func make(_ shape: [Int], bools: [Bool]) throws(TensorError) -> Tensor {
    try store(.bool, shape, bools) { $0 ? UInt8(1) : 0 }
  }

  public static func scalar(_ element: ElementType, _ value: Double) throws(TensorError) -> Tensor {
    try make(element, [], doubles: [value])
  }

  /// Rank-1 int64, the type of shapes and axes.
  public static func vector(_ values: [Int]) throws(TensorError) -> Tensor {
    try make(.int64, [values.count], integers: values)
  }
}

extension Tensor {
  private func load<Stored, Result>(_ type: Stored.Type, _ convert: (Stored) -> Result) -> [Result] {
    unsafe withUnsafeBytes { bytes in
      (0..<count).map { i in
        convert(unsafe bytes.loadUnaligned(fromByteOffset: i * MemoryLayout<Stored>.size, as: Stored.self))
      }
    }
  }

  private func packed<Result>(bits: Int, _ convert: (UInt8) -> Result) -> [Result] {
    let perByte = 8 / bits
    let mask = UInt8((1 << bits) - 1)
    return unsafe withUnsafeBytes { bytes in
      (0..<count).map { i in unsafe convert((bytes[i / perByte] >> UInt8(i % perByte * bits)) & mask) }
    }
  }

  private static func store<Source, Stored>(
    _ element: ElementType, _ shape: [Int], _ values: [Source], _ convert: (Source) -> Stored
  ) throws(TensorError) -> Tensor {
    let expected = try elementCount(of: shape)
    guard values.count == expected else { throw .storageTooSmall(needed: expected, available: values.count) }
    return try unsafe Tensor(element: element, shape: shape) { bytes in
      for (i, value) in values.enumerated() {
        unsafe bytes.storeBytes(of: convert(value), toByteOffset: i * MemoryLayout<Stored>.size, as: Stored.self)
      }
    }
  }

  private static func pack<Source>(
    _ element: ElementType, _ shape: [Int], _ values: [Source], _ convert: (Source) -> UInt8
  ) throws(TensorError) -> Tensor {
    let expected = try elementCount(of: shape)
    guard values.count == expected else { throw .storageTooSmall(needed: expected, available: values.count) }
    let bits = element.bitWidth
    let perByte = 8 / bits
    let mask = UInt8((1 << bits) - 1)
    return try unsafe Tensor(element: element, shape: shape) { bytes in
      for (i, value) in values.enumerated() {
        unsafe bytes[i / perByte] |= (convert(value) & mask) << UInt8(i % perByte * bits)
      }
    }
  }
}

extension Int {
  /// Truncates toward zero; values out of range saturate and NaN is zero.
  public init(saturating value: Double) {
    self =
      value.isNaN ? 0 : value >= 0x1p63 ? Int.max : value <= -0x1p63 ? Int.min : Int(value)
  }
}

extension UInt64 {
  init(saturating value: Double) {
    self =
      value.isNaN || value <= 0
      ? UInt64(bitPattern: Int64(Int(saturating: value))) : value >= 0x1p64 ? .max : UInt64(value)
  }
}
