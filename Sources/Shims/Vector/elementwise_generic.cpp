/// Functions of two operands as plain loops, vectorized by the compiler: f64, integers, booleans, comparisons.
#include "vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise_generic.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>
#include <limits>
#include <type_traits>

#include "elementwise_program.h"

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

template <class T>
T IntegerPower(T base, T exponent) {
  using U = std::make_unsigned_t<T>;
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent & 1 ? -1 : 1) : 0;
  U result = 1, factor = static_cast<U>(base);
  for (U rest = static_cast<U>(exponent); rest != 0; rest >>= 1) {
    if (rest & 1) result *= factor;
    factor *= factor;
  }
  return static_cast<T>(result);
}

template <int op, class T>
HWY_INLINE T ApplyFloat(T x, T y) {
  if constexpr (op == mass_op_add) return x + y;
  if constexpr (op == mass_op_sub) return x - y;
  if constexpr (op == mass_op_mul) return x * y;
  if constexpr (op == mass_op_div) return x / y;
  if constexpr (op == mass_op_pow) return std::pow(x, y);
  if constexpr (op == mass_op_fmod) return std::fmod(x, y);
  if constexpr (op == mass_op_mod) {
    const T rest = std::fmod(x, y);
    return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
  }
  if constexpr (op == mass_op_min) return x < y || x != x ? x : y;
  if constexpr (op == mass_op_max) return x > y || x != x ? x : y;
  if constexpr (op == mass_op_prelu) return x < 0 ? x * y : x;
}

/// Arithmetic wraps, so it is done unsigned.
template <int op, class T>
HWY_INLINE T ApplyInteger(T x, T y) {
  using U = std::make_unsigned_t<T>;
  const U u = static_cast<U>(x), v = static_cast<U>(y);
  constexpr T width = std::numeric_limits<U>::digits;
  if constexpr (op == mass_op_add) return static_cast<T>(u + v);
  if constexpr (op == mass_op_sub) return static_cast<T>(u - v);
  if constexpr (op == mass_op_mul) return static_cast<T>(u * v);
  if constexpr (op == mass_op_div) return y == 0 ? 0 : y == -1 ? static_cast<T>(0 - u) : x / y;
  if constexpr (op == mass_op_pow) return IntegerPower(x, y);
  if constexpr (op == mass_op_fmod) return y == 0 || y == -1 ? 0 : x % y;
  if constexpr (op == mass_op_mod) {
    const T rest = y == 0 || y == -1 ? 0 : x % y;
    return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
  }
  if constexpr (op == mass_op_min) return x < y ? x : y;
  if constexpr (op == mass_op_max) return x > y ? x : y;
  if constexpr (op == mass_op_prelu) return x < 0 ? static_cast<T>(u * v) : x;
  if constexpr (op == mass_op_bit_and) return x & y;
  if constexpr (op == mass_op_bit_or) return x | y;
  if constexpr (op == mass_op_bit_xor) return x ^ y;
  if constexpr (op == mass_op_shift_left) return y < 0 || y >= width ? 0 : static_cast<T>(u << v);
  if constexpr (op == mass_op_shift_right) return y < 0 || y >= width ? 0 : x >> y;
}

template <int op, class T>
HWY_INLINE uint8_t Compare(T x, T y) {
  if constexpr (op == mass_op_equal) return x == y;
  if constexpr (op == mass_op_less) return x < y;
  if constexpr (op == mass_op_less_or_equal) return x <= y;
  if constexpr (op == mass_op_greater) return x > y;
  if constexpr (op == mass_op_greater_or_equal) return x >= y;
  if constexpr (op == mass_op_and) return x & y;
  if constexpr (op == mass_op_or) return x | y;
  if constexpr (op == mass_op_xor) return x ^ y;
}

template <int op, class T>
HWY_INLINE T Compute(T x, T y) {
  if constexpr (std::is_floating_point_v<T>) {
    return ApplyFloat<op>(x, y);
  } else {
    return ApplyInteger<op>(x, y);
  }
}

template <int op, class T>
void Loop(const TileArguments &tile, size_t count) {
  const T *a = static_cast<const T *>(tile.a), *b = static_cast<const T *>(tile.b);
  if constexpr (op >= mass_op_and && op <= mass_op_greater_or_equal) {
    uint8_t *out = static_cast<uint8_t *>(tile.out);
#pragma clang loop vectorize(assume_safety)
    for (size_t i = 0; i < count; ++i) out[i] = Compare<op>(a[i], b[i]);
  } else if constexpr (op == mass_op_pow || op == mass_op_mod || op == mass_op_fmod || op == mass_op_div) {
    T *out = static_cast<T *>(tile.out);
    for (size_t i = 0; i < count; ++i) out[i] = Compute<op>(a[i], b[i]);
  } else {
    T *out = static_cast<T *>(tile.out);
#pragma clang loop vectorize(assume_safety)
    for (size_t i = 0; i < count; ++i) out[i] = Compute<op>(a[i], b[i]);
  }
}

template <class T>
TileKernel FindComparison(int op) {
  switch (op) {
    case mass_op_equal: return Loop<mass_op_equal, T>;
    case mass_op_less: return Loop<mass_op_less, T>;
    case mass_op_less_or_equal: return Loop<mass_op_less_or_equal, T>;
    case mass_op_greater: return Loop<mass_op_greater, T>;
    case mass_op_greater_or_equal: return Loop<mass_op_greater_or_equal, T>;
    default: return nullptr;
  }
}

template <class T>
TileKernel FindArithmetic(int op) {
  switch (op) {
    case mass_op_add: return Loop<mass_op_add, T>;
    case mass_op_sub: return Loop<mass_op_sub, T>;
    case mass_op_mul: return Loop<mass_op_mul, T>;
    case mass_op_div: return Loop<mass_op_div, T>;
    case mass_op_pow: return Loop<mass_op_pow, T>;
    case mass_op_mod: return Loop<mass_op_mod, T>;
    case mass_op_fmod: return Loop<mass_op_fmod, T>;
    case mass_op_min: return Loop<mass_op_min, T>;
    case mass_op_max: return Loop<mass_op_max, T>;
    case mass_op_prelu: return Loop<mass_op_prelu, T>;
    default: return FindComparison<T>(op);
  }
}

template <class T>
TileKernel FindBits(int op) {
  switch (op) {
    case mass_op_bit_and: return Loop<mass_op_bit_and, T>;
    case mass_op_bit_or: return Loop<mass_op_bit_or, T>;
    case mass_op_bit_xor: return Loop<mass_op_bit_xor, T>;
    case mass_op_shift_left: return Loop<mass_op_shift_left, T>;
    case mass_op_shift_right: return Loop<mass_op_shift_right, T>;
    default: return FindArithmetic<T>(op);
  }
}

TileKernel FindBoolean(int op) {
  switch (op) {
    case mass_op_and: return Loop<mass_op_and, uint8_t>;
    case mass_op_or: return Loop<mass_op_or, uint8_t>;
    case mass_op_xor: return Loop<mass_op_xor, uint8_t>;
    default: return FindComparison<uint8_t>(op);
  }
}

TileKernel FindF32(int op) {
  switch (op) {
    case mass_op_mod: return Loop<mass_op_mod, float>;
    case mass_op_fmod: return Loop<mass_op_fmod, float>;
    default: return FindComparison<float>(op);
  }
}

TileKernel Find(int op, int type) {
  switch (type) {
    case mass_vector_f32: return FindF32(op);
    case mass_vector_f64: return FindArithmetic<double>(op);
    case mass_vector_i32: return FindBits<int32_t>(op);
    case mass_vector_i64: return FindBits<int64_t>(op);
    case mass_vector_bool: return FindBoolean(op);
    default: return nullptr;
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mass {
namespace {
HWY_EXPORT(Find);
}

TileKernel FindBinaryGeneric(uint16_t op, uint8_t type) { return HWY_DYNAMIC_DISPATCH(Find)(op, type); }

}  // namespace mass
#endif
