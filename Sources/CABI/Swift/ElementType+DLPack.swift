import CMass
import MassRuntime

extension ElementType {
  /// The element type as DLPack spells it.
  var dtype: mass_dtype { mass_dtype(code: UInt8(code), bits: UInt8(bitWidth), lanes: 1) }

  /// The element type that DLPack spells so; nil when there is none.
  init?(_ dtype: mass_dtype) {
    guard dtype.lanes == 1,
      let type = Self.allCases.first(where: { UInt32($0.code) == UInt32(dtype.code) && $0.bitWidth == dtype.bits })
    else { return nil }
    self = type
  }

  private var code: Int {
    switch self {
    case .int2, .int4, .int8, .int16, .int32, .int64: MASS_INT
    case .uint2, .uint4, .uint8, .uint16, .uint32, .uint64: MASS_UINT
    case .float16, .float32, .float64: MASS_FLOAT
    case .bfloat16: MASS_BFLOAT
    case .complex64, .complex128: MASS_COMPLEX
    case .bool: MASS_BOOL
    case .float8e4m3fn: MASS_FLOAT8_E4M3FN
    case .float8e4m3fnuz: MASS_FLOAT8_E4M3FNUZ
    case .float8e5m2: MASS_FLOAT8_E5M2
    case .float8e5m2fnuz: MASS_FLOAT8_E5M2FNUZ
    case .float8e8m0: MASS_FLOAT8_E8M0FNU
    case .float4e2m1: MASS_FLOAT4_E2M1FN
    case .string: MASS_STRING
    }
  }

  /// What addresses of such elements must be multiples of.
  var alignment: Int {
    switch self {
    case .complex64: 4
    default: min(max(byteWidth ?? 1, 1), 8)
    }
  }
}
