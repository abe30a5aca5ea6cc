// Loads and stores of the first lanes of a vector, and reductions of rows. Included once per Highway target.

#if defined(MASS_VECTOR_PART_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MASS_VECTOR_PART_INL_H
#undef MASS_VECTOR_PART_INL_H
#else
#define MASS_VECTOR_PART_INL_H
#endif

#include <hwy/highway.h>

#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Floats>;

constexpr int64_t kLanes = static_cast<int64_t>(hn::MaxLanes(Floats()));

// Where masked accesses are instructions that do not touch what they mask.
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
constexpr bool kMasksAccess = true;
#else
constexpr bool kMasksAccess = false;
#endif

/// Loads `count < kLanes` floats; the other lanes become `rest`.
HWY_INLINE Vector LoadPart(const float *src, int64_t count, float rest) {
  const Floats d;
  if (kMasksAccess) {
    const auto mask = hn::FirstN(d, static_cast<size_t>(count));
    return hn::IfThenElse(mask, hn::MaskedLoad(mask, d, src), hn::Set(d, rest));
  }
  HWY_ALIGN float lanes[kLanes];
  for (int64_t i = 0; i < kLanes; ++i) lanes[i] = i < count ? src[i] : rest;
  return hn::Load(d, lanes);
}

/// Stores the first `count < kLanes` lanes.
HWY_INLINE void StorePart(Vector values, float *dst, int64_t count) {
  const Floats d;
  if (kMasksAccess) {
    hn::BlendedStore(values, hn::FirstN(d, static_cast<size_t>(count)), d, dst);
    return;
  }
  HWY_ALIGN float lanes[kLanes];
  hn::Store(values, d, lanes);
  for (int64_t i = 0; i < count; ++i) dst[i] = lanes[i];
}

/// Loads a vector, or its first `count` lanes.
HWY_INLINE Vector LoadSome(const float *src, int64_t count, float rest) {
  return count >= kLanes ? hn::LoadU(Floats(), src) : LoadPart(src, count, rest);
}

/// Stores a vector, or its first `count` lanes.
HWY_INLINE void StoreSome(Vector values, float *dst, int64_t count) {
  if (count >= kLanes) {
    hn::StoreU(values, Floats(), dst);
  } else {
    StorePart(values, dst, count);
  }
}

/// Folds a row with `fold(sum, x)` in four independent sums; lanes past the end see `rest`.
template <class Fold>
HWY_INLINE Vector FoldRow(const float *row, int64_t count, float rest, Vector start, const Fold &fold) {
  const Floats d;
  Vector sums[4] = {start, start, start, start};
  int64_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
#pragma GCC unroll 4
    for (int64_t v = 0; v < 4; ++v) sums[v] = fold(sums[v], hn::LoadU(d, row + i + v * kLanes));
  }
  for (; i + kLanes <= count; i += kLanes) sums[0] = fold(sums[0], hn::LoadU(d, row + i));
  if (i < count) sums[1] = fold(sums[1], LoadPart(row + i, count - i, rest));
  return fold.Join(fold.Join(sums[0], sums[1]), fold.Join(sums[2], sums[3]));
}

/// Folds to the sum.
struct Sum {
  HWY_INLINE Vector operator()(Vector sum, Vector x) const { return hn::Add(sum, x); }
  HWY_INLINE Vector Join(Vector a, Vector b) const { return hn::Add(a, b); }
};

/// Folds to the sum of squared distances from `center`.
struct SquaredDistance {
  Vector center;
  HWY_INLINE Vector operator()(Vector sum, Vector x) const {
    const Vector distance = hn::Sub(x, center);
    return hn::MulAdd(distance, distance, sum);
  }
  HWY_INLINE Vector Join(Vector a, Vector b) const { return hn::Add(a, b); }
};

/// Folds to the sum of absolute values.
struct AbsoluteSum {
  HWY_INLINE Vector operator()(Vector sum, Vector x) const { return hn::Add(sum, hn::Abs(x)); }
  HWY_INLINE Vector Join(Vector a, Vector b) const { return hn::Add(a, b); }
};

/// Folds to the maximum.
struct Maximum {
  HWY_INLINE Vector operator()(Vector sum, Vector x) const { return hn::Max(sum, x); }
  HWY_INLINE Vector Join(Vector a, Vector b) const { return hn::Max(a, b); }
};

HWY_INLINE float SumOf(Vector values) { return hn::GetLane(hn::SumOfLanes(Floats(), values)); }

/// The sum of a row of any length; long rows are summed by pieces, in double between them.
HWY_INLINE double SumRow(const float *row, int64_t count) {
  constexpr int64_t kPiece = 8192;
  double sum = 0;
  for (int64_t i = 0; i < count; i += kPiece) {
    sum += SumOf(FoldRow(row + i, count - i < kPiece ? count - i : kPiece, 0.0f, hn::Zero(Floats()), Sum()));
  }
  return sum;
}

/// The sum of the squared distances of a row from `center`.
HWY_INLINE double SumSquares(const float *row, int64_t count, float center) {
  constexpr int64_t kPiece = 8192;
  const SquaredDistance fold = {hn::Set(Floats(), center)};
  double sum = 0;
  for (int64_t i = 0; i < count; i += kPiece) {
    sum += SumOf(FoldRow(row + i, count - i < kPiece ? count - i : kPiece, center, hn::Zero(Floats()), fold));
  }
  return sum;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#endif
