#include <algorithm>
#include <cmath>

#include "mass_vector_normalize.h"
#include "vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "../group_norm.cpp"
#include <hwy/foreach_target.h>

#include "mass_vector_parallel.h"
#include "part-inl.h"

#ifndef MASS_VECTOR_GROUP_NORM_ONCE
#define MASS_VECTOR_GROUP_NORM_ONCE
namespace mass {

struct GroupNormCall {
  int64_t batch, channels, spatial, groups;
  float epsilon;
  const float *src, *scale, *bias;
  float *dst;
  /// Per image and channel, for channels-last.
  float *means, *factors;
  /// Groups that make a task, for channels-last.
  int64_t task_groups;
};

struct AffineCall {
  int64_t batch, channels, spatial;
  const float *src, *factor, *offset;
  float *dst;
};

}  // namespace mass
#endif

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

constexpr int64_t kGrain = 8192;
/// Channels whose sums are kept in registers, of channels-last arrays.
constexpr int64_t kStrip = 4 * kLanes;

/// `dst = (src - mean) · factor + offset` with constants.
void NormalizeChannel(const float *src, int64_t count, float mean, float factor, float offset, float *dst) {
  const Floats d;
  const Vector means = hn::Set(d, mean), factors = hn::Set(d, factor), offsets = hn::Set(d, offset);
  for (int64_t i = 0; i < count; i += kLanes) {
    const Vector x = hn::Sub(LoadSome(src + i, count - i, 0.0f), means);
    StoreSome(hn::MulAdd(x, factors, offsets), dst + i, count - i);
  }
}

/// `dst = (src - means) · factors + offsets` with vectors; null means and offsets are zero.
void NormalizePixel(const float *src, int64_t count, const float *means, const float *factors, const float *offsets,
                    float *dst) {
  const Floats d;
  for (int64_t i = 0; i < count; i += kLanes) {
    const int64_t left = count - i;
    Vector x = LoadSome(src + i, left, 0.0f);
    if (means) x = hn::Sub(x, LoadSome(means + i, left, 0.0f));
    const Vector offset = offsets ? LoadSome(offsets + i, left, 0.0f) : hn::Zero(d);
    StoreSome(hn::MulAdd(x, LoadSome(factors + i, left, 0.0f), offset), dst + i, left);
  }
}

/// Row-major: a group of an image is one contiguous row.
void RunGroups(void *context, int64_t begin, int64_t end, int) {
  const GroupNormCall &call = *static_cast<const GroupNormCall *>(context);
  const int64_t members = call.channels / call.groups, count = members * call.spatial;
  for (int64_t index = begin; index < end; ++index) {
    const float *src = call.src + index * count;
    const float mean = static_cast<float>(SumRow(src, count) / count);
    const double variance = SumSquares(src, count, mean) / count;
    const double factor = 1.0 / std::sqrt(variance + call.epsilon);
    for (int64_t c = 0; c < members; ++c) {
      const int64_t channel = index % call.groups * members + c, at = index * count + c * call.spatial;
      const float scale = call.scale ? call.scale[channel] : 1.0f, bias = call.bias ? call.bias[channel] : 0.0f;
      NormalizeChannel(call.src + at, call.spatial, mean, static_cast<float>(factor * scale), bias, call.dst + at);
    }
  }
}

/// Adds, for a strip of at most kStrip channels, the distances from `centers` (or their squares) of `count` pixels.
void AddStrip(const float *src, int64_t stride, int64_t count, int64_t width, const float *centers, bool squared,
              double *sums) {
  const Floats d;
  Vector center[4], sum[4];
  for (int64_t v = 0; v < 4; ++v) {
    const int64_t left = std::clamp<int64_t>(width - v * kLanes, 0, kLanes);
    center[v] = centers ? LoadSome(centers + v * kLanes, left, 0.0f) : hn::Zero(d);
    sum[v] = hn::Zero(d);
  }
  for (int64_t row = 0; row < count; ++row, src += stride) {
    for (int64_t v = 0; v * kLanes < width; ++v) {
      const Vector x = hn::Sub(LoadSome(src + v * kLanes, width - v * kLanes, 0.0f), center[v]);
      sum[v] = squared ? hn::MulAdd(x, x, sum[v]) : hn::Add(sum[v], x);
    }
  }
  for (int64_t v = 0; v * kLanes < width; ++v) {
    HWY_ALIGN float lanes[kLanes];
    hn::Store(sum[v], d, lanes);
    for (int64_t i = 0; i < std::min(width - v * kLanes, kLanes); ++i) sums[v * kLanes + i] += lanes[i];
  }
}

/// Channels-last: writes the sums over an image of each channel in `begin ..< end`.
void SumChannels(const GroupNormCall &call, const float *image, int64_t begin, int64_t end, const float *centers,
                 bool squared, float *sums) {
  constexpr int64_t kPiece = 256;
  for (int64_t channel = begin; channel < end; channel += kStrip) {
    const int64_t width = std::min(end - channel, kStrip);
    double strip[kStrip] = {};
    for (int64_t row = 0; row < call.spatial; row += kPiece) {
      AddStrip(image + row * call.channels + channel, call.channels, std::min(call.spatial - row, kPiece), width,
               centers ? centers + channel : nullptr, squared, strip);
    }
    for (int64_t i = 0; i < width; ++i) sums[channel + i] = static_cast<float>(strip[i]);
  }
}

/// Replaces the values of each group's channels in `begin ..< end` by their mean per element.
void AverageGroups(const GroupNormCall &call, int64_t begin, int64_t end, float *values) {
  const int64_t members = call.channels / call.groups;
  for (int64_t channel = begin; channel < end; channel += members) {
    double sum = 0;
    for (int64_t c = 0; c < members; ++c) sum += values[channel + c];
    std::fill_n(values + channel, members, static_cast<float>(sum / (static_cast<double>(members) * call.spatial)));
  }
}

/// Groups that make a task of a channels-last array: at least a cache line of channels, a strip if the team allows.
int64_t GroupsPerTask(const GroupNormCall &call, int threads) {
  const int64_t members = call.channels / call.groups;
  const int64_t channels = std::clamp<int64_t>(call.batch * call.channels / threads, 16, kStrip);
  return std::min((channels + members - 1) / members, call.groups);
}

void RunChannelsLast(void *context, int64_t begin, int64_t end, int) {
  const GroupNormCall &call = *static_cast<const GroupNormCall *>(context);
  const int64_t step = call.task_groups, tasks = (call.groups + step - 1) / step;
  const int64_t members = call.channels / call.groups;
  for (int64_t index = begin; index < end; ++index) {
    const int64_t image = index / tasks, first = index % tasks * step * members;
    const int64_t last = std::min(first + step * members, call.channels);
    const float *src = call.src + image * call.spatial * call.channels;
    float *dst = call.dst + image * call.spatial * call.channels;
    float *means = call.means + image * call.channels, *factors = call.factors + image * call.channels;
    SumChannels(call, src, first, last, nullptr, false, means);
    AverageGroups(call, first, last, means);
    SumChannels(call, src, first, last, means, true, factors);
    AverageGroups(call, first, last, factors);
    for (int64_t c = first; c < last; ++c) {
      factors[c] = (call.scale ? call.scale[c] : 1.0f) / std::sqrt(factors[c] + call.epsilon);
    }
    for (int64_t row = 0; row < call.spatial; ++row) {
      const int64_t at = row * call.channels + first;
      NormalizePixel(src + at, last - first, means + first, factors + first, call.bias ? call.bias + first : nullptr,
                     dst + at);
    }
  }
}

void NormalizeGroups(int threads, GroupNormCall &call) {
  mass_parallel_for(threads, call.batch * call.groups, 1, RunGroups, &call);
}

void NormalizeGroupsChannelsLast(int threads, GroupNormCall &call) {
  call.task_groups = GroupsPerTask(call, threads);
  const int64_t tasks = (call.groups + call.task_groups - 1) / call.task_groups;
  mass_parallel_for(threads, call.batch * tasks, 1, RunChannelsLast, &call);
}

void RunAffineChannels(void *context, int64_t begin, int64_t end, int) {
  const AffineCall &call = *static_cast<const AffineCall *>(context);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t channel = row % call.channels, at = row * call.spatial;
    NormalizeChannel(call.src + at, call.spatial, 0.0f, call.factor[channel], call.offset[channel], call.dst + at);
  }
}

void RunAffinePixels(void *context, int64_t begin, int64_t end, int) {
  const AffineCall &call = *static_cast<const AffineCall *>(context);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t at = row * call.channels;
    NormalizePixel(call.src + at, call.channels, nullptr, call.factor, call.offset, call.dst + at);
  }
}

void ApplyAffine(int threads, AffineCall &call) {
  mass_parallel_for(threads, call.batch * call.channels, kGrain / call.spatial + 1, RunAffineChannels, &call);
}

void ApplyAffineChannelsLast(int threads, AffineCall &call) {
  mass_parallel_for(threads, call.batch * call.spatial, kGrain / call.channels + 1, RunAffinePixels, &call);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace mass
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mass {
namespace {
HWY_EXPORT(NormalizeGroups);
HWY_EXPORT(NormalizeGroupsChannelsLast);
HWY_EXPORT(ApplyAffine);
HWY_EXPORT(ApplyAffineChannelsLast);

void GroupNorm(int threads, bool channels_last, GroupNormCall call) {
  if (channels_last) {
    HWY_DYNAMIC_DISPATCH(NormalizeGroupsChannelsLast)(threads, call);
  } else {
    HWY_DYNAMIC_DISPATCH(NormalizeGroups)(threads, call);
  }
}

void Affine(int threads, bool channels_last, AffineCall call) {
  if (channels_last) {
    HWY_DYNAMIC_DISPATCH(ApplyAffineChannelsLast)(threads, call);
  } else {
    HWY_DYNAMIC_DISPATCH(ApplyAffine)(threads, call);
  }
}

}  // namespace
}  // namespace mass

extern "C" {

int64_t mass_group_norm_scratch_bytes(int64_t batch, int64_t channels) {
  return batch * channels * 2 * static_cast<int64_t>(sizeof(float));
}

void mass_group_norm_f32(int32_t threads, int64_t batch, int64_t channels, int64_t spatial, int64_t groups,
                         int32_t channels_last, float epsilon, const float *src, const float *scale, const float *bias,
                         float *dst, void *scratch) {
  if (batch == 0 || channels == 0 || spatial == 0 || groups <= 0) return;
  float *means = static_cast<float *>(scratch), *factors = means + batch * channels;
  mass::GroupNorm(threads, channels_last != 0,
                  {batch, channels, spatial, groups, epsilon, src, scale, bias, dst, means, factors, 0});
}

void mass_batch_norm_fold_f32(int64_t channels, float epsilon, const float *scale, const float *bias, const float *mean,
                              const float *variance, float *factor, float *offset) {
  for (int64_t c = 0; c < channels; ++c) {
    const double exact = scale[c] / std::sqrt(static_cast<double>(variance[c]) + epsilon);
    factor[c] = static_cast<float>(exact);
    offset[c] = static_cast<float>(bias[c] - mean[c] * exact);
  }
}

void mass_channel_affine_f32(int32_t threads, int64_t batch, int64_t channels, int64_t spatial, int32_t channels_last,
                             const float *src, const float *factor, const float *offset, float *dst) {
  if (batch == 0 || channels == 0 || spatial == 0) return;
  mass::Affine(threads, channels_last != 0, {batch, channels, spatial, src, factor, offset, dst});
}

}  // extern "C"
#endif
