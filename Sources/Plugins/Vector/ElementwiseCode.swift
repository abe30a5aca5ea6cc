import MassRuntime
import VectorShim

/// A program for the elementwise interpreter, being translated from operators.
struct ElementwiseCode {
  private(set) var instructions: [mass_elementwise_instruction] = []
  /// The element type of each register.
  private(set) var registers: [ElementType]
  /// Registers that may hold more than their element type can: narrow integers are computed in wide registers.
  private var wide: Set<Int> = []

  init(inputs: [ElementType]) { registers = inputs }

  /// Appends an instruction that writes a new register; nil when the function has no kernel for the type.
  mutating func append(_ function: UnaryFunction, _ a: Int) -> Int? {
    guard let code = function.opcode, let a = wrapped(a) else { return nil }
    let result: ElementType = function.isPredicate ? .bool : registers[a]
    return add(code.op, [a], result, code.p0, code.p1)
  }

  mutating func append(_ function: BinaryFunction, _ a: Int, _ b: Int) -> Int? {
    guard registers[a] == registers[b], let a = wrapped(a), let b = wrapped(b) else { return nil }
    return add(function.opcode, [a, b], function.isComparison ? .bool : registers[a])
  }

  mutating func select(_ condition: Int, _ a: Int, _ b: Int) -> Int? {
    guard registers[a] == registers[b], registers[condition] == .bool, let a = wrapped(a), let b = wrapped(b) else {
      return nil
    }
    return add(mass_op_select, [condition, a, b], registers[a])
  }

  /// Reals go to integers by way of 64 bits, as the operator defines it: what does not fit wraps.
  mutating func cast(to element: ElementType, _ a: Int) -> Int? {
    guard let a = wrapped(a) else { return nil }
    guard registers[a].isFloatingPoint, element.isInteger, element != .int64 else {
      return add(mass_op_cast, [a], element)
    }
    return add(mass_op_cast, [a], .int64).flatMap { add(mass_op_cast, [$0], element) }
  }

  mutating func constant(_ element: ElementType, _ value: Double) -> Int? {
    guard let register = add(mass_op_constant, [], element, value) else { return nil }
    instructions[instructions.count - 1].integer = Int64(Int(saturating: value))
    return register
  }

  private mutating func add(
    _ op: mass_elementwise_op, _ operands: [Int], _ result: ElementType, _ p0: Double = 0, _ p1: Double = 0
  ) -> Int? {
    let type = operands.last.map { registers[$0] } ?? result
    guard registers.count < Int(MASS_ELEMENTWISE_MAX_REGISTERS), let from = type.registerType,
      let to = result.registerType
    else { return nil }
    var code = mass_elementwise_instruction()
    code.op = UInt16(op.rawValue)
    code.destination = UInt8(registers.count)
    code.a = UInt8(operands.first ?? 0)
    code.b = UInt8(operands.count > 1 ? operands[1] : 0)
    code.c = UInt8(operands.count > 2 ? operands[2] : 0)
    code.type = UInt8(from.rawValue)
    code.result = UInt8(to.rawValue)
    code.p0 = p0
    code.p1 = p1
    instructions.append(code)
    if result.isNarrowInteger { wide.insert(registers.count) }
    registers.append(result)
    return registers.count - 1
  }

  /// The register cut down to its element type, as if it had been stored and loaded.
  private mutating func wrapped(_ register: Int) -> Int? {
    guard wide.contains(register) else { return register }
    let element = registers[register]
    let result: Int?
    if element.domain == .unsigned {
      let mask = constant(element, Double((1 << element.bitWidth) - 1))
      result = mask.flatMap { add(mass_op_bit_and, [register, $0], element) }
    } else {
      let bits = constant(element, Double(32 - element.bitWidth))
      result = bits.flatMap { bits in
        add(mass_op_shift_left, [register, bits], element)
          .flatMap { add(mass_op_shift_right, [$0, bits], element) }
      }
    }
    if let result { wide.remove(result) }
    return result
  }
}

extension ElementType {
  /// How the element lies in memory, in the shim's numbers.
  var vectorType: mass_vector_type? {
    switch self {
    case .float32: mass_vector_f32
    case .float64: mass_vector_f64
    case .int32: mass_vector_i32
    case .int64: mass_vector_i64
    case .bool: mass_vector_bool
    case .float16: mass_vector_f16
    case .bfloat16: mass_vector_bf16
    case .int8: mass_vector_i8
    case .uint8: mass_vector_u8
    case .int16: mass_vector_i16
    case .uint16: mass_vector_u16
    case .uint32: mass_vector_u32
    default: nil
    }
  }

  /// The register type elements are converted to when loaded.
  var registerType: mass_vector_type? {
    switch self {
    case .float32, .float16, .bfloat16: mass_vector_f32
    case .float64: mass_vector_f64
    case .int32, .int8, .uint8, .int16, .uint16: mass_vector_i32
    case .int64, .uint32: mass_vector_i64
    case .bool: mass_vector_bool
    default: nil
    }
  }
}

extension ElementType {
  /// True for integers narrower than the register they are computed in.
  fileprivate var isNarrowInteger: Bool {
    switch self {
    case .int8, .uint8, .int16, .uint16, .uint32: true
    default: false
    }
  }
}

extension BinaryFunction {
  var opcode: mass_elementwise_op {
    switch self {
    case .add: mass_op_add
    case .sub: mass_op_sub
    case .mul: mass_op_mul
    case .div: mass_op_div
    case .pow: mass_op_pow
    case .mod: mass_op_mod
    case .fmod: mass_op_fmod
    case .min: mass_op_min
    case .max: mass_op_max
    case .prelu: mass_op_prelu
    case .and: mass_op_and
    case .or: mass_op_or
    case .xor: mass_op_xor
    case .equal: mass_op_equal
    case .less: mass_op_less
    case .lessOrEqual: mass_op_less_or_equal
    case .greater: mass_op_greater
    case .greaterOrEqual: mass_op_greater_or_equal
    case .bitAnd: mass_op_bit_and
    case .bitOr: mass_op_bit_or
    case .bitXor: mass_op_bit_xor
    case .shiftLeft: mass_op_shift_left
    case .shiftRight: mass_op_shift_right
    }
  }
}

extension UnaryFunction {
  var opcode: (op: mass_elementwise_op, p0: Double, p1: Double)? {
    switch self {
    case .leakyRelu(let alpha): (mass_op_leaky_relu, Double(alpha), 0)
    case .elu(let alpha): (mass_op_elu, Double(alpha), 0)
    case .celu(let alpha): (mass_op_celu, Double(alpha), 0)
    case .selu(let alpha, let gamma): (mass_op_selu, Double(alpha), Double(gamma))
    case .hardSigmoid(let alpha, let beta): (mass_op_hard_sigmoid, Double(alpha), Double(beta))
    case .thresholdedRelu(let alpha): (mass_op_thresholded_relu, Double(alpha), 0)
    case .swish(let alpha): (mass_op_swish, Double(alpha), 0)
    case .clip(let low, let high): (mass_op_clip, Double(low), Double(high))
    case .affine(let scale, let shift): (mass_op_affine, Double(scale), Double(shift))
    case .isInf(let negative, let positive): (mass_op_is_inf, negative ? 1 : 0, positive ? 1 : 0)
    case .shrink(let lambda, let bias): (mass_op_shrink, Double(lambda), Double(bias))
    default: plainOpcode.map { ($0, 0, 0) }
    }
  }

  private var plainOpcode: mass_elementwise_op? {
    switch self {
    case .abs: mass_op_abs
    case .neg: mass_op_neg
    case .ceil: mass_op_ceil
    case .floor: mass_op_floor
    case .round: mass_op_round
    case .sign: mass_op_sign
    case .sqrt: mass_op_sqrt
    case .reciprocal: mass_op_reciprocal
    case .exp: mass_op_exp
    case .log: mass_op_log
    case .erf: mass_op_erf
    case .sigmoid: mass_op_sigmoid
    case .relu: mass_op_relu
    case .hardSwish: mass_op_hard_swish
    case .softplus: mass_op_softplus
    case .softsign: mass_op_softsign
    case .mish: mass_op_mish
    case .geluErf: mass_op_gelu_erf
    case .geluTanh: mass_op_gelu_tanh
    case .logicalNot: mass_op_logical_not
    case .isNaN: mass_op_is_nan
    case .bitwiseNot: mass_op_bitwise_not
    default: trigonometricOpcode
    }
  }

  private var trigonometricOpcode: mass_elementwise_op? {
    switch self {
    case .sin: mass_op_sin
    case .cos: mass_op_cos
    case .tan: mass_op_tan
    case .asin: mass_op_asin
    case .acos: mass_op_acos
    case .atan: mass_op_atan
    case .sinh: mass_op_sinh
    case .cosh: mass_op_cosh
    case .tanh: mass_op_tanh
    case .asinh: mass_op_asinh
    case .acosh: mass_op_acosh
    case .atanh: mass_op_atanh
    default: nil
    }
  }
}
