/// Functions of one operand that need no vectors: f64 and rare f32 ones by libm, integers, booleans.
#include <cmath>
#include <type_traits>

#include "elementwise_program.h"

namespace mass {
namespace {

template <class T>
T Sigmoid(T x) {
  return 1 / (1 + std::exp(-x));
}

template <class T>
T Clip(T x, T low, T high) {
  const T y = x < low ? low : x;
  return y > high ? high : y;
}

template <class T>
T Elu(T x, T alpha) {
  return x < 0 ? alpha * std::expm1(x) : x;
}

template <int op, class T>
T ApplyMathematics(T x) {
  if constexpr (op == mass_op_ceil) return std::ceil(x);
  if constexpr (op == mass_op_floor) return std::floor(x);
  if constexpr (op == mass_op_round) return std::nearbyint(x);
  if constexpr (op == mass_op_sqrt) return std::sqrt(x);
  if constexpr (op == mass_op_reciprocal) return 1 / x;
  if constexpr (op == mass_op_exp) return std::exp(x);
  if constexpr (op == mass_op_log) return std::log(x);
  if constexpr (op == mass_op_sin) return std::sin(x);
  if constexpr (op == mass_op_cos) return std::cos(x);
  if constexpr (op == mass_op_tan) return std::tan(x);
  if constexpr (op == mass_op_asin) return std::asin(x);
  if constexpr (op == mass_op_acos) return std::acos(x);
  if constexpr (op == mass_op_atan) return std::atan(x);
  if constexpr (op == mass_op_sinh) return std::sinh(x);
  if constexpr (op == mass_op_cosh) return std::cosh(x);
  if constexpr (op == mass_op_tanh) return std::tanh(x);
  if constexpr (op == mass_op_asinh) return std::asinh(x);
  if constexpr (op == mass_op_acosh) return std::acosh(x);
  if constexpr (op == mass_op_atanh) return std::atanh(x);
  if constexpr (op == mass_op_erf) return std::erf(x);
}

template <int op, class T>
T ApplyActivation(T x, T p0, T p1) {
  if constexpr (op == mass_op_sigmoid) return Sigmoid(x);
  if constexpr (op == mass_op_leaky_relu) return x < 0 ? p0 * x : x;
  if constexpr (op == mass_op_elu) return Elu(x, p0);
  if constexpr (op == mass_op_celu) return x < 0 ? p0 * std::expm1(x / p0) : x;
  if constexpr (op == mass_op_selu) return p1 * Elu(x, p0);
  if constexpr (op == mass_op_hard_sigmoid) return Clip(p0 * x + p1, T(0), T(1));
  if constexpr (op == mass_op_hard_swish) return x * Clip(x / 6 + T(0.5), T(0), T(1));
  if constexpr (op == mass_op_softplus) return (x > 0 ? x : x != x ? x : T(0)) + std::log1p(std::exp(-std::abs(x)));
  if constexpr (op == mass_op_softsign) return std::isinf(x) ? std::copysign(T(1), x) : x / (1 + std::abs(x));
  if constexpr (op == mass_op_mish) {
    const T e = std::exp(x < 20 ? x : T(20)), n = e * (e + 2);
    return e == 0 ? T(0) : x != x ? x : x * (n / (n + 2));
  }
  if constexpr (op == mass_op_thresholded_relu) return x <= p0 ? T(0) : x;
  if constexpr (op == mass_op_swish) {
    const T gate = Sigmoid(p0 * x);
    return gate == 0 ? T(0) : x * gate;
  }
  if constexpr (op == mass_op_gelu_erf) return x < -40 ? T(0) : x / 2 * std::erfc(-x * T(0.70710678118654752440));
  if constexpr (op == mass_op_gelu_tanh) {
    const T gate = Sigmoid(T(1.59576912160573071176) * (x + T(0.044715) * x * x * x));
    return gate == 0 ? T(0) : x * gate;
  }
  if constexpr (op == mass_op_affine) return p0 * x + p1;
  if constexpr (op == mass_op_shrink) return x < -p0 ? x + p1 : x > p0 ? x - p1 : x != x ? x : T(0);
}

/// The functions that integers have too.
template <int op, class T>
T ApplyAny(T x, T p0, T p1) {
  if constexpr (op == mass_op_abs && std::is_integral_v<T>) return x < 0 ? T(0 - std::make_unsigned_t<T>(x)) : x;
  if constexpr (op == mass_op_abs && !std::is_integral_v<T>) return std::abs(x);
  if constexpr (op == mass_op_neg && std::is_integral_v<T>) return T(0 - std::make_unsigned_t<T>(x));
  if constexpr (op == mass_op_neg && !std::is_integral_v<T>) return -x;
  if constexpr (op == mass_op_sign) return x > 0 ? T(1) : x < 0 ? T(-1) : x;
  if constexpr (op == mass_op_relu) return x < 0 ? T(0) : x;
  if constexpr (op == mass_op_clip) return Clip(x, p0, p1);
}

/// A limit of an integer clip: the nearest value that the type has.
template <class T>
T Limit(double p) {
  if constexpr (std::is_floating_point_v<T>) return static_cast<T>(p);
  constexpr double bound = sizeof(T) == 4 ? 0x1p31 : 0x1p63;
  const uint64_t highest = (uint64_t{1} << (sizeof(T) * 8 - 1)) - 1;
  if (p >= bound) return static_cast<T>(highest);
  return p >= -bound ? static_cast<T>(p) : static_cast<T>(-static_cast<int64_t>(highest) - 1);
}

template <int op, class T>
void Loop(const TileArguments &tile, size_t count) {
  const T *a = static_cast<const T *>(tile.a);
  T *out = static_cast<T *>(tile.out);
  if constexpr ((op >= mass_op_ceil && op <= mass_op_round) || (op >= mass_op_sqrt && op <= mass_op_erf)) {
    for (size_t i = 0; i < count; ++i) out[i] = ApplyMathematics<op>(a[i]);
  } else if constexpr (op <= mass_op_sign || op == mass_op_relu || op == mass_op_clip) {
    const T p0 = Limit<T>(tile.p0), p1 = Limit<T>(tile.p1);
    for (size_t i = 0; i < count; ++i) out[i] = ApplyAny<op>(a[i], p0, p1);
  } else {
    const T p0 = static_cast<T>(tile.p0), p1 = static_cast<T>(tile.p1);
    for (size_t i = 0; i < count; ++i) out[i] = ApplyActivation<op>(a[i], p0, p1);
  }
}

template <class T>
void IsNaN(const TileArguments &tile, size_t count) {
  const T *a = static_cast<const T *>(tile.a);
  uint8_t *out = static_cast<uint8_t *>(tile.out);
  for (size_t i = 0; i < count; ++i) out[i] = a[i] != a[i];
}

template <class T>
void IsInfinite(const TileArguments &tile, size_t count) {
  const T *a = static_cast<const T *>(tile.a);
  uint8_t *out = static_cast<uint8_t *>(tile.out);
  const bool negative = tile.p0 != 0, positive = tile.p1 != 0;
  const T infinity = static_cast<T>(HUGE_VAL);
  for (size_t i = 0; i < count; ++i) out[i] = (negative && a[i] == -infinity) || (positive && a[i] == infinity);
}

template <class T>
void BitwiseNot(const TileArguments &tile, size_t count) {
  const T *a = static_cast<const T *>(tile.a);
  T *out = static_cast<T *>(tile.out);
  for (size_t i = 0; i < count; ++i) out[i] = ~a[i];
}

void LogicalNot(const TileArguments &tile, size_t count) {
  const uint8_t *a = static_cast<const uint8_t *>(tile.a);
  uint8_t *out = static_cast<uint8_t *>(tile.out);
  for (size_t i = 0; i < count; ++i) out[i] = a[i] == 0;
}

template <class T, int... ops>
TileKernel FindAmong(int op, std::integer_sequence<int, ops...>) {
  TileKernel found = nullptr;
  ((op == ops ? void(found = Loop<ops, T>) : void()), ...);
  return found;
}

template <class T>
TileKernel FindFloat(int op) {
  if (op == mass_op_is_nan) return IsNaN<T>;
  if (op == mass_op_is_inf) return IsInfinite<T>;
  if (op == mass_op_logical_not || op == mass_op_bitwise_not) return nullptr;
  return FindAmong<T>(op, std::make_integer_sequence<int, mass_op_affine + 1>());
}

template <class T>
TileKernel FindInteger(int op) {
  if (op == mass_op_bitwise_not) return BitwiseNot<T>;
  using Any = std::integer_sequence<int, mass_op_abs, mass_op_neg, mass_op_sign, mass_op_relu, mass_op_clip>;
  return FindAmong<T>(op, Any());
}

}  // namespace

TileKernel FindUnaryScalar(uint16_t op, uint8_t type) {
  switch (type) {
    case mass_vector_f32: return op == mass_op_shrink ? Loop<mass_op_shrink, float> : FindFloat<float>(op);
    case mass_vector_f64: return op == mass_op_shrink ? Loop<mass_op_shrink, double> : FindFloat<double>(op);
    case mass_vector_i32: return FindInteger<int32_t>(op);
    case mass_vector_i64: return FindInteger<int64_t>(op);
    case mass_vector_bool: return op == mass_op_logical_not ? LogicalNot : nullptr;
    default: return nullptr;
  }
}

}  // namespace mass
