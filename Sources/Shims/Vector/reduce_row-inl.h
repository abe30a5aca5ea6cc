/// Partial reductions: what is done to each element, how two results combine, and vector loops along dense rows.
#if defined(MASS_REDUCE_ROW_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MASS_REDUCE_ROW_INL_H
#undef MASS_REDUCE_ROW_INL_H
#else
#define MASS_REDUCE_ROW_INL_H
#endif

#include <hwy/highway.h>

#include <cmath>
#include <limits>
#include <type_traits>

#include "vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

enum class Kind { sum, sumSquare, sumAbsolute, sumExponential, product, maximum, minimum };

/// What results are kept in.
template <class T>
using Wide = std::conditional_t<std::is_floating_point_v<T>, double, int64_t>;

template <Kind kind, class T>
constexpr T Identity() {
  using Limits = std::numeric_limits<T>;
  if (kind == Kind::product) return T(1);
  if (kind == Kind::maximum) return Limits::has_infinity ? T(-Limits::infinity()) : Limits::min();
  if (kind == Kind::minimum) return Limits::has_infinity ? Limits::infinity() : Limits::max();
  return T(0);
}

template <Kind kind, class T>
HWY_INLINE T Combine(T a, T b) {
  if constexpr (kind == Kind::maximum) return a > b || a != a ? a : b;
  if constexpr (kind == Kind::minimum) return a < b || a != a ? a : b;
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(kind == Kind::product ? U(a) * U(b) : U(a) + U(b));
  } else {
    return kind == Kind::product ? a * b : a + b;
  }
}

template <Kind kind, class T>
HWY_INLINE T Map(T x, T shift) {
  if constexpr (kind == Kind::sumExponential && std::is_floating_point_v<T>) return std::exp(x - shift);
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    if constexpr (kind == Kind::sumSquare) return static_cast<T>(U(x) * U(x));
    if constexpr (kind == Kind::sumAbsolute) return x < 0 ? static_cast<T>(0 - U(x)) : x;
  } else {
    if constexpr (kind == Kind::sumSquare) return x * x;
    if constexpr (kind == Kind::sumAbsolute) return std::abs(x);
  }
  return x;
}

template <Kind kind, class D, class V>
HWY_INLINE V CombineVectors(D, V a, V b) {
  if constexpr (kind == Kind::maximum) return hn::IfThenElse(hn::Or(hn::Gt(a, b), hn::IsNaN(a)), a, b);
  if constexpr (kind == Kind::minimum) return hn::IfThenElse(hn::Or(hn::Lt(a, b), hn::IsNaN(a)), a, b);
  if constexpr (kind == Kind::product) return hn::Mul(a, b);
  return hn::Add(a, b);
}

/// `a` combined with the mapped `x`.
template <Kind kind, class D, class V>
HWY_INLINE V Accumulate(D d, V a, V x, V shift) {
  if constexpr (kind == Kind::sumSquare) return hn::MulAdd(x, x, a);
  if constexpr (kind == Kind::sumAbsolute) return hn::Add(a, hn::Abs(x));
  if constexpr (kind == Kind::sumExponential) return hn::Add(a, Exponential(d, hn::Sub(x, shift)));
  return CombineVectors<kind>(d, a, x);
}

/// Combines the elements `i ..< end` in four independent chains.
template <Kind kind, class T>
HWY_INLINE T VectorBlock(const T *row, int64_t count, T shift) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const V offset = hn::Set(d, shift), start = hn::Set(d, Identity<kind, T>());
  V a0 = start, a1 = start, a2 = start, a3 = start;
  int64_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    a0 = Accumulate<kind>(d, a0, hn::LoadU(d, row + i), offset);
    a1 = Accumulate<kind>(d, a1, hn::LoadU(d, row + i + lanes), offset);
    a2 = Accumulate<kind>(d, a2, hn::LoadU(d, row + i + 2 * lanes), offset);
    a3 = Accumulate<kind>(d, a3, hn::LoadU(d, row + i + 3 * lanes), offset);
  }
  for (; i + lanes <= count; i += lanes) a0 = Accumulate<kind>(d, a0, hn::LoadU(d, row + i), offset);
  a0 = CombineVectors<kind>(d, CombineVectors<kind>(d, a0, a1), CombineVectors<kind>(d, a2, a3));
  HWY_ALIGN T parts[hn::MaxLanes(d)];
  hn::Store(a0, d, parts);
  T result = parts[0];
  for (int64_t k = 1; k < lanes; ++k) result = Combine<kind>(result, parts[k]);
  for (; i < count; ++i) result = Combine<kind>(result, Map<kind>(row[i], shift));
  return result;
}

/// Combines `result` with `count` elements, `stride` apart.
template <Kind kind, class T>
Wide<T> ReduceRow(const T *row, int64_t stride, int64_t count, T shift, Wide<T> result) {
  using W = Wide<T>;
  if constexpr (std::is_same_v<T, float> || (std::is_same_v<T, double> && kind != Kind::sumExponential)) {
    constexpr int64_t block = 2048;
    for (; stride == 1 && count >= 8; row += std::min(count, block), count -= std::min(count, block)) {
      result = Combine<kind>(result, static_cast<W>(VectorBlock<kind>(row, std::min(count, block), shift)));
    }
  }
  if (stride == 1) {
    for (int64_t i = 0; i < count; ++i) result = Combine<kind>(result, Map<kind, W>(row[i], shift));
  } else {
    for (int64_t i = 0; i < count; ++i) result = Combine<kind>(result, Map<kind, W>(row[i * stride], shift));
  }
  return result;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#endif
