/// f32 functions of one operand: arithmetic and mathematics.
#include "vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise_unary.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "elementwise_tile-inl.h"
#include "vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

struct UnaryFunctions {
  template <int op, class D, class V>
  static HWY_INLINE V Apply(D d, V x, float p0, float p1) {
    const V zero = hn::Zero(d), one = hn::Set(d, 1.0f);
    if constexpr (op == mass_op_abs) return hn::Abs(x);
    if constexpr (op == mass_op_neg) return hn::Neg(x);
    if constexpr (op == mass_op_ceil) return hn::Ceil(x);
    if constexpr (op == mass_op_floor) return hn::Floor(x);
    if constexpr (op == mass_op_round) return hn::Round(x);
    if constexpr (op == mass_op_sign) return hn::IfThenElse(hn::Gt(x, zero), one, NegativeSign(d, x));
    if constexpr (op == mass_op_sqrt) return hn::Sqrt(x);
    if constexpr (op == mass_op_reciprocal) return hn::Div(one, x);
    if constexpr (op == mass_op_exp) return Exponential(d, x);
    if constexpr (op == mass_op_log) return Logarithm(d, x);
    if constexpr (op == mass_op_tanh) return HyperbolicTangent(d, x);
    if constexpr (op == mass_op_erf) return ErrorFunction(d, x);
    if constexpr (op == mass_op_sigmoid) return Sigmoid(d, x);
    if constexpr (op == mass_op_relu) return hn::IfThenZeroElse(hn::Lt(x, zero), x);
    if constexpr (op == mass_op_leaky_relu) {
      return hn::IfThenElse(hn::Lt(x, zero), hn::Mul(x, hn::Set(d, p0)), x);
    }
    if constexpr (op == mass_op_clip) return Clip(x, hn::Set(d, p0), hn::Set(d, p1));
    if constexpr (op == mass_op_affine) return hn::MulAdd(x, hn::Set(d, p0), hn::Set(d, p1));
  }

 private:
  /// -1 below zero, else x: zero or NaN.
  template <class D, class V>
  static HWY_INLINE V NegativeSign(D d, V x) {
    return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Set(d, -1.0f), x);
  }

  template <class V>
  static HWY_INLINE V Clip(V x, V low, V high) {
    const V y = hn::IfThenElse(hn::Lt(x, low), low, x);
    return hn::IfThenElse(hn::Gt(y, high), high, y);
  }
};

template <int op>
constexpr TileKernel Unary() {
  return UnaryTile<UnaryFunctions, op>;
}

TileKernel FindUnary(int op) {
  switch (op) {
    case mass_op_abs: return Unary<mass_op_abs>();
    case mass_op_neg: return Unary<mass_op_neg>();
    case mass_op_ceil: return Unary<mass_op_ceil>();
    case mass_op_floor: return Unary<mass_op_floor>();
    case mass_op_round: return Unary<mass_op_round>();
    case mass_op_sign: return Unary<mass_op_sign>();
    case mass_op_sqrt: return Unary<mass_op_sqrt>();
    case mass_op_reciprocal: return Unary<mass_op_reciprocal>();
    case mass_op_exp: return Unary<mass_op_exp>();
    case mass_op_log: return Unary<mass_op_log>();
    case mass_op_tanh: return Unary<mass_op_tanh>();
    case mass_op_erf: return Unary<mass_op_erf>();
    case mass_op_sigmoid: return Unary<mass_op_sigmoid>();
    case mass_op_relu: return Unary<mass_op_relu>();
    case mass_op_leaky_relu: return Unary<mass_op_leaky_relu>();
    case mass_op_clip: return Unary<mass_op_clip>();
    case mass_op_affine: return Unary<mass_op_affine>();
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
HWY_EXPORT(FindUnary);
}

TileKernel FindUnaryF32(uint16_t op) { return HWY_DYNAMIC_DISPATCH(FindUnary)(op); }

}  // namespace mass
#endif
