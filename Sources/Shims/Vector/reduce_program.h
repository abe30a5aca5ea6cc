/// What the kernels of a reduction share.
#ifndef MASS_REDUCE_PROGRAM_H
#define MASS_REDUCE_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "mass_vector_parallel.h"
#include "mass_vector_reduce.h"

namespace mass {

/// One reduction, ready to run over `count` outputs in blocks of up to `width`.
///
/// Either the outputs of a block lie side by side in the source (`columns`), or each is reduced along rows.
struct Reduction {
  mass_reduce_op op;
  const void *source;
  void *destination;
  mass_reduce_axes kept, reduced;  // merged; `reduced` has at least one axis
  int64_t length;                  // elements per output
  int64_t columns;                 // of the innermost kept axis if outputs are side by side, else 0
  int64_t blocks;                  // of columns
};

/// Columns handled together: their partial results stay in the cache.
constexpr int64_t kColumnBlock = 256;

/// Steps through all but the last axis; the offsets it gives are those of rows along that axis.
class RowWalk {
 public:
  RowWalk(const mass_reduce_axes &axes, int32_t rank) : axes_(axes), rank_(rank) {}

  int64_t Offset() const { return offset_; }

  /// Goes to the next row; false after the last.
  bool Next() {
    for (int32_t i = rank_ - 1; i >= 0; --i) {
      offset_ += axes_.strides[i];
      if (++index_[i] < axes_.shape[i]) return true;
      offset_ -= axes_.strides[i] * axes_.shape[i];
      index_[i] = 0;
    }
    return false;
  }

 private:
  const mass_reduce_axes &axes_;
  const int32_t rank_;
  int64_t index_[MASS_REDUCE_MAX_RANK] = {};
  int64_t offset_ = 0;
};

/// The offset of element `index` of the walk over the first `rank` axes.
inline int64_t OffsetAt(const mass_reduce_axes &axes, int32_t rank, int64_t index) {
  int64_t offset = 0;
  for (int32_t i = rank - 1; i >= 0; --i) {
    offset += index % axes.shape[i] * axes.strides[i];
    index /= axes.shape[i];
  }
  return offset;
}

/// The body of a parallel loop over a `Reduction`'s outputs, or blocks of columns; null where the type has none.
mass_parallel_body FindReduction(mass_reduce_op op, mass_vector_type type);

}  // namespace mass

#endif
