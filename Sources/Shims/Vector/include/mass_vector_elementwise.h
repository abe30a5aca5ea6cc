/// Elementwise programs: register code over tensors, run tile by tile so that intermediate results stay in the cache.
///
/// A program has up to 32 registers. Registers `0 ..< input_count` hold the inputs, broadcast to the iteration space;
/// instructions write registers; outputs are registers at the end, stored densely. A register holds f32, f64, i32,
/// i64 or boolean; tensors of other element types are converted as they are loaded and stored:
///
///     f16, bf16 <-> f32      (stores round to nearest even)
///     i8, u8, i16, u16 <-> i32      u32, u64 <-> i64      (stores keep the low bits)
///
/// So u64 values above 2^63 are negative to comparison, division, minimum and maximum.
#ifndef MASS_VECTOR_ELEMENTWISE_H
#define MASS_VECTOR_ELEMENTWISE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Element types. The first five are register types.
typedef enum mass_vector_type {
  mass_vector_f32 = 0,
  mass_vector_f64 = 1,
  mass_vector_i32 = 2,
  mass_vector_i64 = 3,
  mass_vector_bool = 4,  // one byte, 0 or 1
  mass_vector_f16 = 5,
  mass_vector_bf16 = 6,
  mass_vector_i8 = 7,
  mass_vector_u8 = 8,
  mass_vector_i16 = 9,
  mass_vector_u16 = 10,
  mass_vector_u32 = 11,
  mass_vector_u64 = 12,
} mass_vector_type;

typedef enum mass_vector_status {
  mass_vector_ok = 0,
  mass_vector_invalid = 1,      // the description contradicts itself
  mass_vector_unsupported = 2,  // no kernel for this function and type
  mass_vector_out_of_memory = 3,
} mass_vector_status;

/// Functions of an instruction: `d` = destination, operands `a`, `b`, `c`, parameters `p0`, `p1`.
///
/// Operand and result types are equal except where a line says otherwise. Minimum, maximum, relu and clip pass NaN on.
typedef enum mass_elementwise_op {
  mass_op_abs = 0,
  mass_op_neg = 1,
  mass_op_ceil = 2,
  mass_op_floor = 3,
  mass_op_round = 4,  // half to even
  mass_op_sign = 5,
  mass_op_sqrt = 6,
  mass_op_reciprocal = 7,
  mass_op_exp = 8,
  mass_op_log = 9,
  mass_op_sin = 10,
  mass_op_cos = 11,
  mass_op_tan = 12,
  mass_op_asin = 13,
  mass_op_acos = 14,
  mass_op_atan = 15,
  mass_op_sinh = 16,
  mass_op_cosh = 17,
  mass_op_tanh = 18,
  mass_op_asinh = 19,
  mass_op_acosh = 20,
  mass_op_atanh = 21,
  mass_op_erf = 22,
  mass_op_sigmoid = 23,
  mass_op_relu = 24,
  mass_op_leaky_relu = 25,        // a < 0 ? p0 * a : a
  mass_op_elu = 26,               // a < 0 ? p0 * (exp(a) - 1) : a
  mass_op_celu = 27,              // a < 0 ? p0 * (exp(a / p0) - 1) : a
  mass_op_selu = 28,              // p1 * elu(a), p0 = alpha, p1 = gamma
  mass_op_hard_sigmoid = 29,      // clip(p0 * a + p1, 0, 1)
  mass_op_hard_swish = 30,        // a * clip(a / 6 + 0.5, 0, 1)
  mass_op_softplus = 31,          // log(1 + exp(a))
  mass_op_softsign = 32,          // a / (1 + |a|)
  mass_op_mish = 33,              // a * tanh(softplus(a))
  mass_op_thresholded_relu = 34,  // a > p0 ? a : 0
  mass_op_swish = 35,             // a * sigmoid(p0 * a)
  mass_op_gelu_erf = 36,
  mass_op_gelu_tanh = 37,
  mass_op_clip = 38,         // min(max(a, p0), p1)
  mass_op_affine = 39,       // p0 * a + p1
  mass_op_logical_not = 40,  // boolean
  mass_op_is_nan = 41,       // float -> boolean
  mass_op_is_inf = 42,       // float -> boolean; p0 != 0: detect negative, p1 != 0: detect positive
  mass_op_bitwise_not = 43,  // integer
  mass_op_shrink = 44,       // a < -p0 ? a + p1 : a > p0 ? a - p1 : 0

  mass_op_add = 100,
  mass_op_sub = 101,
  mass_op_mul = 102,
  mass_op_div = 103,  // integers: toward zero, by zero gives 0, the lowest by -1 wraps
  mass_op_pow = 104,  // integers: wraps; negative exponents give 0, except of 1 and -1
  mass_op_mod = 105,  // the sign of the divisor; integers by zero give 0
  mass_op_fmod = 106,  // the sign of the dividend; integers by zero give 0
  mass_op_min = 107,
  mass_op_max = 108,
  mass_op_prelu = 109,  // a < 0 ? a * b : a
  mass_op_and = 110,    // boolean
  mass_op_or = 111,     // boolean
  mass_op_xor = 112,    // boolean
  mass_op_equal = 113,  // this and the next four: any type -> boolean
  mass_op_less = 114,
  mass_op_less_or_equal = 115,
  mass_op_greater = 116,
  mass_op_greater_or_equal = 117,
  mass_op_bit_and = 118,  // these five: integers
  mass_op_bit_or = 119,
  mass_op_bit_xor = 120,
  mass_op_shift_left = 121,   // by the width or more gives 0
  mass_op_shift_right = 122,  // logical for values that fit; see `mass_elementwise_instruction`

  mass_op_select = 200,  // a (boolean) ? b : c; `type` is that of b and c
  mass_op_fma = 201,     // a * b + c, floats

  mass_op_cast = 250,      // `type` -> `result`; float to integer truncates, saturates, and turns NaN into 0
  mass_op_constant = 251,  // `p0` if `result` is a float, else `integer`
} mass_elementwise_op;

/// One instruction. Unused operand fields are ignored.
///
/// Shifts to the right extend the sign of the register: unsigned tensors narrower than their register are positive
/// there and shift as unsigned; u64 does not.
typedef struct mass_elementwise_instruction {
  uint16_t op;  // mass_elementwise_op
  uint8_t destination;
  uint8_t a;
  uint8_t b;
  uint8_t c;
  uint8_t type;    // of the operands: a register type
  uint8_t result;  // of the destination: a register type
  double p0;
  double p1;
  int64_t integer;
} mass_elementwise_instruction;

#define MASS_ELEMENTWISE_MAX_RANK 8
#define MASS_ELEMENTWISE_MAX_REGISTERS 32

typedef struct mass_elementwise_input {
  uint8_t type;  // of the elements in memory; the register's type follows from it
  /// Distance between neighbours along each dimension of the iteration space, in elements; 0 where broadcast.
  int64_t strides[MASS_ELEMENTWISE_MAX_RANK];
} mass_elementwise_input;

typedef struct mass_elementwise_output {
  uint8_t type;      // of the elements in memory
  uint8_t register_; // must hold the register type that belongs to `type`
} mass_elementwise_output;

/// What a program computes. Dimensions stand outermost first; the last is the one that lies densely in the outputs.
typedef struct mass_elementwise_description {
  int32_t rank;  // 0 ... 8
  int32_t input_count;
  int32_t output_count;
  int32_t instruction_count;
  int32_t threads;  // the most that `mass_elementwise_run` will be given
  int64_t shape[MASS_ELEMENTWISE_MAX_RANK];
  const mass_elementwise_input *inputs;
  const mass_elementwise_output *outputs;
  const mass_elementwise_instruction *instructions;
} mass_elementwise_description;

typedef struct mass_elementwise mass_elementwise;

/// Checks and prepares a program for the instruction set in force; allocates all it will need.
///
/// The description is not kept. On success `*program` is to be destroyed by the caller; otherwise it is null.
mass_vector_status mass_elementwise_prepare(const mass_elementwise_description *description,
                                            mass_elementwise **program);

/// Runs the program on `operands`: the base addresses of the inputs, then of the outputs. Allocates nothing.
///
/// One run at a time per program. An output may share memory with an input of the same element size that is read
/// at the same addresses; it may not overlap otherwise. An output whose register no instruction writes
/// (a copy of an input) may share memory with that input only.
void mass_elementwise_run(mass_elementwise *program, int threads, void *const *operands);

/// Frees the program; null is allowed.
void mass_elementwise_destroy(mass_elementwise *program);

#ifdef __cplusplus
}
#endif

#endif
