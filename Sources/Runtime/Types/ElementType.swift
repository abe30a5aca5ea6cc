/// The type of a tensor's elements. Raw values are stable: plan files store them.
public enum ElementType: UInt8, Hashable, Sendable, Codable, CaseIterable {
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case string = 8
  case bool = 9
  case float16 = 10
  case float64 = 11
  case uint32 = 12
  case uint64 = 13
  case complex64 = 14
  case complex128 = 15
  case bfloat16 = 16
  case float8e4m3fn = 17
  case float8e4m3fnuz = 18
  case float8e5m2 = 19
  case float8e5m2fnuz = 20
  case uint4 = 21
  case int4 = 22
  case float4e2m1 = 23
  case float8e8m0 = 24
  case uint2 = 25
  case int2 = 26
}

extension ElementType {
  /// How arithmetic on the element is defined: the domain a reference kernel computes in.
  public enum Domain: Hashable, Sendable {
    case real, signed, unsigned, bool, string, complex
  }

  public var domain: Domain {
    switch self {
    case .float32, .float64, .float16, .bfloat16, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2,
      .float8e5m2fnuz, .float4e2m1, .float8e8m0:
      .real
    case .int8, .int16, .int32, .int64, .int4, .int2: .signed
    case .uint8, .uint16, .uint32, .uint64, .uint4, .uint2: .unsigned
    case .bool: .bool
    case .string: .string
    case .complex64, .complex128: .complex
    }
  }

  public var isFloatingPoint: Bool { domain == .real }
  public var isInteger: Bool { domain == .signed || domain == .unsigned }

  /// Bits of one element in memory; zero for strings, which live outside the byte buffer.
  public var bitWidth: Int {
    switch self {
    case .string: 0
    case .uint2, .int2: 2
    case .uint4, .int4, .float4e2m1: 4
    case .uint8, .int8, .bool, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz,
      .float8e8m0:
      8
    case .uint16, .int16, .float16, .bfloat16: 16
    case .float32, .int32, .uint32: 32
    case .float64, .int64, .uint64, .complex64: 64
    case .complex128: 128
    }
  }

  /// Bytes of one element, or nil where elements are packed several to a byte or are strings.
  public var byteWidth: Int? { bitWidth >= 8 ? bitWidth / 8 : nil }

  /// Bytes that `count` elements occupy, packed types rounded up to a whole byte; nil on overflow.
  public func byteCount(elements count: Int) -> Int? {
    guard count >= 0 else { return nil }
    let (bits, overflow) = count.multipliedReportingOverflow(by: bitWidth)
    guard !overflow, bits <= Int.max - 7 else { return nil }
    return (bits + 7) / 8
  }
}

extension ElementType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .float32: "f32"
    case .float64: "f64"
    case .float16: "f16"
    case .bfloat16: "bf16"
    case .int8: "i8"
    case .int16: "i16"
    case .int32: "i32"
    case .int64: "i64"
    case .uint8: "u8"
    case .uint16: "u16"
    case .uint32: "u32"
    case .uint64: "u64"
    case .int4: "i4"
    case .uint4: "u4"
    case .int2: "i2"
    case .uint2: "u2"
    case .bool: "bool"
    case .string: "string"
    case .complex64: "c64"
    case .complex128: "c128"
    case .float8e4m3fn: "f8e4m3fn"
    case .float8e4m3fnuz: "f8e4m3fnuz"
    case .float8e5m2: "f8e5m2"
    case .float8e5m2fnuz: "f8e5m2fnuz"
    case .float4e2m1: "f4e2m1"
    case .float8e8m0: "f8e8m0"
    }
  }
}
