#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A function of two elements of one type.
public enum BinaryFunction: String, Hashable, Sendable, Codable, CaseIterable {
  case add, sub, mul, div, pow
  /// Remainder with the divisor's sign (Python's `%`).
  case mod
  /// Remainder with the dividend's sign (C's `fmod`).
  case fmod
  case min, max
  /// `x < 0 ? x * slope : x`
  case prelu
  case and, or, xor
  case equal, less, lessOrEqual, greater, greaterOrEqual
  case bitAnd, bitOr, bitXor, shiftLeft, shiftRight
}

extension BinaryFunction {
  public var isComparison: Bool {
    switch self {
    case .equal, .less, .lessOrEqual, .greater, .greaterOrEqual: true
    default: false
    }
  }

  public var isCommutative: Bool {
    switch self {
    case .add, .mul, .min, .max, .and, .or, .xor, .equal, .bitAnd, .bitOr, .bitXor: true
    default: false
    }
  }

  func accepts(_ element: ElementType) -> Bool {
    switch self {
    case .and, .or, .xor: element == .bool
    case .bitAnd, .bitOr, .bitXor, .shiftLeft, .shiftRight: element.isInteger
    case .equal: element != .complex64 && element != .complex128
    default: element.isInteger || element.isFloatingPoint
    }
  }

  /// The function on reals. Comparisons give 1 or 0. `min` and `max` propagate NaN.
  public func callAsFunction(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .add: a + b
    case .sub: a - b
    case .mul: a * b
    case .div: a / b
    case .pow: Glibc.pow(a, b)
    case .fmod: Glibc.fmod(a, b)
    case .mod:
      { r in r != 0 && (r < 0) != (b < 0) ? r + b : r }(Glibc.fmod(a, b))
    case .min: a.isNaN || b.isNaN ? .nan : Swift.min(a, b)
    case .max: a.isNaN || b.isNaN ? .nan : Swift.max(a, b)
    case .prelu: a < 0 ? a * b : a
    case .equal: a == b ? 1 : 0
    case .less: a < b ? 1 : 0
    case .lessOrEqual: a <= b ? 1 : 0
    case .greater: a > b ? 1 : 0
    case .greaterOrEqual: a >= b ? 1 : 0
    default: Double(integer(Int(saturating: a), Int(saturating: b)))
    }
  }

  /// The function on integers: wraps on overflow, divides toward zero, and dividing by zero gives zero.
  public func integer(_ a: Int, _ b: Int) -> Int {
    switch self {
    case .add: a &+ b
    case .sub: a &- b
    case .mul: a &* b
    case .div: b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue
    case .mod: b == 0 ? 0 : Self.floorMod(a, b)
    case .fmod: b == 0 ? 0 : a.remainderReportingOverflow(dividingBy: b).partialValue
    case .pow: Self.power(a, b)
    case .min: Swift.min(a, b)
    case .max: Swift.max(a, b)
    case .prelu: a < 0 ? a &* b : a
    case .and: a != 0 && b != 0 ? 1 : 0
    case .or: a != 0 || b != 0 ? 1 : 0
    case .xor: (a != 0) != (b != 0) ? 1 : 0
    case .equal: a == b ? 1 : 0
    case .less: a < b ? 1 : 0
    case .lessOrEqual: a <= b ? 1 : 0
    case .greater: a > b ? 1 : 0
    case .greaterOrEqual: a >= b ? 1 : 0
    case .bitAnd: a & b
    case .bitOr: a | b
    case .bitXor: a ^ b
    case .shiftLeft: b < 0 || b >= Int.bitWidth ? 0 : a << b
    case .shiftRight: a >> (b < 0 || b >= Int.bitWidth ? Int.bitWidth - 1 : b)
    }
  }

  /// The function on unsigned 64-bit integers, where order and division differ from signed ones.
  func unsigned(_ a: UInt, _ b: UInt) -> UInt {
    switch self {
    case .div: b == 0 ? 0 : a / b
    case .mod, .fmod: b == 0 ? 0 : a % b
    case .min: Swift.min(a, b)
    case .max: Swift.max(a, b)
    case .prelu: a
    case .less: a < b ? 1 : 0
    case .lessOrEqual: a <= b ? 1 : 0
    case .greater: a > b ? 1 : 0
    case .greaterOrEqual: a >= b ? 1 : 0
    case .shiftRight: b >= UInt(UInt.bitWidth) ? 0 : a >> b
    default: UInt(bitPattern: integer(Int(bitPattern: a), Int(bitPattern: b)))
    }
  }

  private static func floorMod(_ a: Int, _ b: Int) -> Int {
    let r = a.remainderReportingOverflow(dividingBy: b).partialValue
    return r != 0 && (r < 0) != (b < 0) ? r + b : r
  }

  private static func power(_ base: Int, _ exponent: Int) -> Int {
    if exponent < 0 { return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0 }
    var result = 1, square = base, rest = exponent
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }
}
