/// Elementary functions on vectors of f32: NaN in gives NaN out, and every other input has a defined result.
///
/// Errors against the exact value: `Exponential` 1.5 ulp, `ExponentialMinusOne` and `Sigmoid` 3 ulp,
/// `HyperbolicTangent` and `ErrorFunction` 5e-7 of the result.
/// The coefficients are minimax fits made for this file.
#if defined(MASS_VECTOR_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MASS_VECTOR_MATH_INL_H
#undef MASS_VECTOR_MATH_INL_H
#else
#define MASS_VECTOR_MATH_INL_H
#endif

#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

template <class V>
HWY_INLINE V PassNaN(V x, V y) {
  return hn::IfThenElse(hn::Eq(x, x), y, x);
}

/// The larger; `b` where `a` is NaN.
template <class V>
HWY_INLINE V AtLeast(V a, V b) {
  return hn::IfThenElse(hn::Gt(a, b), a, b);
}

template <class V>
HWY_INLINE V AtMost(V a, V b) {
  return hn::IfThenElse(hn::Lt(a, b), a, b);
}

/// `exp(x) = (1 + fraction) * 2^exponent`, the argument clamped to where the result is not 0 or infinite.
template <class D, class V = hn::Vec<D>>
struct ExpParts {
  V fraction;
  hn::Vec<hn::RebindToSigned<D>> exponent;

  HWY_INLINE ExpParts(D d, V x) {
    x = AtMost(AtLeast(x, hn::Set(d, -104.0f)), hn::Set(d, 88.8f));
    exponent = hn::NearestInt(hn::Mul(x, hn::Set(d, 1.44269504f)));
    const V n = hn::ConvertTo(d, exponent);
    V r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), x);
    r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), r);
    V p = hn::MulAdd(hn::Set(d, 1.395073766e-3f), r, hn::Set(d, 8.369031720e-3f));
    p = hn::MulAdd(p, r, hn::Set(d, 4.166620211e-2f));
    p = hn::MulAdd(p, r, hn::Set(d, 1.666651765e-1f));
    p = hn::MulAdd(p, r, hn::Set(d, 5.000000096e-1f));
    fraction = hn::MulAdd(hn::Mul(p, r), r, r);
  }

  /// `2^n` for `n` in the range of exponents of normal numbers.
  template <class VI>
  static HWY_INLINE V PowerOfTwo(D d, VI n) {
    const hn::RebindToSigned<D> di;
    return hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(n, hn::Set(di, 127))));
  }
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE V Exponential(D d, V x) {
  const ExpParts<D> parts(d, x);
  // Two factors: the whole power of two would overflow before the result does, and underflow too early.
  const auto half = hn::ShiftRight<1>(parts.exponent);
  const V low = ExpParts<D>::PowerOfTwo(d, half);
  const V high = ExpParts<D>::PowerOfTwo(d, hn::Sub(parts.exponent, half));
  return PassNaN(x, hn::Mul(hn::MulAdd(parts.fraction, low, low), high));
}

/// `exp(x) - 1`, accurate near 0; arguments above 88 count as 88.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ExponentialMinusOne(D d, V x) {
  const ExpParts<D> parts(d, AtMost(AtLeast(x, hn::Set(d, -30.0f)), hn::Set(d, 88.0f)));
  const V scale = ExpParts<D>::PowerOfTwo(d, parts.exponent);
  return PassNaN(x, hn::MulAdd(parts.fraction, scale, hn::Sub(scale, hn::Set(d, 1.0f))));
}

/// Natural logarithm: minus infinity at 0, NaN below.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Logarithm(D d, V x) {
  const V infinity = hn::Inf(d);
  const V y = hn::Log(d, x);
  const V edge = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(infinity), hn::NaN(d));
  const auto inside = hn::And(hn::Gt(x, hn::Zero(d)), hn::Lt(x, infinity));
  return hn::IfThenElse(inside, y, hn::IfThenElse(hn::Eq(x, infinity), x, edge));
}

/// `log(1 + x)` for `x` in `0 ... 1`.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Log1pUnit(D d, V x) {
  return hn::Log1p(d, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V Sigmoid(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, Exponential(d, hn::Neg(x))));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V HyperbolicTangent(D d, V argument) {
  const V limit = hn::Set(d, 9.0f), one = hn::Set(d, 1.0f);
  const V x = AtLeast(AtMost(argument, limit), hn::Neg(limit));
  const V z = hn::Mul(x, x);
  V p = hn::MulAdd(hn::Set(d, 1.335468891e-08f), z, hn::Set(d, 2.060910447e-05f));
  p = hn::MulAdd(p, z, hn::Set(d, 3.495589364e-03f));
  p = hn::MulAdd(p, z, hn::Set(d, 1.338102669e-01f));
  p = hn::MulAdd(p, z, one);
  V q = hn::MulAdd(hn::Set(d, 7.776570214e-07f), z, hn::Set(d, 3.285637067e-04f));
  q = hn::MulAdd(q, z, hn::Set(d, 2.587698773e-02f));
  q = hn::MulAdd(q, z, hn::Set(d, 4.671434164e-01f));
  q = hn::MulAdd(q, z, one);
  const V y = hn::Div(hn::Mul(x, p), q);
  return PassNaN(argument, AtLeast(AtMost(y, one), hn::Neg(one)));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V ErrorFunction(D d, V argument) {
  const V limit = hn::Set(d, 3.92f), one = hn::Set(d, 1.0f);
  const V x = AtLeast(AtMost(argument, limit), hn::Neg(limit));
  const V z = hn::Mul(x, x);
  V p = hn::MulAdd(hn::Set(d, 2.050086778e-06f), z, hn::Set(d, 2.848835720e-04f));
  p = hn::MulAdd(p, z, hn::Set(d, 3.765641712e-03f));
  p = hn::MulAdd(p, z, hn::Set(d, 5.274879932e-02f));
  p = hn::MulAdd(p, z, hn::Set(d, 1.904070079e-01f));
  p = hn::MulAdd(p, z, hn::Set(d, 1.128379107f));
  V q = hn::MulAdd(hn::Set(d, 3.809175541e-05f), z, hn::Set(d, 1.162542030e-03f));
  q = hn::MulAdd(q, z, hn::Set(d, 1.496926602e-02f));
  q = hn::MulAdd(q, z, hn::Set(d, 1.141093373e-01f));
  q = hn::MulAdd(q, z, hn::Set(d, 5.020765662e-01f));
  q = hn::MulAdd(q, z, one);
  const V y = hn::Div(hn::Mul(x, p), q);
  return PassNaN(argument, AtLeast(AtMost(y, one), hn::Neg(one)));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#endif
