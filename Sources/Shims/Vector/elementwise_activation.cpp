/// f32 activation functions beyond the simplest.
#include "vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise_activation.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "elementwise_tile-inl.h"
#include "vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

struct ActivationFunctions {
  template <int op, class D, class V>
  static HWY_INLINE V Apply(D d, V x, float p0, float p1) {
    const V zero = hn::Zero(d), one = hn::Set(d, 1.0f), p = hn::Set(d, p0), q = hn::Set(d, p1);
    if constexpr (op == mass_op_elu) return Elu(d, x, p);
    if constexpr (op == mass_op_celu) {
      return hn::IfThenElse(hn::Lt(x, zero), hn::Mul(p, ExponentialMinusOne(d, hn::Div(x, p))), x);
    }
    if constexpr (op == mass_op_selu) return hn::Mul(q, Elu(d, x, p));
    if constexpr (op == mass_op_hard_sigmoid) return ClipUnit(d, hn::MulAdd(x, p, q));
    if constexpr (op == mass_op_hard_swish) {
      return hn::Mul(x, ClipUnit(d, hn::MulAdd(x, hn::Set(d, 1.0f / 6), hn::Set(d, 0.5f))));
    }
    if constexpr (op == mass_op_softplus) return Softplus(d, x);
    if constexpr (op == mass_op_softsign) return Softsign(d, x);
    if constexpr (op == mass_op_mish) return Mish(d, x);
    if constexpr (op == mass_op_thresholded_relu) return hn::IfThenZeroElse(hn::Le(x, p), x);
    if constexpr (op == mass_op_swish) return GatedBy(d, x, hn::Mul(p, x));
    if constexpr (op == mass_op_gelu_erf) {
      const V half = hn::Mul(x, hn::Set(d, 0.5f));
      const V y = hn::MulAdd(half, ErrorFunction(d, hn::Mul(x, hn::Set(d, 0.707106781f))), half);
      return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -5.5f)), y);
    }
    if constexpr (op == mass_op_gelu_tanh) {
      // x/2 (1 + tanh u) = x sigmoid(2u), which keeps the digits of the negative tail.
      const V inner = hn::MulAdd(hn::Mul(x, x), hn::Set(d, 0.044715f), one);
      return GatedBy(d, x, hn::Mul(hn::Mul(x, hn::Set(d, 1.59576912f)), inner));
    }
    if constexpr (op == mass_op_shrink) {
      const V low = hn::IfThenElseZero(hn::Lt(x, hn::Neg(p)), hn::Add(x, q));
      const V y = hn::IfThenElse(hn::Gt(x, p), hn::Sub(x, q), low);
      return PassNaN(x, y);
    }
  }

 private:
  template <class D, class V>
  static HWY_INLINE V Elu(D d, V x, V alpha) {
    return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Mul(alpha, ExponentialMinusOne(d, x)), x);
  }

  template <class D, class V>
  static HWY_INLINE V ClipUnit(D d, V x) {
    const V one = hn::Set(d, 1.0f);
    const V y = hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);
    return hn::IfThenElse(hn::Gt(y, one), one, y);
  }

  /// `x * sigmoid(gate)`; 0 where the sigmoid vanishes, even of an infinite `x`.
  template <class D, class V>
  static HWY_INLINE V GatedBy(D d, V x, V gate) {
    const V one = hn::Set(d, 1.0f);
    const V y = hn::Div(x, hn::Add(one, Exponential(d, hn::Neg(gate))));
    return PassNaN(x, hn::IfThenZeroElse(hn::Lt(gate, hn::Set(d, -103.0f)), y));
  }

  template <class D, class V>
  static HWY_INLINE V Softplus(D d, V x) {
    const V tail = Log1pUnit(d, Exponential(d, hn::Neg(hn::Abs(x))));
    return PassNaN(x, hn::Add(AtLeast(x, hn::Zero(d)), tail));
  }

  template <class D, class V>
  static HWY_INLINE V Softsign(D d, V x) {
    const V y = hn::Div(x, hn::Add(hn::Set(d, 1.0f), hn::Abs(x)));
    const V limit = hn::CopySign(hn::Set(d, 1.0f), x);
    return hn::IfThenElse(hn::Eq(hn::Abs(x), hn::Inf(d)), limit, y);
  }

  /// tanh(log(1 + e)) = e (e + 2) / (e (e + 2) + 2) for e = exp(x).
  template <class D, class V>
  static HWY_INLINE V Mish(D d, V x) {
    const V two = hn::Set(d, 2.0f);
    const V e = Exponential(d, AtMost(x, hn::Set(d, 20.0f)));
    const V n = hn::Mul(e, hn::Add(e, two));
    const V y = hn::Mul(x, hn::Div(n, hn::Add(n, two)));
    return PassNaN(x, hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -110.0f)), y));
  }
};

template <int op>
constexpr TileKernel Activation() {
  return UnaryTile<ActivationFunctions, op>;
}

TileKernel FindActivation(int op) {
  switch (op) {
    case mass_op_elu: return Activation<mass_op_elu>();
    case mass_op_celu: return Activation<mass_op_celu>();
    case mass_op_selu: return Activation<mass_op_selu>();
    case mass_op_hard_sigmoid: return Activation<mass_op_hard_sigmoid>();
    case mass_op_hard_swish: return Activation<mass_op_hard_swish>();
    case mass_op_softplus: return Activation<mass_op_softplus>();
    case mass_op_softsign: return Activation<mass_op_softsign>();
    case mass_op_mish: return Activation<mass_op_mish>();
    case mass_op_thresholded_relu: return Activation<mass_op_thresholded_relu>();
    case mass_op_swish: return Activation<mass_op_swish>();
    case mass_op_gelu_erf: return Activation<mass_op_gelu_erf>();
    case mass_op_gelu_tanh: return Activation<mass_op_gelu_tanh>();
    case mass_op_shrink: return Activation<mass_op_shrink>();
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
HWY_EXPORT(FindActivation);
}

TileKernel FindActivationF32(uint16_t op) { return HWY_DYNAMIC_DISPATCH(FindActivation)(op); }

}  // namespace mass
#endif
