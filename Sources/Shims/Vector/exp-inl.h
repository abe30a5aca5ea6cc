// The exponential that softmax and attention share. Included once per Highway target.

#if defined(MASS_VECTOR_EXP_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MASS_VECTOR_EXP_INL_H
#undef MASS_VECTOR_EXP_INL_H
#else
#define MASS_VECTOR_EXP_INL_H
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// eˣ for x ≤ 0, within 2 units in the last place where there is fused multiply-add; below -87 it is 0, NaN stays NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ExpOfNegative(D d, V x) {
  const hn::RebindToSigned<D> integers;
  // log2(e) in two parts, so that the product keeps its last bits for large |x|.
  const V high = hn::Set(d, 1.44269502f), low = hn::Set(d, 1.92596299e-8f);
  // Adding 1.5 · 2²³ leaves the nearest integer in the low bits.
  const V magic = hn::Set(d, 12582912.0f);
  const V shifted = hn::MulAdd(x, high, magic);
  const V part = hn::MulAdd(x, low, hn::MulSub(x, high, hn::Sub(shifted, magic)));
  // Minimax polynomial of 2^part on [-1/2, 1/2], relative error 9.2e-8.
  V sum = hn::Set(d, 1.32647272e-3f);
  sum = hn::MulAdd(sum, part, hn::Set(d, 9.67151264e-3f));
  sum = hn::MulAdd(sum, part, hn::Set(d, 5.55073374e-2f));
  sum = hn::MulAdd(sum, part, hn::Set(d, 2.40222421e-1f));
  sum = hn::MulAdd(sum, part, hn::Set(d, 6.93146978e-1f));
  sum = hn::MulAdd(sum, part, hn::Set(d, 1.0f));
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(integers, shifted));
  const V scaled = hn::BitCast(d, hn::Add(hn::BitCast(integers, sum), exponent));
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -87.0f)), scaled);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#endif
