/// f32 functions of two and three operands.
#include "vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise_binary.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>

#include "elementwise_tile-inl.h"
#include "vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

struct BinaryFunctions {
  template <int op, class D, class V>
  static HWY_INLINE V Apply(D d, V x, V y) {
    if constexpr (op == mass_op_add) return hn::Add(x, y);
    if constexpr (op == mass_op_sub) return hn::Sub(x, y);
    if constexpr (op == mass_op_mul) return hn::Mul(x, y);
    if constexpr (op == mass_op_div) return hn::Div(x, y);
    if constexpr (op == mass_op_min) return hn::IfThenElse(hn::Or(hn::Lt(x, y), hn::IsNaN(x)), x, y);
    if constexpr (op == mass_op_max) return hn::IfThenElse(hn::Or(hn::Gt(x, y), hn::IsNaN(x)), x, y);
    if constexpr (op == mass_op_prelu) return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Mul(x, y), x);
    if constexpr (op == mass_op_pow) return Power(d, x, y);
  }

 private:
  /// The exponents of normalizations go straight; the rest is libm's, exact to the last place.
  template <class D, class V>
  static HWY_INLINE V Power(D d, V x, V y) {
    if (hn::AllTrue(d, hn::Eq(y, hn::Set(d, 2.0f)))) return hn::Mul(x, x);
    if (hn::AllTrue(d, hn::Eq(y, hn::Set(d, 3.0f)))) return hn::Mul(hn::Mul(x, x), x);
    if (hn::AllTrue(d, hn::Eq(y, hn::Set(d, -1.0f)))) return hn::Div(hn::Set(d, 1.0f), x);
    if (hn::AllTrue(d, hn::And(hn::Eq(y, hn::Set(d, 0.5f)), hn::Gt(x, hn::Zero(d))))) return hn::Sqrt(x);
    HWY_ALIGN float bases[kMaxFloats], exponents[kMaxFloats];
    hn::Store(x, d, bases);
    hn::Store(y, d, exponents);
    for (size_t i = 0; i < hn::Lanes(d); ++i) bases[i] = std::pow(bases[i], exponents[i]);
    return hn::Load(d, bases);
  }
};

template <int op>
constexpr TileKernel Binary() {
  return BinaryTile<BinaryFunctions, op>;
}

TileKernel FindBinary(int op) {
  switch (op) {
    case mass_op_add: return Binary<mass_op_add>();
    case mass_op_sub: return Binary<mass_op_sub>();
    case mass_op_mul: return Binary<mass_op_mul>();
    case mass_op_div: return Binary<mass_op_div>();
    case mass_op_pow: return Binary<mass_op_pow>();
    case mass_op_min: return Binary<mass_op_min>();
    case mass_op_max: return Binary<mass_op_max>();
    case mass_op_prelu: return Binary<mass_op_prelu>();
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
HWY_EXPORT(FindBinary);
}

TileKernel FindBinaryF32(uint16_t op) { return HWY_DYNAMIC_DISPATCH(FindBinary)(op); }

}  // namespace mass
#endif
