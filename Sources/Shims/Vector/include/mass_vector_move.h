/// Kernels that move elements without computing on them: strided copies, fills, padding, gathers, scatters, selection.
///
/// Elements are opaque: every function takes their size in bytes (1, 2, 4, 8 or 16) unless it says otherwise. Sizes and
/// strides count elements, buffers never overlap unless stated, and nothing allocates. `threads` is the size of the
/// team; every function gives the same bits for every value of it. Indices are 32-bit or 64-bit signed integers as
/// `index_size` (4 or 8) says, a negative one counts from the end, and no index is trusted: one that is out of range
/// never causes an access outside the buffers.
#ifndef MASS_VECTOR_MOVE_H
#define MASS_VECTOR_MOVE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The largest rank that the kernels of this header take.
#define MASS_MOVE_MAX_RANK 12

/// What the functions of this header return.
enum {
  MASS_MOVE_OK = 0,
  /// An index was out of range; `*bad_position` tells which one.
  MASS_MOVE_BAD_INDEX = 1,
  /// A rank, size or element size is not supported; nothing was written.
  MASS_MOVE_BAD_ARGUMENT = 2,
};

// MARK: Strided copies

/// A copy between two strided arrays of one shape, prepared by `mass_copy_prepare`. Plain data, owned by the caller.
typedef struct mass_copy_plan {
  int32_t kind;
  int32_t rank;
  int32_t element_size;
  int32_t reserved;
  int64_t count;
  int64_t dims[MASS_MOVE_MAX_RANK];
  int64_t src_strides[MASS_MOVE_MAX_RANK];
  int64_t dst_strides[MASS_MOVE_MAX_RANK];
} mass_copy_plan;

/// Prepares `dst[i · dst_strides] = src[i · src_strides]` for every index `i` of `dims`.
///
/// Source strides may be zero (broadcast) or negative (reversal); destination strides may be negative, and no two
/// indices may share a destination. Axes are merged, reordered and widened to larger elements here, once, so any
/// transpose, slice, expansion or relayout is one call of `mass_copy_run`.
int32_t mass_copy_prepare(mass_copy_plan *plan, int32_t rank, const int64_t *dims, const int64_t *src_strides,
                          const int64_t *dst_strides, int32_t element_size);

/// Runs a prepared copy. `src` and `dst` address the elements of index zero, which with negative strides are not the
/// first bytes of the arrays.
void mass_copy_run(int32_t threads, const mass_copy_plan *plan, const void *src, void *dst);

/// Copies `bytes` bytes between buffers that do not overlap.
void mass_copy_bytes(int32_t threads, int64_t bytes, const void *src, void *dst);

/// Writes the element at `value` to `dst[0 ..< count]`.
int32_t mass_fill(int32_t threads, int32_t element_size, int64_t count, const void *value, void *dst);

// MARK: Padding

/// What padding writes outside the source.
enum {
  MASS_PAD_CONSTANT = 0,
  /// Repeats the border element.
  MASS_PAD_EDGE = 1,
  /// Mirrors without repeating the border element; pads wider than the axis fold back and forth.
  MASS_PAD_REFLECT = 2,
  /// Continues periodically.
  MASS_PAD_WRAP = 3,
};

/// A padding prepared by `mass_pad_prepare`. Plain data, owned by the caller; points into the caller's table.
typedef struct mass_pad_plan {
  int32_t rank;
  int32_t element_size;
  /// Bytes of one unit: an element times the innermost axes that are not padded.
  int64_t unit_bytes;
  int64_t rows;
  int64_t dims[MASS_MOVE_MAX_RANK];
  int64_t out_dims[MASS_MOVE_MAX_RANK];
  /// The part of the innermost padded axis that is copied in one piece, and where it starts in the source.
  int64_t middle_begin, middle_end, middle_source;
  const int64_t *maps[MASS_MOVE_MAX_RANK];
} mass_pad_plan;

/// Bytes of the index table of a padding of at least one axis, or -1 for sizes that overflow or are negative.
int64_t mass_pad_table_bytes(int32_t rank, const int64_t *dims, const int64_t *before, const int64_t *after);

/// Prepares padding of a contiguous array of `dims` by `before` and `after` elements on each axis; negative ones crop.
///
/// `table` has `mass_pad_table_bytes` bytes, is 8-byte aligned and must live as long as the plan. Modes other than
/// constant refuse to pad an axis of size zero.
int32_t mass_pad_prepare(mass_pad_plan *plan, int32_t rank, const int64_t *dims, const int64_t *before,
                         const int64_t *after, int32_t mode, int32_t element_size, void *table);

/// Runs a prepared padding; `value` is one element and is read only in constant mode.
void mass_pad_run(int32_t threads, const mass_pad_plan *plan, const void *src, const void *value, void *dst);

// MARK: Gathering

/// `out[o, i, :] = data[o, indices[i], :]`, with `data` of shape [outer, axis, inner_bytes] and `out` of shape
/// [outer, index_count, inner_bytes].
///
/// Returns `MASS_MOVE_BAD_INDEX` with the lowest offending position of `indices` in `*bad_position`, before anything is
/// written.
int32_t mass_gather(int32_t threads, int64_t outer, int64_t axis, int64_t inner_bytes, int64_t index_count,
                    const void *indices, int32_t index_size, const void *data, void *out, int64_t *bad_position);

/// ONNX GatherElements: `out` has the shape of `indices`; the index replaces the coordinate on `axis`. On the other
/// axes `index_dims` must not exceed `data_dims`.
int32_t mass_gather_elements(int32_t threads, int32_t rank, const int64_t *data_dims, const int64_t *index_dims,
                             int32_t axis, int32_t element_size, const void *indices, int32_t index_size,
                             const void *data, void *out, int64_t *bad_position);

/// ONNX GatherND: for each of `batch` blocks of `data` (of shape `depth_dims` × `slice_bytes`), `tuples` tuples of
/// `depth` indices each select a slice.
int32_t mass_gather_nd(int32_t threads, int64_t batch, int64_t tuples, int32_t depth, const int64_t *depth_dims,
                       int64_t slice_bytes, const void *indices, int32_t index_size, const void *data, void *out,
                       int64_t *bad_position);

// MARK: Scattering

/// How an update meets what is already there.
enum {
  MASS_SCATTER_REPLACE = 0,
  MASS_SCATTER_ADD = 1,
  MASS_SCATTER_MULTIPLY = 2,
  MASS_SCATTER_MINIMUM = 3,
  MASS_SCATTER_MAXIMUM = 4,
};

/// The element types that scatters can reduce and `mass_top_k` can order.
enum {
  MASS_MOVE_F32 = 0,
  MASS_MOVE_F64 = 1,
  MASS_MOVE_I32 = 2,
  MASS_MOVE_I64 = 3,
};

/// ONNX ScatterElements: `out` becomes `data`, then takes `updates` (of shape `index_dims`) in index order.
///
/// `out` may be `data`: then nothing is copied. `type` is read for reductions only, and `element_size` must agree with
/// it. Integer sums and products wrap; a NaN operand of minimum and maximum gives NaN. After
/// `MASS_MOVE_BAD_INDEX`, `out` is as before the call.
int32_t mass_scatter_elements(int32_t threads, int32_t rank, const int64_t *data_dims, const int64_t *index_dims,
                              int32_t axis, int32_t element_size, int32_t type, int32_t reduction, const void *indices,
                              int32_t index_size, const void *data, const void *updates, void *out,
                              int64_t *bad_position);

/// ONNX ScatterND: `tuples` tuples of `depth` indices into `depth_dims`, each replacing or reducing a slice of
/// `slice_count` elements. Otherwise as `mass_scatter_elements`.
int32_t mass_scatter_nd(int32_t threads, int64_t tuples, int32_t depth, const int64_t *depth_dims, int64_t slice_count,
                        int32_t element_size, int32_t type, int32_t reduction, const void *indices, int32_t index_size,
                        const void *data, const void *updates, void *out, int64_t *bad_position);

// MARK: Selection

/// ONNX OneHot: `indices` of shape [outer, inner], `out` of shape [outer, depth, inner]; an index outside
/// -depth ..< depth leaves its line `off`.
int32_t mass_one_hot(int32_t threads, int64_t outer, int64_t depth, int64_t inner, const void *indices,
                     int32_t index_size, int32_t element_size, const void *off, const void *on, void *out);

/// Bytes of the scratch of `mass_top_k`.
int64_t mass_top_k_scratch_bytes(int32_t threads, int64_t axis);

/// The `k` largest (or smallest) elements along the middle axis of [outer, axis, inner], in order, equal ones by lower
/// index, with their indices: both results have shape [outer, k, inner].
///
/// NaN counts as greater than every number. `scratch` is 64-byte aligned. Requires `k <= axis`.
int32_t mass_top_k(int32_t threads, int32_t type, int64_t outer, int64_t axis, int64_t inner, int64_t k,
                   int32_t largest, const void *src, void *values, int64_t *positions, void *scratch);

/// ONNX Trilu on `batch` matrices: keeps the upper (or lower) triangle from diagonal `diagonal`, zeroes the rest.
/// `dst` may be `src`.
int32_t mass_triangular(int32_t threads, int32_t element_size, int64_t batch, int64_t rows, int64_t columns,
                        int64_t diagonal, int32_t upper, const void *src, void *dst);

#ifdef __cplusplus
}
#endif

#endif
