#include <algorithm>

#include "mass_vector_resize.h"
#include "vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "../resize_weighted.cpp"
#include <hwy/foreach_target.h>

#include "mass_vector_parallel.h"
#include "part-inl.h"

#ifndef MASS_VECTOR_RESIZE_ONCE
#define MASS_VECTOR_RESIZE_ONCE
namespace mass {

/// Resampling of the middle axis of [outer, axis, inner].
struct ResizePass {
  int64_t outer, inner;
  const mass_resize_axis *axis;
  float extrapolation;
  const float *src;
  float *dst;
};

}  // namespace mass
#endif

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

constexpr int64_t kGrain = 8192;

/// `dst = Σ weight · src[index · inner]`, over `inner` columns.
void MixRows(const float *src, int64_t inner, const int32_t *indices, const float *weights, int64_t taps, float *dst) {
  const Floats d;
  for (int64_t i = 0; i < inner; i += kLanes) {
    const int64_t left = inner - i;
    Vector sum = hn::Mul(hn::Set(d, weights[0]), LoadSome(src + indices[0] * inner + i, left, 0.0f));
    for (int64_t t = 1; t < taps; ++t) {
      sum = hn::MulAdd(hn::Set(d, weights[t]), LoadSome(src + indices[t] * inner + i, left, 0.0f), sum);
    }
    StoreSome(sum, dst + i, left);
  }
}

/// Result rows of `inner` contiguous floats.
void RunRows(void *context, int64_t begin, int64_t end, int) {
  const ResizePass &pass = *static_cast<const ResizePass *>(context);
  const mass_resize_axis &axis = *pass.axis;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t outer = row / axis.out_size, at = row % axis.out_size * axis.taps;
    float *dst = pass.dst + row * pass.inner;
    if (axis.indices[at] < 0) {
      std::fill_n(dst, pass.inner, pass.extrapolation);
    } else {
      const float *src = pass.src + outer * axis.size * pass.inner;
      MixRows(src, pass.inner, axis.indices + at, axis.weights + at, axis.taps, dst);
    }
  }
}

/// Results `begin ..< end` of a contiguous axis, one by one.
void MixElements(const ResizePass &pass, const float *src, int64_t begin, int64_t end, float *dst) {
  const mass_resize_axis &axis = *pass.axis;
  for (int64_t i = begin; i < end; ++i) {
    const int32_t *indices = axis.indices + i * axis.taps;
    const float *weights = axis.weights + i * axis.taps;
    float sum = 0.0f;
    for (int64_t t = 0; t < axis.taps && indices[0] >= 0; ++t) sum += weights[t] * src[indices[t]];
    dst[i] = indices[0] < 0 ? pass.extrapolation : sum;
  }
}

/// One tap of a vector of results.
template <class Indexes>
HWY_INLINE Vector Tap(const float *src, Indexes indices, Vector weights, Vector sum) {
  const Floats d;
  const hn::RebindToSigned<Floats> di;
  return hn::MulAdd(hn::GatherIndex(d, src, hn::Max(indices, hn::Zero(di))), weights, sum);
}

/// As MixElements for two and four taps, by vectors; returns how many results were written.
int64_t MixVectors(const ResizePass &pass, const float *src, float *dst) {
  const Floats d;
  const hn::RebindToSigned<Floats> di;
  const mass_resize_axis &axis = *pass.axis;
  const Vector outside = hn::Set(d, pass.extrapolation);
  int64_t i = 0;
  for (; i + kLanes <= axis.out_size; i += kLanes) {
    const int32_t *indices = axis.indices + i * axis.taps;
    const float *weights = axis.weights + i * axis.taps;
    Vector w0, w1, w2, w3, sum = hn::Zero(d);
    hn::Vec<decltype(di)> i0, i1, i2, i3;
    if (axis.taps == 2) {
      hn::LoadInterleaved2(di, indices, i0, i1);
      hn::LoadInterleaved2(d, weights, w0, w1);
    } else {
      hn::LoadInterleaved4(di, indices, i0, i1, i2, i3);
      hn::LoadInterleaved4(d, weights, w0, w1, w2, w3);
      sum = Tap(src, i2, w2, Tap(src, i3, w3, sum));
    }
    sum = Tap(src, i0, w0, Tap(src, i1, w1, sum));
    hn::StoreU(hn::IfThenElse(hn::RebindMask(d, hn::Lt(i0, hn::Zero(di))), outside, sum), d, dst + i);
  }
  return i;
}

void RunContiguous(void *context, int64_t begin, int64_t end, int) {
  const ResizePass &pass = *static_cast<const ResizePass *>(context);
  const mass_resize_axis &axis = *pass.axis;
  const bool vectors = axis.taps == 2 || axis.taps == 4;
  for (int64_t row = begin; row < end; ++row) {
    const float *src = pass.src + row * axis.size;
    float *dst = pass.dst + row * axis.out_size;
    MixElements(pass, src, vectors ? MixVectors(pass, src, dst) : 0, axis.out_size, dst);
  }
}

void Resample(int threads, ResizePass &pass) {
  if (pass.inner == 1) {
    mass_parallel_for(threads, pass.outer, kGrain / pass.axis->out_size + 1, RunContiguous, &pass);
  } else {
    mass_parallel_for(threads, pass.outer * pass.axis->out_size, kGrain / pass.inner + 1, RunRows, &pass);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mass {
namespace {
HWY_EXPORT(Resample);

/// The order of the passes and the sizes of what they leave.
struct ResizePlan {
  int32_t passes = 0;
  int32_t order[MASS_RESIZE_MAX_RANK];
  /// Floats of the largest result of a pass but the last.
  int64_t largest = 0;
  bool empty = false;

  bool Prepare(int32_t rank, const mass_resize_axis *axes);
};

bool SizesFit(int32_t rank, const mass_resize_axis *axes, bool *empty) {
  int64_t bytes = sizeof(float);
  if (rank < 1 || rank > MASS_RESIZE_MAX_RANK) return false;
  for (int32_t axis = 0; axis < rank; ++axis) {
    const mass_resize_axis &a = axes[axis];
    if (a.size < 0 || a.out_size < 0 || a.taps < 0 || (a.taps == 0 && a.size != a.out_size)) return false;
    if (a.out_size == 0) *empty = true;
    if (__builtin_mul_overflow(bytes, std::max<int64_t>({a.size, a.out_size, 1}), &bytes)) return false;
  }
  return true;
}

bool ResizePlan::Prepare(int32_t rank, const mass_resize_axis *axes) {
  if (!SizesFit(rank, axes, &empty)) return false;
  int64_t count = 1;
  for (int32_t axis = 0; axis < rank; ++axis) {
    count *= axes[axis].size;
    if (axes[axis].taps > 0) order[passes++] = axis;
  }
  // The axis that shrinks most first, so that the passes after it have least to do.
  std::sort(order, order + passes, [&](int32_t a, int32_t b) {
    const double first = static_cast<double>(axes[a].out_size) * axes[b].size;
    const double second = static_cast<double>(axes[b].out_size) * axes[a].size;
    return first != second ? first < second : a < b;
  });
  for (int32_t pass = 0; pass + 1 < passes && count > 0; ++pass) {
    count = count / axes[order[pass]].size * axes[order[pass]].out_size;
    largest = std::max(largest, count);
  }
  largest = (largest + 15) / 16 * 16;
  return true;
}

/// The pass over `axis`, when those with `done` bits have their result sizes.
ResizePass PassOver(int32_t rank, const mass_resize_axis *axes, int32_t axis, uint32_t done) {
  ResizePass pass = {1, 1, axes + axis, 0.0f, nullptr, nullptr};
  for (int32_t i = 0; i < rank; ++i) {
    const int64_t size = done >> i & 1 ? axes[i].out_size : axes[i].size;
    if (i < axis) pass.outer *= size;
    if (i > axis) pass.inner *= size;
  }
  return pass;
}

void Run(int threads, ResizePass &pass) { HWY_DYNAMIC_DISPATCH(Resample)(threads, pass); }

}  // namespace
}  // namespace mass

extern "C" {

int64_t mass_resize_scratch_bytes(int32_t rank, const mass_resize_axis *axes) {
  mass::ResizePlan plan;
  if (!plan.Prepare(rank, axes)) return -1;
  return plan.largest * static_cast<int64_t>(sizeof(float)) * std::clamp(plan.passes - 1, 0, 2);
}

int32_t mass_resize_weighted_f32(int32_t threads, int32_t rank, const mass_resize_axis *axes, float extrapolation,
                                 const float *src, float *dst, void *scratch) {
  mass::ResizePlan plan;
  if (!plan.Prepare(rank, axes)) return MASS_RESIZE_BAD_ARGUMENT;
  if (plan.empty) return MASS_RESIZE_OK;
  if (plan.passes == 0) {
    const mass_resize_axis *end = axes + rank;
    int64_t count = 1;
    for (const mass_resize_axis *axis = axes; axis != end; ++axis) count *= axis->size;
    std::copy_n(src, count, dst);
  }
  uint32_t done = 0;
  for (int32_t index = 0; index < plan.passes; ++index) {
    mass::ResizePass pass = mass::PassOver(rank, axes, plan.order[index], done);
    float *buffer = static_cast<float *>(scratch) + (index % 2) * plan.largest;
    pass.extrapolation = extrapolation;
    pass.src = src;
    pass.dst = index + 1 == plan.passes ? dst : buffer;
    mass::Run(threads, pass);
    src = pass.dst;
    done |= 1u << plan.order[index];
  }
  return MASS_RESIZE_OK;
}

}  // extern "C"
#endif
