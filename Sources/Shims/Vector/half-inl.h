/// Conversion of f16 and bf16 arrays to f32 and back, rounding to nearest even.
#if defined(MASS_HALF_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MASS_HALF_INL_H
#undef MASS_HALF_INL_H
#else
#define MASS_HALF_INL_H
#endif

#include <hwy/highway.h>

#include <string.h>

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

HWY_INLINE uint32_t BitsOf(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}

HWY_INLINE float FloatOf(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof(x));
  return x;
}

HWY_INLINE float FloatOfF16(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t rest = half & 0x7FFF;
  if (rest >= 0x7C00) return FloatOf(sign | 0x7F800000 | (rest << 13));  // infinity, NaN
  if (rest >= 0x0400) return FloatOf(sign | ((rest << 13) + 0x38000000));
  return FloatOf(sign | BitsOf(static_cast<float>(rest) * 0x1p-24f));  // a multiple of the least f16
}

HWY_INLINE uint16_t F16OfFloat(float x) {
  const uint32_t bits = BitsOf(x);
  const uint16_t sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t rest = bits & 0x7FFFFFFF;
  if (rest > 0x7F800000) return static_cast<uint16_t>(sign | 0x7E00 | (rest >> 13 & 0x3FF));
  if (rest >= 0x477FF000) return sign | 0x7C00;  // rounds to 2^16
  if (rest < 0x38800000) {
    // Adding 1/2 leaves the multiple of the least f16 in the low bits, rounded by the addition.
    return static_cast<uint16_t>(sign | (BitsOf(FloatOf(rest) + 0.5f) - BitsOf(0.5f)));
  }
  return static_cast<uint16_t>(sign | ((rest + 0xFFF + (rest >> 13 & 1) - 0x38000000) >> 13));
}

HWY_INLINE uint16_t BF16OfFloat(float x) {
  const uint32_t bits = BitsOf(x);
  const uint32_t rounded = bits + 0x7FFF + (bits >> 16 & 1);
  const uint32_t quiet = bits | 0x400000;
  return static_cast<uint16_t>(((bits & 0x7FFFFFFF) > 0x7F800000 ? quiet : rounded) >> 16);
}

/// How many leading elements the processor's own f16 conversion handles here.
HWY_INLINE size_t WholeHalfVectors(size_t count) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_ARCH_ARM_A64
  const size_t lanes = hwy::HWY_NAMESPACE::Lanes(hwy::HWY_NAMESPACE::ScalableTag<float>());
  return count / lanes * lanes;
#else
  (void)count;
  return 0;
#endif
}

HWY_MAYBE_UNUSED void LoadF16(const void *from, void *to, size_t count) {
  namespace hn = hwy::HWY_NAMESPACE;
  const uint16_t *a = static_cast<const uint16_t *>(from);
  float *out = static_cast<float *>(to);
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> half;
  const size_t whole = WholeHalfVectors(count);
  for (size_t i = 0; i < whole; i += hn::Lanes(d)) {
    const auto x = hn::LoadU(half, reinterpret_cast<const hwy::float16_t *>(a + i));
    hn::StoreU(hn::PromoteTo(d, x), d, out + i);
  }
  for (size_t i = whole; i < count; ++i) out[i] = FloatOfF16(a[i]);
}

HWY_MAYBE_UNUSED void StoreF16(const void *from, void *to, size_t count) {
  namespace hn = hwy::HWY_NAMESPACE;
  const float *a = static_cast<const float *>(from);
  uint16_t *out = static_cast<uint16_t *>(to);
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> half;
  const size_t whole = WholeHalfVectors(count);
  for (size_t i = 0; i < whole; i += hn::Lanes(d)) {
    const auto x = hn::DemoteTo(half, hn::LoadU(d, a + i));
    hn::StoreU(x, half, reinterpret_cast<hwy::float16_t *>(out + i));
  }
  for (size_t i = whole; i < count; ++i) out[i] = F16OfFloat(a[i]);
}

HWY_MAYBE_UNUSED void LoadBF16(const void *from, void *to, size_t count) {
  const uint16_t *a = static_cast<const uint16_t *>(from);
  float *out = static_cast<float *>(to);
#pragma clang loop vectorize(assume_safety)
  for (size_t i = 0; i < count; ++i) out[i] = FloatOf(static_cast<uint32_t>(a[i]) << 16);
}

HWY_MAYBE_UNUSED void StoreBF16(const void *from, void *to, size_t count) {
  const float *a = static_cast<const float *>(from);
  uint16_t *out = static_cast<uint16_t *>(to);
#pragma clang loop vectorize(assume_safety)
  for (size_t i = 0; i < count; ++i) out[i] = BF16OfFloat(a[i]);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#endif
