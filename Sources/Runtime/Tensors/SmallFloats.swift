/// IEEE binary16 and bfloat16, by bits: `Float16` does not exist on every platform the package builds for.
public enum HalfFloat {
  /// binary16 nearest to `value`, ties to even.
  public static func bits(_ value: Double) -> UInt16 {
    UInt16(SmallFloatFormat.half.encode(value, saturate: false))
  }

  /// bfloat16 nearest to `value`, ties to even.
  public static func brainBits(_ value: Double) -> UInt16 {
    UInt16(SmallFloatFormat.brain.encode(value, saturate: false))
  }
}

extension Float {
  public init(halfBits: UInt16) { self = Float(SmallFloatFormat.half.decode(Int(halfBits))) }
}

/// The 8- and 4-bit floats of OCP (E4M3, E5M2, E2M1, E8M0) and the FNUZ variants of Graphcore and AMD.
public enum SmallFloat {
  public static func decode(_ bits: UInt8, as element: ElementType) -> Double {
    if element == .float8e8m0 {
      return bits == 255 ? .nan : Double(sign: .plus, exponent: Int(bits) - 127, significand: 1)
    }
    return SmallFloatFormat(element).decode(Int(bits))
  }

  public static func encode(_ value: Double, as element: ElementType, saturate: Bool) -> UInt8 {
    if element == .float8e8m0 { return encodeScale(value, saturate: saturate) }
    return UInt8(SmallFloatFormat(element).encode(value, saturate: saturate))
  }

  /// E8M0 holds powers of two only; the nearest is taken, ties upward.
  private static func encodeScale(_ value: Double, saturate: Bool) -> UInt8 {
    guard !value.isNaN else { return 255 }
    if value.isInfinite { return saturate ? 254 : 255 }
    guard value > 0 else { return 0 }
    let exponent = Int(value.exponent) + (value.significand >= 1.5 ? 1 : 0)
    if exponent > 127 { return saturate ? 254 : 255 }
    return UInt8(max(exponent + 127, 0))
  }
}

/// A binary float with a sign bit, `exponentBits` and `fractionBits`, described by its special values.
struct SmallFloatFormat {
  enum Specials {
    /// Infinities and NaNs in the last exponent.
    case ieee
    /// No infinities; NaN is all ones.
    case finite
    /// No infinities, no negative zero; NaN is the bit pattern of negative zero.
    case unsignedZero
    /// Every pattern is a number.
    case none
  }

  let exponentBits: Int
  let fractionBits: Int
  let bias: Int
  let specials: Specials

  static let half = SmallFloatFormat(exponentBits: 5, fractionBits: 10, bias: 15, specials: .ieee)
  static let brain = SmallFloatFormat(exponentBits: 8, fractionBits: 7, bias: 127, specials: .ieee)

  init(exponentBits: Int, fractionBits: Int, bias: Int, specials: Specials) {
    self.exponentBits = exponentBits
    self.fractionBits = fractionBits
    self.bias = bias
    self.specials = specials
  }

  init(_ element: ElementType) {
    switch element {
    case .float8e4m3fn: self.init(exponentBits: 4, fractionBits: 3, bias: 7, specials: .finite)
    case .float8e4m3fnuz: self.init(exponentBits: 4, fractionBits: 3, bias: 8, specials: .unsignedZero)
    case .float8e5m2: self.init(exponentBits: 5, fractionBits: 2, bias: 15, specials: .ieee)
    case .float8e5m2fnuz: self.init(exponentBits: 5, fractionBits: 2, bias: 16, specials: .unsignedZero)
    case .float4e2m1: self.init(exponentBits: 2, fractionBits: 1, bias: 1, specials: .none)
    case .bfloat16: self = .brain
    default: self = .half
    }
  }

  private var signBit: Int { 1 << (exponentBits + fractionBits) }
  private var magnitudeMask: Int { signBit - 1 }
  private var infinity: Int { ((1 << exponentBits) - 1) << fractionBits }
  private var nan: Int {
    switch specials {
    case .ieee: infinity | (1 << (fractionBits - 1))
    case .finite: magnitudeMask
    case .unsignedZero: signBit
    case .none: 0
    }
  }
  private var largest: Int {
    switch specials {
    case .ieee: infinity - 1
    case .finite: magnitudeMask - 1
    case .unsignedZero, .none: magnitudeMask
    }
  }

  func decode(_ bits: Int) -> Double {
    if specials == .unsignedZero && bits == signBit { return .nan }
    let magnitude = bits & magnitudeMask
    let sign: FloatingPointSign = bits & signBit == 0 ? .plus : .minus
    if specials == .finite && magnitude == magnitudeMask { return .nan }
    if specials == .ieee && magnitude >= infinity {
      return magnitude > infinity ? .nan : sign == .plus ? .infinity : -.infinity
    }
    let exponent = magnitude >> fractionBits
    let fraction = Double(magnitude & ((1 << fractionBits) - 1)) / Double(1 << fractionBits)
    if exponent == 0 {
      let value = Double(sign: .plus, exponent: 1 - bias, significand: 1) * fraction
      return sign == .plus ? value : -value
    }
    return Double(sign: sign, exponent: exponent - bias, significand: 1 + fraction)
  }

  /// Nearest representable value, ties to even. Beyond the largest: it, if `saturate`; else infinity or NaN.
  func encode(_ value: Double, saturate: Bool) -> Int {
    if value.isNaN { return nan }
    let sign = value.sign == .minus ? signBit : 0
    let overflowed =
      saturate
      ? sign | largest
      : specials == .ieee
        ? sign | infinity : specials == .none ? sign | largest : nan | (specials == .finite ? sign : 0)
    if value.isInfinite { return overflowed }
    let scale = max(value == 0 ? Int.min : Int(value.exponent), 1 - bias) - fractionBits
    let steps = (abs(value) * Double(sign: .plus, exponent: -scale, significand: 1)).rounded(.toNearestOrEven)
    var magnitude = Int(steps)
    magnitude += (scale + fractionBits + bias - 1) << fractionBits
    if magnitude > largest { return overflowed }
    if magnitude == 0 && specials == .unsignedZero { return 0 }
    return sign | magnitude
  }
}
