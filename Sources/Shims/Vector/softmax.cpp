#include <algorithm>
#include <cmath>
#include <limits>

#include "mass_vector_normalize.h"
#include "vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "../softmax.cpp"
#include <hwy/foreach_target.h>

#include "exp-inl.h"
#include "mass_vector_parallel.h"
#include "part-inl.h"

#ifndef MASS_VECTOR_SOFTMAX_ONCE
#define MASS_VECTOR_SOFTMAX_ONCE
namespace mass {

/// One call; `dims` are the axes before the softmax axis, of which the mask may broadcast any.
struct SoftmaxCall {
  int64_t dims[3], axis, inner;
  bool logarithm;
  float scale;
  const float *src, *mask;
  int64_t mask_strides[4];
  float *dst;
};

}  // namespace mass
#endif

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

constexpr float kNegativeInfinity = -std::numeric_limits<float>::infinity();
/// Rows that go through each phase together, so that their reductions overlap.
constexpr int64_t kGroup = 8;

/// `dst = src · scale + mask`.
void ScaleRow(const SoftmaxCall &call, const float *src, const float *mask, float *dst) {
  const Floats d;
  const Vector scale = hn::Set(d, call.scale);
  const int64_t stride = call.mask_strides[3];
  const float constant = mask && stride == 0 ? *mask : 0.0f;
  if (mask && stride != 0 && stride != 1) {
    for (int64_t i = 0; i < call.axis; ++i) dst[i] = src[i] * call.scale + mask[i * stride];
    return;
  }
  const bool rows = mask && stride == 1;
  for (int64_t i = 0; i < call.axis; i += kLanes) {
    const int64_t left = call.axis - i;
    const Vector added = rows ? LoadSome(mask + i, left, 0.0f) : hn::Set(d, constant);
    StoreSome(hn::MulAdd(LoadSome(src + i, left, 0.0f), scale, added), dst + i, left);
  }
}

/// Writes the exponentials of a row relative to `maximum`, or only adds them up when `dst` is null; returns the sum.
float ExponentiateRow(const float *src, int64_t count, float maximum, float *dst) {
  const Floats d;
  const Vector maxima = hn::Set(d, maximum);
  Vector even = hn::Zero(d), odd = even;
  int64_t i = 0;
  for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
    const Vector first = ExpOfNegative(d, hn::Sub(hn::LoadU(d, src + i), maxima));
    const Vector second = ExpOfNegative(d, hn::Sub(hn::LoadU(d, src + i + kLanes), maxima));
    if (dst) {
      hn::StoreU(first, d, dst + i);
      hn::StoreU(second, d, dst + i + kLanes);
    }
    even = hn::Add(even, first);
    odd = hn::Add(odd, second);
  }
  for (; i < count; i += kLanes) {
    Vector last = ExpOfNegative(d, hn::Sub(LoadSome(src + i, count - i, kNegativeInfinity), maxima));
    if (count - i < kLanes) last = hn::IfThenElseZero(hn::FirstN(d, static_cast<size_t>(count - i)), last);
    if (dst) StoreSome(last, dst + i, count - i);
    even = hn::Add(even, last);
  }
  return SumOf(hn::Add(even, odd));
}

/// `dst = src · factor + offset`.
void AffineRow(const float *src, int64_t count, float factor, float offset, float *dst) {
  const Floats d;
  const Vector factors = hn::Set(d, factor), offsets = hn::Set(d, offset);
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    hn::StoreU(hn::MulAdd(hn::LoadU(d, src + i), factors, offsets), d, dst + i);
  }
  if (i < count) StorePart(hn::MulAdd(LoadPart(src + i, count - i, 0.0f), factors, offsets), dst + i, count - i);
}

/// Subtracts twice: the sum of the two could lose the second.
void ShiftRow(const float *src, int64_t count, float first, float second, float *dst) {
  const Floats d;
  const Vector firsts = hn::Set(d, first), seconds = hn::Set(d, second);
  for (int64_t i = 0; i < count; i += kLanes) {
    const Vector x = LoadSome(src + i, count - i, 0.0f);
    StoreSome(hn::Sub(hn::Sub(x, firsts), seconds), dst + i, count - i);
  }
}

const float *MaskOf(const SoftmaxCall &call, int64_t row) {
  if (!call.mask) return nullptr;
  const int64_t query = row % call.dims[2], head = row / call.dims[2] % call.dims[1];
  const int64_t batch = row / call.dims[2] / call.dims[1];
  return call.mask + batch * call.mask_strides[0] + head * call.mask_strides[1] + query * call.mask_strides[2];
}

void RunRowGroup(const SoftmaxCall &call, int64_t begin, int64_t count) {
  const int64_t axis = call.axis;
  const float *src = call.src + begin * axis;
  float *dst = call.dst + begin * axis;
  float maxima[kGroup], sums[kGroup];
  if (call.mask || call.scale != 1.0f) {
    for (int64_t r = 0; r < count; ++r) ScaleRow(call, src + r * axis, MaskOf(call, begin + r), dst + r * axis);
    src = dst;
  }
  for (int64_t r = 0; r < count; ++r) {
    const Vector lowest = hn::Set(Floats(), kNegativeInfinity);
    const Vector maximum = FoldRow(src + r * axis, axis, kNegativeInfinity, lowest, Maximum());
    maxima[r] = hn::GetLane(hn::MaxOfLanes(Floats(), maximum));
  }
  for (int64_t r = 0; r < count; ++r) {
    sums[r] = ExponentiateRow(src + r * axis, axis, maxima[r], call.logarithm ? nullptr : dst + r * axis);
  }
  for (int64_t r = 0; r < count; ++r) {
    if (call.logarithm) {
      ShiftRow(src + r * axis, axis, maxima[r], std::log(sums[r]), dst + r * axis);
    } else {
      AffineRow(dst + r * axis, axis, 1.0f / sums[r], 0.0f, dst + r * axis);
    }
  }
}

void RunRows(void *context, int64_t begin, int64_t end, int) {
  const SoftmaxCall &call = *static_cast<const SoftmaxCall *>(context);
  for (int64_t row = begin; row < end; row += kGroup) RunRowGroup(call, row, std::min(end - row, kGroup));
}

/// Columns that go down the axis together: whole cache lines, enough of them for the prefetcher.
constexpr int64_t kColumns = 4 * kLanes;

/// The logarithm of each lane.
Vector LogarithmOf(Vector x) {
  HWY_ALIGN float lanes[kLanes];
  hn::Store(x, Floats(), lanes);
  for (float &lane : lanes) lane = std::log(lane);
  return hn::Load(Floats(), lanes);
}

/// Softmax down at most kColumns columns, `inner` floats from step to step.
void RunColumns(const SoftmaxCall &call, const float *src, float *dst, int64_t width) {
  const Floats d;
  Vector maximum[4], sum[4];
  for (Vector &x : maximum) x = hn::Set(d, kNegativeInfinity);
  for (Vector &x : sum) x = hn::Zero(d);
  const int64_t end = call.axis * call.inner;
  for (int64_t a = 0; a < end; a += call.inner) {
    for (int64_t v = 0, at = 0; at < width; ++v, at += kLanes) {
      maximum[v] = hn::Max(maximum[v], LoadSome(src + a + at, width - at, 0.0f));
    }
  }
  for (int64_t a = 0; a < end; a += call.inner) {
    for (int64_t v = 0, at = 0; at < width; ++v, at += kLanes) {
      const Vector x = ExpOfNegative(d, hn::Sub(LoadSome(src + a + at, width - at, 0.0f), maximum[v]));
      if (!call.logarithm) StoreSome(x, dst + a + at, width - at);
      sum[v] = hn::Add(sum[v], x);
    }
  }
  for (Vector &x : sum) x = call.logarithm ? LogarithmOf(x) : hn::Div(hn::Set(d, 1.0f), x);
  for (int64_t a = 0; a < end; a += call.inner) {
    for (int64_t v = 0, at = 0; at < width; ++v, at += kLanes) {
      const Vector x = LoadSome((call.logarithm ? src : dst) + a + at, width - at, 0.0f);
      const Vector y = call.logarithm ? hn::Sub(hn::Sub(x, maximum[v]), sum[v]) : hn::Mul(x, sum[v]);
      StoreSome(y, dst + a + at, width - at);
    }
  }
}

void RunColumnBlocks(void *context, int64_t begin, int64_t end, int) {
  const SoftmaxCall &call = *static_cast<const SoftmaxCall *>(context);
  const int64_t blocks = (call.inner + kColumns - 1) / kColumns;
  for (int64_t index = begin; index < end; ++index) {
    const int64_t column = index % blocks * kColumns, at = index / blocks * call.axis * call.inner + column;
    RunColumns(call, call.src + at, call.dst + at, std::min(call.inner - column, kColumns));
  }
}

void Run(int threads, SoftmaxCall &call) {
  const int64_t rows = call.dims[0] * call.dims[1] * call.dims[2];
  if (call.axis == 0 || call.inner == 0) return;
  constexpr int64_t kGrain = 8192;
  if (call.inner == 1) {
    mass_parallel_for(threads, rows, kGrain / call.axis + 1, RunRows, &call);
  } else {
    const int64_t blocks = (call.inner + kColumns - 1) / kColumns;
    const int64_t work = call.axis * std::min(call.inner, kColumns);
    mass_parallel_for(threads, rows * blocks, kGrain / work + 1, RunColumnBlocks, &call);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mass {
namespace {
HWY_EXPORT(Run);

void Softmax(int threads, SoftmaxCall call) { HWY_DYNAMIC_DISPATCH(Run)(threads, call); }

}  // namespace
}  // namespace mass

extern "C" {

void mass_softmax_f32(int32_t threads, int64_t outer, int64_t axis, int64_t inner, const float *src, float *dst) {
  mass::Softmax(threads, {{1, 1, outer}, axis, inner, false, 1.0f, src, nullptr, {0, 0, 0, 0}, dst});
}

void mass_log_softmax_f32(int32_t threads, int64_t outer, int64_t axis, int64_t inner, const float *src, float *dst) {
  mass::Softmax(threads, {{1, 1, outer}, axis, inner, true, 1.0f, src, nullptr, {0, 0, 0, 0}, dst});
}

void mass_softmax_masked_f32(int32_t threads, const int64_t dims[3], int64_t axis, float scale, const float *src,
                             const float *mask, const int64_t mask_strides[4], float *dst) {
  mass::SoftmaxCall call = {{dims[0], dims[1], dims[2]}, axis, 1, false, scale, src, mask, {0, 0, 0, 0}, dst};
  if (mask) std::copy_n(mask_strides, 4, call.mask_strides);
  mass::Softmax(threads, call);
}

}  // extern "C"
#endif
