// The tiles of attention: packing, the register-blocked product and the softmax of score rows. Once per target.

#if defined(MASS_VECTOR_ATTENTION_TILE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MASS_VECTOR_ATTENTION_TILE_INL_H
#undef MASS_VECTOR_ATTENTION_TILE_INL_H
#else
#define MASS_VECTOR_ATTENTION_TILE_INL_H
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <algorithm>
#include <limits>

#include "exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

using Floats = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Floats>;

constexpr int64_t kLanes = static_cast<int64_t>(hn::MaxLanes(Floats()));
/// Columns of a packed panel: two vectors.
constexpr int64_t kPanel = 2 * kLanes;
/// Row stride of the query and score tiles; the extra line spreads the rows over the sets of the cache.
constexpr int64_t kTileStride = 256 + 16;
/// Rows of a tile, such that the accumulators of a panel fit in the registers.
#if (HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3) || HWY_ARCH_ARM_A64
constexpr int64_t kTileRows = 12;
#else
constexpr int64_t kTileRows = 6;
#endif
constexpr float kNegativeInfinity = -std::numeric_limits<float>::infinity();

HWY_INLINE int64_t RoundUp(int64_t count, int64_t multiple) { return (count + multiple - 1) / multiple * multiple; }

/// Writes (or adds) the product of `Rows` rows of `a` and a panel of `Vectors` vectors to `c`.
template <int Rows, int Vectors>
HWY_NOINLINE void MultiplyPanel(const float *HWY_RESTRICT a, const float *HWY_RESTRICT b, int64_t depth, bool add,
                                float *HWY_RESTRICT c, int64_t c_stride) {
  const Floats d;
  Vector sums[Rows][Vectors];
#pragma GCC unroll 12
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) sums[r][v] = hn::Zero(d);
  }
  for (int64_t k = 0; k < depth; ++k, ++a, b += Vectors * kLanes) {
    Vector columns[Vectors];
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) columns[v] = hn::Load(d, b + v * kLanes);
#pragma GCC unroll 12
    for (int r = 0; r < Rows; ++r) {
      const Vector row = hn::Set(d, a[r * kTileStride]);
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) sums[r][v] = hn::MulAdd(row, columns[v], sums[r][v]);
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) {
      float *out = c + r * c_stride + v * kLanes;
      hn::Store(add ? hn::Add(sums[r][v], hn::Load(d, out)) : sums[r][v], d, out);
    }
  }
}

/// Rounds a row count up to one that `MultiplyRows` takes.
HWY_INLINE int64_t PaddedRows(int64_t rows) { return RoundUp(rows, kTileRows / 3); }

/// Multiplies a tile of `rows` rows by all panels of `columns` columns in all.
HWY_INLINE void MultiplyRows(int64_t rows, const float *a, const float *panels, int64_t panel_floats, int64_t columns,
                             int64_t depth, bool add, float *c, int64_t c_stride) {
  constexpr int kFull = kTileRows, kTwoThirds = kTileRows / 3 * 2, kThird = kTileRows / 3;
  for (int64_t begin = 0; begin < columns; begin += kPanel, panels += panel_floats, c += kPanel) {
    const bool wide = columns - begin > kLanes;
    if (rows > kTwoThirds) {
      (wide ? MultiplyPanel<kFull, 2> : MultiplyPanel<kFull, 1>)(a, panels, depth, add, c, c_stride);
    } else if (rows > kThird) {
      (wide ? MultiplyPanel<kTwoThirds, 2> : MultiplyPanel<kTwoThirds, 1>)(a, panels, depth, add, c, c_stride);
    } else {
      (wide ? MultiplyPanel<kThird, 2> : MultiplyPanel<kThird, 1>)(a, panels, depth, add, c, c_stride);
    }
  }
}

/// Loads four floats from each of kLanes / 4 rows that are `stride` apart.
template <class D>
HWY_INLINE hn::Vec<D> LoadRowBlocks(D d, const float *row, int64_t stride) {
  if constexpr (hn::MaxLanes(D()) > 4) {
    const hn::Half<D> half;
    const int64_t half_rows = hn::MaxLanes(D()) / 8;
    return hn::Combine(d, LoadRowBlocks(half, row + half_rows * stride, stride), LoadRowBlocks(half, row, stride));
  } else {
    return hn::LoadU(d, row);
  }
}

/// Transposes kLanes rows of `depth` floats to `depth` vectors, `out_stride` apart.
HWY_INLINE void TransposeRows(const float *src, int64_t stride, int64_t depth, float *out, int64_t out_stride) {
  const Floats d;
  const hn::Repartition<uint64_t, Floats> pairs;
  int64_t k = 0;
  for (; k + 4 <= depth; k += 4) {
    const Vector v0 = LoadRowBlocks(d, src + k, 4 * stride);
    const Vector v1 = LoadRowBlocks(d, src + k + stride, 4 * stride);
    const Vector v2 = LoadRowBlocks(d, src + k + 2 * stride, 4 * stride);
    const Vector v3 = LoadRowBlocks(d, src + k + 3 * stride, 4 * stride);
    const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, v0, v1));
    const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, v2, v3));
    const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, v0, v1));
    const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, v2, v3));
    float *to = out + k * out_stride;
    hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)), d, to);
    hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)), d, to + out_stride);
    hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)), d, to + 2 * out_stride);
    hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23)), d, to + 3 * out_stride);
  }
  for (; k < depth; ++k) {
    for (int64_t lane = 0; lane < kLanes; ++lane) out[k * out_stride + lane] = src[lane * stride + k];
  }
}

/// Packs `count` keys of `depth` floats into transposed panels, [panel][depth][kPanel or kLanes], the rest zero.
HWY_INLINE void PackKeys(const float *keys, int64_t stride, int64_t count, int64_t depth, float *panels) {
  for (int64_t begin = 0; begin < count; begin += kPanel, panels += kPanel * depth) {
    const int64_t width = count - begin > kLanes ? kPanel : kLanes;
    for (int64_t column = 0; column < width; column += kLanes) {
      const float *src = keys + (begin + column) * stride;
      const int64_t rows = std::min(count - begin - column, kLanes);
      if (rows == kLanes) {
        TransposeRows(src, stride, depth, panels + column, width);
        continue;
      }
      for (int64_t k = 0; k < depth; ++k) {
        float *to = panels + k * width + column;
        for (int64_t lane = 0; lane < kLanes; ++lane) to[lane] = lane < rows ? src[lane * stride + k] : 0.0f;
      }
    }
  }
}

/// Copies `width` floats, multiplied by `factor`, and zeroes up to `padded`, a multiple of kLanes.
HWY_INLINE void CopyScaled(const float *src, int64_t width, float factor, float *dst, int64_t padded) {
  const Floats d;
  const Vector factors = hn::Set(d, factor);
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) hn::Store(hn::Mul(hn::LoadU(d, src + i), factors), d, dst + i);
  for (; i < width; ++i) dst[i] = src[i] * factor;
  for (; i < padded; ++i) dst[i] = 0.0f;
}

/// Packs `count` values of `width` floats into panels, [panel][count][kPanel or kLanes], the rest zero.
HWY_INLINE void PackValues(const float *values, int64_t stride, int64_t count, int64_t width, float *panels) {
  for (int64_t begin = 0; begin < width; begin += kPanel, panels += kPanel * count) {
    const int64_t used = std::min(width - begin, kPanel), padded = used > kLanes ? kPanel : kLanes;
    for (int64_t row = 0; row < count; ++row) {
      CopyScaled(values + row * stride + begin, used, 1.0f, panels + row * padded, padded);
    }
  }
}

/// Applies the soft cap to a score row of whole vectors.
HWY_INLINE void CapScores(float cap, float *scores, int64_t count) {
  const Floats d;
  const Vector caps = hn::Set(d, cap), inverse = hn::Set(d, 1.0f / cap);
  for (int64_t i = 0; i < count; i += kLanes) {
    hn::Store(hn::Mul(caps, hn::Tanh(d, hn::Mul(hn::Load(d, scores + i), inverse))), d, scores + i);
  }
}

/// Adds a mask row to a score row.
HWY_INLINE void AddMask(const float *mask, int64_t stride, float *scores, int64_t count) {
  const Floats d;
  int64_t i = 0;
  if (stride == 1) {
    for (; i + kLanes <= count; i += kLanes) {
      hn::Store(hn::Add(hn::Load(d, scores + i), hn::LoadU(d, mask + i)), d, scores + i);
    }
  }
  for (; i < count; ++i) scores[i] += mask[i * stride];
}

/// The maximum of `count` scores, whole vectors.
HWY_INLINE float MaximumOf(const float *scores, int64_t count) {
  const Floats d;
  Vector even = hn::Load(d, scores), odd = even;
  int64_t i = kLanes;
  for (; i + kPanel <= count; i += kPanel) {
    even = hn::Max(even, hn::Load(d, scores + i));
    odd = hn::Max(odd, hn::Load(d, scores + i + kLanes));
  }
  if (i < count) even = hn::Max(even, hn::Load(d, scores + i));
  return hn::GetLane(hn::MaxOfLanes(d, hn::Max(even, odd)));
}

/// Replaces `count` scores, whole vectors, by their exponentials relative to `maximum` and returns the sum of these.
HWY_INLINE float Exponentiate(float maximum, float *scores, int64_t count) {
  const Floats d;
  const Vector maxima = hn::Set(d, maximum);
  Vector even = hn::Zero(d), odd = even;
  int64_t i = 0;
  for (; i + kPanel <= count; i += kPanel) {
    const Vector first = ExpOfNegative(d, hn::Sub(hn::Load(d, scores + i), maxima));
    const Vector second = ExpOfNegative(d, hn::Sub(hn::Load(d, scores + i + kLanes), maxima));
    hn::Store(first, d, scores + i);
    hn::Store(second, d, scores + i + kLanes);
    even = hn::Add(even, first);
    odd = hn::Add(odd, second);
  }
  if (i < count) {
    const Vector last = ExpOfNegative(d, hn::Sub(hn::Load(d, scores + i), maxima));
    hn::Store(last, d, scores + i);
    even = hn::Add(even, last);
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
}

/// `dst = dst · old + src · fresh` when `old` is not 0, else `src · fresh`.
HWY_INLINE void MergeRow(const float *src, float fresh, float old, float *dst, int64_t width) {
  const Floats d;
  const Vector news = hn::Set(d, fresh), olds = hn::Set(d, old);
  int64_t i = 0;
  if (old == 0.0f) {
    for (; i + kLanes <= width; i += kLanes) hn::StoreU(hn::Mul(hn::Load(d, src + i), news), d, dst + i);
    for (; i < width; ++i) dst[i] = src[i] * fresh;
    return;
  }
  for (; i + kLanes <= width; i += kLanes) {
    hn::StoreU(hn::MulAdd(hn::LoadU(d, dst + i), olds, hn::Mul(hn::Load(d, src + i), news)), d, dst + i);
  }
  for (; i < width; ++i) dst[i] = dst[i] * old + src[i] * fresh;
}

/// The scores of one row against `count` keys, read where they are.
HWY_INLINE void ScoreKeys(const float *query, float scale, const float *keys, int64_t stride, int64_t count,
                          int64_t depth, float *scores) {
  const Floats d;
  for (int64_t key = 0; key < count; ++key, keys += stride) {
    Vector even = hn::Zero(d), odd = even;
    int64_t k = 0;
    for (; k + kPanel <= depth; k += kPanel) {
      even = hn::MulAdd(hn::LoadU(d, query + k), hn::LoadU(d, keys + k), even);
      odd = hn::MulAdd(hn::LoadU(d, query + k + kLanes), hn::LoadU(d, keys + k + kLanes), odd);
    }
    float rest = 0;
    for (; k < depth; ++k) rest += query[k] * keys[k];
    scores[key] = (hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd))) + rest) * scale;
  }
}

/// Adds `count` values, weighted, to `sums`.
HWY_INLINE void AddValues(const float *weights, const float *values, int64_t stride, int64_t count, int64_t width,
                          float *sums) {
  const Floats d;
  for (int64_t key = 0; key < count; ++key, values += stride) {
    const Vector weight = hn::Set(d, weights[key]);
    int64_t i = 0;
    for (; i + kLanes <= width; i += kLanes) {
      hn::Store(hn::MulAdd(weight, hn::LoadU(d, values + i), hn::Load(d, sums + i)), d, sums + i);
    }
    for (; i < width; ++i) sums[i] += weights[key] * values[i];
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#endif
