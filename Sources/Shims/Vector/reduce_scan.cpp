/// Indices of extremes, and running sums, along one axis.
#include "vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce_scan.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "reduce_program.h"
#include "reduce_row-inl.h"

#ifndef MASS_REDUCE_SCAN_TYPES
#define MASS_REDUCE_SCAN_TYPES
namespace mass {
namespace {

struct Scan {
  const void *source;
  void *destination;
  int64_t length, inner, blocks;
  bool first, second;  // largest, select last; or exclusive, reverse
};

constexpr int64_t kScanShare = 16384;  // elements; fewer are not worth another thread

}  // namespace
}  // namespace mass
#endif

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

/// The index of the row's extreme: found by value first, since that is vectorized.
template <bool largest, class T>
int64_t ExtremeOfRow(const T *row, int64_t length, bool last) {
  constexpr Kind kind = largest ? Kind::maximum : Kind::minimum;
  const T extreme = static_cast<T>(ReduceRow<kind, T>(row, 1, length, T(0), Identity<kind, T>()));
  const bool unordered = extreme != extreme;
  for (int64_t k = 0; k < length; ++k) {
    const int64_t i = last ? length - 1 - k : k;
    if (row[i] == extreme || (unordered && row[i] != row[i])) return i;
  }
  return 0;
}

template <bool largest, class T>
void ExtremesOfColumns(const T *source, int64_t length, int64_t stride, int64_t width, bool last, int64_t *to) {
  T best[kColumnBlock];
  std::copy_n(source, width, best);
  std::fill_n(to, width, int64_t{0});
  for (int64_t k = 1; k < length; ++k) {
    const T *row = source + k * stride;
    for (int64_t i = 0; i < width; ++i) {
      const T x = row[i], y = best[i];
      const bool better = largest ? x > y : x < y;
      const bool taken = better || (x != x && (last || y == y)) || (last && x == y);
      best[i] = taken ? x : y;
      to[i] = taken ? k : to[i];
    }
  }
}

template <bool largest, class T>
void RunExtremes(const Scan &scan, int64_t begin, int64_t end) {
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t outer = unit / scan.blocks, column = unit % scan.blocks * kColumnBlock;
    const int64_t width = std::min(kColumnBlock, scan.inner - column);
    const T *source = static_cast<const T *>(scan.source) + outer * scan.length * scan.inner + column;
    int64_t *to = static_cast<int64_t *>(scan.destination) + outer * scan.inner + column;
    if (scan.inner == 1) {
      *to = ExtremeOfRow<largest>(source, scan.length, scan.second);
    } else {
      ExtremesOfColumns<largest>(source, scan.length, scan.inner, width, scan.second, to);
    }
  }
}

template <class T>
void Extremes(void *context, int64_t begin, int64_t end, int) {
  const Scan &scan = *static_cast<const Scan *>(context);
  scan.first ? RunExtremes<true, T>(scan, begin, end) : RunExtremes<false, T>(scan, begin, end);
}

template <class T>
void SumRow(const T *source, int64_t length, bool exclusive, bool reverse, T *to) {
  Wide<T> sum = 0;
  for (int64_t k = 0; k < length; ++k) {
    const int64_t i = reverse ? length - 1 - k : k;
    const Wide<T> before = sum;
    sum = Combine<Kind::sum>(before, Wide<T>(source[i]));
    to[i] = static_cast<T>(exclusive ? before : sum);
  }
}

template <class T>
void Sums(void *context, int64_t begin, int64_t end, int) {
  const Scan &scan = *static_cast<const Scan *>(context);
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t outer = unit / scan.blocks, column = unit % scan.blocks * kColumnBlock;
    const int64_t width = std::min(kColumnBlock, scan.inner - column);
    const int64_t start = outer * scan.length * scan.inner + column;
    const T *source = static_cast<const T *>(scan.source) + start;
    T *to = static_cast<T *>(scan.destination) + start;
    if (scan.inner == 1) {
      SumRow(source, scan.length, scan.first, scan.second, to);
      continue;
    }
    Wide<T> sums[kColumnBlock] = {};
    for (int64_t k = 0; k < scan.length; ++k) {
      const int64_t row = (scan.second ? scan.length - 1 - k : k) * scan.inner;
      for (int64_t i = 0; i < width; ++i) {
        const Wide<T> before = sums[i], after = Combine<Kind::sum>(before, Wide<T>(source[row + i]));
        sums[i] = after;
        to[row + i] = static_cast<T>(scan.first ? before : after);
      }
    }
  }
}

mass_parallel_body FindExtremes(int type) {
  switch (type) {
    case mass_vector_f32: return Extremes<float>;
    case mass_vector_f64: return Extremes<double>;
    case mass_vector_i32: return Extremes<int32_t>;
    case mass_vector_i64: return Extremes<int64_t>;
    default: return nullptr;
  }
}

mass_parallel_body FindSums(int type) {
  switch (type) {
    case mass_vector_f32: return Sums<float>;
    case mass_vector_f64: return Sums<double>;
    case mass_vector_i32: return Sums<int32_t>;
    case mass_vector_i64: return Sums<int64_t>;
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

HWY_EXPORT(FindExtremes);
HWY_EXPORT(FindSums);

mass_vector_status RunScan(mass_parallel_body body, Scan scan, int threads, int64_t outer) {
  int64_t count = 0;
  if (outer < 0 || scan.length < 0 || scan.inner < 0 || __builtin_mul_overflow(outer, scan.length, &count) ||
      __builtin_mul_overflow(count, scan.inner, &count)) {
    return mass_vector_invalid;
  }
  if (body == nullptr) return mass_vector_unsupported;
  scan.blocks = (scan.inner + kColumnBlock - 1) / kColumnBlock;
  const int64_t perUnit = std::max<int64_t>(scan.length * std::min(scan.inner, kColumnBlock), 1);
  mass_parallel_for(threads, outer * scan.blocks, kScanShare / perUnit + 1, body, &scan);
  return mass_vector_ok;
}

}  // namespace
}  // namespace mass

extern "C" {

mass_vector_status mass_arg_extreme(bool largest, bool select_last, mass_vector_type type, int threads,
                                    const void *source, int64_t outer, int64_t length, int64_t inner,
                                    int64_t *destination) {
  using namespace mass;
  if (length < 1) return mass_vector_invalid;
  const Scan scan = {source, destination, length, inner, 0, largest, select_last};
  return RunScan(HWY_DYNAMIC_DISPATCH(FindExtremes)(type), scan, threads, outer);
}

mass_vector_status mass_cumulative_sum(bool exclusive, bool reverse, mass_vector_type type, int threads,
                                       const void *source, int64_t outer, int64_t length, int64_t inner,
                                       void *destination) {
  using namespace mass;
  const Scan scan = {source, destination, length, inner, 0, exclusive, reverse};
  return RunScan(HWY_DYNAMIC_DISPATCH(FindSums)(type), scan, threads, outer);
}

}  // extern "C"
#endif
