/// Reductions, indices of extremes, and cumulative sums, on f32, f64, i32 and i64.
///
/// Sums of floats keep about the precision of their type whatever the length: partial sums of short blocks are added
/// in double. Integer sums and products wrap. Nothing here allocates.
#ifndef MASS_VECTOR_REDUCE_H
#define MASS_VECTOR_REDUCE_H

#include <stdbool.h>
#include <stdint.h>

#include "mass_vector_elementwise.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mass_reduce_op {
  mass_reduce_sum = 0,
  mass_reduce_mean = 1,
  mass_reduce_max = 2,  // passes NaN on, as does min
  mass_reduce_min = 3,
  mass_reduce_prod = 4,
  mass_reduce_sum_square = 5,
  mass_reduce_l1 = 6,
  mass_reduce_l2 = 7,
  mass_reduce_log_sum = 8,
  mass_reduce_log_sum_exp = 9,  // of floats only
} mass_reduce_op;

#define MASS_REDUCE_MAX_RANK 16

/// Dimensions of a strided walk, outermost first; strides in elements.
typedef struct mass_reduce_axes {
  int32_t rank;
  int64_t shape[MASS_REDUCE_MAX_RANK];
  int64_t strides[MASS_REDUCE_MAX_RANK];
} mass_reduce_axes;

/// Reduces every combination of the `reduced` axes to one element, for each of the `kept` ones; the destination is
/// dense over `kept`. Adjacent axes are merged where the strides allow it.
///
/// Of no elements, the sum is 0, the product 1, the maximum minus infinity or the lowest integer.
mass_vector_status mass_reduce_strided(mass_reduce_op op, mass_vector_type type, int threads, const void *source,
                                       const mass_reduce_axes *kept, const mass_reduce_axes *reduced,
                                       void *destination);

/// Reduces the middle axis of a dense `[outer, length, inner]` tensor.
mass_vector_status mass_reduce(mass_reduce_op op, mass_vector_type type, int threads, const void *source,
                               int64_t outer, int64_t length, int64_t inner, void *destination);

/// The indices (i64) of the largest, or smallest, elements along the middle axis of a dense tensor; the length is at
/// least 1. NaN counts as the extreme. Of equal elements the first is taken, or the last.
mass_vector_status mass_arg_extreme(bool largest, bool select_last, mass_vector_type type, int threads,
                                    const void *source, int64_t outer, int64_t length, int64_t inner,
                                    int64_t *destination);

/// Running sums along the middle axis of a dense tensor, from its end if `reverse`, without the element itself if
/// `exclusive`. The destination may be the source.
mass_vector_status mass_cumulative_sum(bool exclusive, bool reverse, mass_vector_type type, int threads,
                                       const void *source, int64_t outer, int64_t length, int64_t inner,
                                       void *destination);

#ifdef __cplusplus
}
#endif

#endif
