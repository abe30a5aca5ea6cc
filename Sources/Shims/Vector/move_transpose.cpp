#include <cstring>

#include "move_copy.h"
#include "vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "../move_transpose.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// An element that need not be aligned.
using Element = Unit<4>;

/// Joins rows `stride` apart, four elements of each, to one vector.
template <class D>
HWY_INLINE hn::Vec<D> LoadRowBlocks(D d, const Element *row, int64_t stride) {
  if constexpr (hn::MaxLanes(D()) > 4) {
    const hn::Half<D> half;
    const int64_t half_rows = hn::MaxLanes(D()) / 8;
    return hn::Combine(d, LoadRowBlocks(half, row + half_rows * stride, stride), LoadRowBlocks(half, row, stride));
  } else {
    return hn::BitCast(d, hn::LoadU(hn::Repartition<uint8_t, D>(), row->bytes));
  }
}

template <class D>
HWY_INLINE void StoreElements(D, hn::Vec<D> values, Element *to) {
  const hn::Repartition<uint8_t, D> bytes;
  hn::StoreU(hn::BitCast(bytes, values), bytes, to->bytes);
}

/// Transposes four columns of as many rows as a vector has lanes.
template <class D>
HWY_INLINE void TransposeFour(D d, const Element *src, int64_t src_stride, Element *dst, int64_t dst_stride) {
  const hn::Repartition<uint64_t, D> pairs;
  const auto v0 = LoadRowBlocks(d, src, 4 * src_stride);
  const auto v1 = LoadRowBlocks(d, src + src_stride, 4 * src_stride);
  const auto v2 = LoadRowBlocks(d, src + 2 * src_stride, 4 * src_stride);
  const auto v3 = LoadRowBlocks(d, src + 3 * src_stride, 4 * src_stride);
  const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, v0, v1));
  const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, v2, v3));
  const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, v0, v1));
  const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, v2, v3));
  StoreElements(d, hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)), dst);
  StoreElements(d, hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)), dst + dst_stride);
  StoreElements(d, hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)), dst + 2 * dst_stride);
  StoreElements(d, hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23)), dst + 3 * dst_stride);
}

/// Transposes as many rows as `d` has lanes.
template <class D>
HWY_INLINE void TransposeStrip(D d, const Element *src, int64_t src_stride, Element *dst, int64_t dst_stride,
                               int64_t columns) {
  int64_t column = 0;
  for (; column + 4 <= columns; column += 4, src += 4, dst += 4 * dst_stride) {
    TransposeFour(d, src, src_stride, dst, dst_stride);
  }
  for (; column < columns; ++column, ++src, dst += dst_stride) {
    for (int64_t r = 0; r < static_cast<int64_t>(hn::MaxLanes(d)); ++r) dst[r] = src[r * src_stride];
  }
}

/// Turns three planes into triples.
HWY_INLINE void InterleaveThree(const Element *src, int64_t src_stride, Element *dst, int64_t columns) {
  const hn::CappedTag<uint32_t, 4> d;
  const hn::Repartition<uint8_t, decltype(d)> bytes;
  int64_t i = 0;
  for (; i + 4 <= columns; i += 4) {
    const Element *from = src + i;
    const auto v0 = hn::BitCast(d, hn::LoadU(bytes, from->bytes));
    const auto v1 = hn::BitCast(d, hn::LoadU(bytes, (from + src_stride)->bytes));
    const auto v2 = hn::BitCast(d, hn::LoadU(bytes, (from + 2 * src_stride)->bytes));
    HWY_ALIGN uint32_t triples[12];
    hn::StoreInterleaved3(v0, v1, v2, d, triples);
    std::memcpy((dst + 3 * i)->bytes, triples, sizeof(triples));
  }
  for (; i < columns; ++i) {
    for (int64_t plane = 0; plane < 3; ++plane) dst[3 * i + plane] = src[plane * src_stride + i];
  }
}

void Transpose(const Element *src, int64_t src_stride, Element *dst, int64_t dst_stride, int64_t rows,
               int64_t columns) {
  const hn::CappedTag<uint32_t, 16> wide;
  const hn::CappedTag<uint32_t, 4> narrow;
  constexpr int64_t lanes = static_cast<int64_t>(hn::MaxLanes(wide));
  if (rows == 3 && dst_stride == 3) return InterleaveThree(src, src_stride, dst, columns);
  int64_t row = 0;
  for (; row + lanes <= rows; row += lanes) {
    TransposeStrip(wide, src + row * src_stride, src_stride, dst + row, dst_stride, columns);
  }
  for (; row + 4 <= rows; row += 4) {
    TransposeStrip(narrow, src + row * src_stride, src_stride, dst + row, dst_stride, columns);
  }
  for (; row < rows; ++row) {
    const Element *from = src + row * src_stride;
    for (int64_t column = 0; column < columns; ++column) dst[column * dst_stride + row] = from[column];
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mass {
namespace {
HWY_EXPORT(Transpose);

/// The compiler turns the inner loop of a tile that fits the cache into plain moves; four rows at a time share lines.
template <class T>
void TransposeElements(const T *src, int64_t src_stride, T *dst, int64_t dst_stride, int64_t rows, int64_t columns) {
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    const T *from = src + row * src_stride;
    for (int64_t column = 0; column < columns; ++column) {
      T *to = dst + column * dst_stride + row;
      const T a = from[column], b = from[column + src_stride];
      const T c = from[column + 2 * src_stride], d = from[column + 3 * src_stride];
      to[0] = a, to[1] = b, to[2] = c, to[3] = d;
    }
  }
  for (; row < rows; ++row) {
    const T *from = src + row * src_stride;
    for (int64_t column = 0; column < columns; ++column) dst[column * dst_stride + row] = from[column];
  }
}

}  // namespace

void TransposeTile(int32_t element_size, const void *src, int64_t src_stride, void *dst, int64_t dst_stride,
                   int64_t rows, int64_t columns) {
  if (element_size == 4) {
    const Unit<4> *from = static_cast<const Unit<4> *>(src);
    HWY_DYNAMIC_DISPATCH(Transpose)(from, src_stride, static_cast<Unit<4> *>(dst), dst_stride, rows, columns);
    return;
  }
  WithUnit(element_size, [&](auto unit) {
    using T = decltype(unit);
    TransposeElements(static_cast<const T *>(src), src_stride, static_cast<T *>(dst), dst_stride, rows, columns);
  });
}

}  // namespace mass
#endif
