/// Loops that apply a function of f32 vectors to the elements of a tile.
#if defined(MASS_ELEMENTWISE_TILE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MASS_ELEMENTWISE_TILE_INL_H
#undef MASS_ELEMENTWISE_TILE_INL_H
#else
#define MASS_ELEMENTWISE_TILE_INL_H
#endif

#include <hwy/highway.h>

#include <string.h>

#include <utility>

#include "elementwise_program.h"

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
constexpr size_t kMaxFloats = hn::MaxLanes(FloatTag());

/// Loads the last, incomplete vector of a tile; the lanes beyond it repeat its first element.
HWY_INLINE hn::Vec<FloatTag> LoadRest(FloatTag d, const float *from, size_t count) {
  HWY_ALIGN float buffer[kMaxFloats];
  hn::Store(hn::Set(d, *from), d, buffer);
  memcpy(buffer, from, count * sizeof(float));
  return hn::Load(d, buffer);
}

HWY_INLINE void StoreRest(FloatTag d, hn::Vec<FloatTag> value, float *to, size_t count) {
  HWY_ALIGN float buffer[kMaxFloats];
  hn::Store(value, d, buffer);
  memcpy(to, buffer, count * sizeof(float));
}

/// `Function::Apply<op>(d, x, p0, p1)` on each element of `a`.
template <class Function, int op>
void UnaryTile(const TileArguments &tile, size_t count) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const float *a = static_cast<const float *>(tile.a);
  float *out = static_cast<float *>(tile.out);
  const float p0 = static_cast<float>(tile.p0), p1 = static_cast<float>(tile.p1);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(Function::template Apply<op>(d, hn::LoadU(d, a + i), p0, p1), d, out + i);
  }
  if (i == count) return;
  const auto rest = Function::template Apply<op>(d, LoadRest(d, a + i, count - i), p0, p1);
  StoreRest(d, rest, out + i, count - i);
}

/// `Function::Apply<op>(d, x, y)` on each pair of elements of `a` and `b`.
template <class Function, int op>
void BinaryTile(const TileArguments &tile, size_t count) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const float *a = static_cast<const float *>(tile.a), *b = static_cast<const float *>(tile.b);
  float *out = static_cast<float *>(tile.out);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(Function::template Apply<op>(d, hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, out + i);
  }
  if (i == count) return;
  const auto x = LoadRest(d, a + i, count - i), y = LoadRest(d, b + i, count - i);
  StoreRest(d, Function::template Apply<op>(d, x, y), out + i, count - i);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#endif
