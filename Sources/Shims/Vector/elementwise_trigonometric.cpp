/// f32 trigonometric and hyperbolic functions: vectors in the range where Highway's are exact to a few places,
/// libm elsewhere.
#include "vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise_trigonometric.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>

#include "elementwise_tile-inl.h"
#include "vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

struct TrigonometricFunctions {
  template <int op, class D, class V>
  static HWY_INLINE V Apply(D d, V x, float, float) {
    if (!hn::AllTrue(d, Inside<op>(d, x))) return ByLibrary<op>(d, x);
    if constexpr (op == mass_op_sin) return hn::Sin(d, x);
    if constexpr (op == mass_op_cos) return hn::Cos(d, x);
    if constexpr (op == mass_op_asin) return hn::Asin(d, x);
    if constexpr (op == mass_op_acos) return hn::Acos(d, x);
    if constexpr (op == mass_op_atan) return hn::Atan(d, x);
    if constexpr (op == mass_op_sinh) return hn::Sinh(d, x);
    if constexpr (op == mass_op_cosh) {
      const V half = hn::Set(d, 0.5f), e = Exponential(d, hn::Abs(x));
      return hn::MulAdd(half, e, hn::Div(half, e));
    }
    if constexpr (op == mass_op_asinh) return hn::Asinh(d, x);
    if constexpr (op == mass_op_acosh) return hn::Acosh(d, x);
    if constexpr (op == mass_op_atanh) return hn::Atanh(d, x);
  }

 private:
  template <int op, class D, class V>
  static HWY_INLINE auto Inside(D d, V x) {
    const V size = hn::Abs(x), one = hn::Set(d, 1.0f);
    if constexpr (op == mass_op_sin || op == mass_op_cos) return hn::Lt(size, hn::Set(d, 30000.0f));
    if constexpr (op == mass_op_asin || op == mass_op_acos) return hn::Le(size, one);
    if constexpr (op == mass_op_atan) return hn::Lt(size, hn::Inf(d));
    if constexpr (op == mass_op_sinh || op == mass_op_cosh) return hn::Lt(size, hn::Set(d, 88.0f));
    if constexpr (op == mass_op_asinh) return hn::Lt(size, hn::Set(d, 1e18f));
    if constexpr (op == mass_op_acosh) return hn::And(hn::Gt(x, one), hn::Lt(x, hn::Set(d, 1e18f)));
    if constexpr (op == mass_op_atanh) return hn::Lt(size, one);
  }

  template <int op>
  static float Scalar(float x) {
    if constexpr (op == mass_op_sin) return std::sin(x);
    if constexpr (op == mass_op_cos) return std::cos(x);
    if constexpr (op == mass_op_asin) return std::asin(x);
    if constexpr (op == mass_op_acos) return std::acos(x);
    if constexpr (op == mass_op_atan) return std::atan(x);
    if constexpr (op == mass_op_sinh) return std::sinh(x);
    if constexpr (op == mass_op_cosh) return std::cosh(x);
    if constexpr (op == mass_op_asinh) return std::asinh(x);
    if constexpr (op == mass_op_acosh) return std::acosh(x);
    if constexpr (op == mass_op_atanh) return std::atanh(x);
  }

  template <int op, class D, class V>
  static HWY_NOINLINE V ByLibrary(D d, V x) {
    HWY_ALIGN float values[kMaxFloats];
    hn::Store(x, d, values);
    for (size_t i = 0; i < hn::Lanes(d); ++i) values[i] = Scalar<op>(values[i]);
    return hn::Load(d, values);
  }
};

template <int op>
constexpr TileKernel Trigonometric() {
  return UnaryTile<TrigonometricFunctions, op>;
}

TileKernel FindTrigonometric(int op) {
  switch (op) {
    case mass_op_sin: return Trigonometric<mass_op_sin>();
    case mass_op_cos: return Trigonometric<mass_op_cos>();
    case mass_op_asin: return Trigonometric<mass_op_asin>();
    case mass_op_acos: return Trigonometric<mass_op_acos>();
    case mass_op_atan: return Trigonometric<mass_op_atan>();
    case mass_op_sinh: return Trigonometric<mass_op_sinh>();
    case mass_op_cosh: return Trigonometric<mass_op_cosh>();
    case mass_op_asinh: return Trigonometric<mass_op_asinh>();
    case mass_op_acosh: return Trigonometric<mass_op_acosh>();
    case mass_op_atanh: return Trigonometric<mass_op_atanh>();
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
HWY_EXPORT(FindTrigonometric);
}

TileKernel FindTrigonometricF32(uint16_t op) { return HWY_DYNAMIC_DISPATCH(FindTrigonometric)(op); }

}  // namespace mass
#endif
