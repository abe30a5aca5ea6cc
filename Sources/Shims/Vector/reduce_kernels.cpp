/// The loops of reductions, along rows and down columns.
#include "vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "reduce_program.h"
#include "reduce_row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mass {
namespace HWY_NAMESPACE {
namespace {

template <Kind kind, class T>
Wide<T> ReduceOutput(const Reduction &job, const T *source, T shift) {
  const mass_reduce_axes &reduced = job.reduced;
  const int32_t last = reduced.rank - 1;
  Wide<T> result = Identity<kind, T>();
  if (job.length == 0) return result;
  RowWalk walk(reduced, last);
  do {
    result = ReduceRow<kind, T>(source + walk.Offset(), reduced.strides[last], reduced.shape[last], shift, result);
  } while (walk.Next());
  return result;
}

/// Adds a row of `width` columns to `results`.
template <Kind kind, class T, class R>
HWY_INLINE void AddColumns(const T *row, int64_t width, const R *shifts, R *results) {
  if constexpr (kind == Kind::sumExponential) {
    for (int64_t i = 0; i < width; ++i) results[i] += Map<kind, R>(row[i], shifts[i]);
  } else {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < width; ++i) results[i] = Combine<kind>(results[i], Map<kind, R>(row[i], R(0)));
  }
}

/// Reduces `width` neighbouring outputs. Floats are summed in their own type for some rows, then in double.
template <Kind kind, class T>
void ReduceColumns(const Reduction &job, const T *source, int64_t width, const Wide<T> *shifts, Wide<T> *results) {
  constexpr bool partly = std::is_same_v<T, float> && kind != Kind::sumExponential;
  constexpr int64_t rowsPerPart = 16;
  const mass_reduce_axes &reduced = job.reduced;
  std::fill_n(results, width, Wide<T>(Identity<kind, T>()));
  if (job.length == 0) return;
  T part[kColumnBlock];
  int64_t rows = 0;
  RowWalk walk(reduced, reduced.rank);
  bool more = true;
  while (more) {
    if constexpr (!partly) {
      AddColumns<kind>(source + walk.Offset(), width, shifts, results);
      more = walk.Next();
    } else {
      if (rows == 0) std::fill_n(part, width, Identity<kind, T>());
      AddColumns<kind, T, T>(source + walk.Offset(), width, nullptr, part);
      more = walk.Next();
      if (++rows < rowsPerPart && more) continue;
      for (int64_t i = 0; i < width; ++i) results[i] = Combine<kind>(results[i], Wide<T>(part[i]));
      rows = 0;
    }
  }
}

/// Truncates to integers, saturating; NaN becomes 0.
template <class T>
T FromDouble(double x) {
  if constexpr (std::is_floating_point_v<T>) return static_cast<T>(x);
  constexpr double limit = sizeof(T) == 4 ? 0x1p31 : 0x1p63;
  if (x >= limit) return std::numeric_limits<T>::max();
  if (x < -limit) return std::numeric_limits<T>::min();
  return x != x ? T(0) : static_cast<T>(x);
}

/// The number that a reduction's partial result stands for.
template <class T>
T Finish(mass_reduce_op op, Wide<T> result, int64_t length, double shift) {
  switch (op) {
    case mass_reduce_mean:
      if (std::is_integral_v<T>) return length == 0 ? T(0) : static_cast<T>(result / static_cast<Wide<T>>(length));
      return static_cast<T>(result / static_cast<Wide<T>>(length));
    case mass_reduce_l2: return FromDouble<T>(std::sqrt(static_cast<double>(result)));
    case mass_reduce_log_sum: return FromDouble<T>(std::log(static_cast<double>(result)));
    case mass_reduce_log_sum_exp: return FromDouble<T>(std::log(static_cast<double>(result)) + shift);
    default: return static_cast<T>(result);
  }
}

/// Shifts by infinities would make NaN of what is 0 or infinite.
HWY_INLINE double ShiftOf(double maximum) { return std::isfinite(maximum) ? maximum : 0; }

template <Kind kind, class T>
void RunRows(const Reduction &job, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    const T *source = static_cast<const T *>(job.source) + OffsetAt(job.kept, job.kept.rank, i);
    double shift = 0;
    if constexpr (kind == Kind::sumExponential) {
      shift = ShiftOf(ReduceOutput<Kind::maximum>(job, source, T(0)));
    }
    const Wide<T> result = ReduceOutput<kind>(job, source, static_cast<T>(shift));
    static_cast<T *>(job.destination)[i] = Finish<T>(job.op, result, job.length, shift);
  }
}

template <Kind kind, class T>
void RunColumns(const Reduction &job, int64_t begin, int64_t end) {
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t outer = unit / job.blocks, column = unit % job.blocks * kColumnBlock;
    const int64_t width = std::min(kColumnBlock, job.columns - column);
    const T *source = static_cast<const T *>(job.source) + OffsetAt(job.kept, job.kept.rank - 1, outer) + column;
    Wide<T> results[kColumnBlock], shifts[kColumnBlock] = {};
    if constexpr (kind == Kind::sumExponential) {
      ReduceColumns<Kind::maximum>(job, source, width, shifts, results);
      for (int64_t i = 0; i < width; ++i) shifts[i] = ShiftOf(results[i]);
    }
    ReduceColumns<kind>(job, source, width, shifts, results);
    T *to = static_cast<T *>(job.destination) + outer * job.columns + column;
    for (int64_t i = 0; i < width; ++i) {
      to[i] = Finish<T>(job.op, results[i], job.length, static_cast<double>(shifts[i]));
    }
  }
}

template <Kind kind, class T>
void Run(void *context, int64_t begin, int64_t end, int) {
  const Reduction &job = *static_cast<const Reduction *>(context);
  job.columns > 0 ? RunColumns<kind, T>(job, begin, end) : RunRows<kind, T>(job, begin, end);
}

template <class T>
mass_parallel_body FindFor(int op) {
  switch (op) {
    case mass_reduce_sum:
    case mass_reduce_mean:
    case mass_reduce_log_sum: return Run<Kind::sum, T>;
    case mass_reduce_max: return Run<Kind::maximum, T>;
    case mass_reduce_min: return Run<Kind::minimum, T>;
    case mass_reduce_prod: return Run<Kind::product, T>;
    case mass_reduce_sum_square:
    case mass_reduce_l2: return Run<Kind::sumSquare, T>;
    case mass_reduce_l1: return Run<Kind::sumAbsolute, T>;
    default: break;
  }
  if constexpr (std::is_floating_point_v<T>) {
    if (op == mass_reduce_log_sum_exp) return Run<Kind::sumExponential, T>;
  }
  return nullptr;
}

mass_parallel_body Find(int op, int type) {
  switch (type) {
    case mass_vector_f32: return FindFor<float>(op);
    case mass_vector_f64: return FindFor<double>(op);
    case mass_vector_i32: return FindFor<int32_t>(op);
    case mass_vector_i64: return FindFor<int64_t>(op);
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
HWY_EXPORT(Find);
}

mass_parallel_body FindReduction(mass_reduce_op op, mass_vector_type type) {
  return HWY_DYNAMIC_DISPATCH(Find)(op, type);
}

}  // namespace mass
#endif
