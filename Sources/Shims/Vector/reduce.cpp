#include <algorithm>

#include "reduce_program.h"

namespace {

constexpr int64_t kShareElements = 32768;  // fewer are not worth another thread

bool Count(const mass_reduce_axes &axes, int64_t *count) {
  if (axes.rank < 0 || axes.rank > MASS_REDUCE_MAX_RANK) return false;
  *count = 1;
  for (int32_t i = 0; i < axes.rank; ++i) {
    if (axes.shape[i] < 0 || __builtin_mul_overflow(*count, axes.shape[i], count)) return false;
  }
  return true;
}

/// The same walk with as few axes as possible, but at least one.
mass_reduce_axes Merge(const mass_reduce_axes &axes) {
  mass_reduce_axes merged = {};
  for (int32_t i = 0; i < axes.rank; ++i) {
    const int64_t size = axes.shape[i], stride = axes.strides[i];
    if (size == 1) continue;
    const int32_t last = merged.rank - 1;
    if (last >= 0 && merged.strides[last] == stride * size) {
      merged.shape[last] *= size;
      merged.strides[last] = stride;
    } else {
      merged.shape[merged.rank] = size;
      merged.strides[merged.rank++] = stride;
    }
  }
  if (merged.rank == 0) merged.shape[merged.rank++] = 1;
  return merged;
}

}  // namespace

extern "C" {

mass_vector_status mass_reduce_strided(mass_reduce_op op, mass_vector_type type, int threads, const void *source,
                                       const mass_reduce_axes *kept, const mass_reduce_axes *reduced,
                                       void *destination) {
  int64_t count = 0, length = 0;
  if (!Count(*kept, &count) || !Count(*reduced, &length)) return mass_vector_invalid;
  const mass_parallel_body body = mass::FindReduction(op, type);
  if (body == nullptr) return mass_vector_unsupported;
  mass::Reduction job = {op, source, destination, Merge(*kept), Merge(*reduced), length, 0, 0};
  const int32_t keptLast = job.kept.rank - 1, reducedLast = job.reduced.rank - 1;
  int64_t units = count, perUnit = std::max<int64_t>(length, 1);
  if (length == 0) std::fill_n(job.kept.strides, job.kept.rank, int64_t{0});  // nothing will be read
  // Rows when they lie densely; a single kept column has no neighbours.
  if (job.reduced.strides[reducedLast] != 1 && job.kept.strides[keptLast] == 1 && count > 0) {
    job.columns = job.kept.shape[keptLast];
    job.blocks = (job.columns + mass::kColumnBlock - 1) / mass::kColumnBlock;
    units = count / job.columns * job.blocks;
    perUnit *= std::min(job.columns, mass::kColumnBlock);
  }
  mass_parallel_for(threads, units, kShareElements / perUnit + 1, body, &job);
  return mass_vector_ok;
}

mass_vector_status mass_reduce(mass_reduce_op op, mass_vector_type type, int threads, const void *source,
                               int64_t outer, int64_t length, int64_t inner, void *destination) {
  int64_t row = 0;
  if (__builtin_mul_overflow(length, inner, &row)) return mass_vector_invalid;
  const mass_reduce_axes kept = {2, {outer, inner}, {row, 1}};
  const mass_reduce_axes reduced = {1, {length}, {inner}};
  return mass_reduce_strided(op, type, threads, source, &kept, &reduced, destination);
}

}  // extern "C"
