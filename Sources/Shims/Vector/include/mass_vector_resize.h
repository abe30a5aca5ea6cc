/// Resampling by tables: the caller turns scales, sizes and coordinate modes into indices and weights per axis.
///
/// Axes are physical, outermost first, so row-major and channels-last arrays differ only in which axes have a table. An
/// axis without a table keeps its size. Tables are trusted: the caller makes indices lie in `0 ..< size`, or negative
/// where the axis leaves the source and the extrapolation value is wanted. Nothing allocates.
#ifndef MASS_VECTOR_RESIZE_H
#define MASS_VECTOR_RESIZE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The largest rank that the kernels of this header take.
#define MASS_RESIZE_MAX_RANK 12

/// What the functions of this header return.
enum {
  MASS_RESIZE_OK = 0,
  /// A rank, size or element size is not supported; nothing was written.
  MASS_RESIZE_BAD_ARGUMENT = 1,
};

/// Picks elements: `dst[i₀, i₁, …] = src[tables[0][i₀], tables[1][i₁], …]`, where `tables[a]` has `out_dims[a]` entries
/// or is null for an axis that is kept.
///
/// Where any index is negative, writes the element at `extrapolation`, which may be null when none is.
int32_t mass_resize_nearest(int32_t threads, int32_t rank, const int64_t *dims, const int64_t *out_dims,
                            const int32_t *const *tables, int32_t element_size, const void *src,
                            const void *extrapolation, void *dst);

/// The table of one axis of `mass_resize_weighted_f32`.
typedef struct mass_resize_axis {
  /// Elements of the axis in the source and in the result.
  int64_t size, out_size;
  /// Source elements that each result element mixes: 2 for linear, 4 for cubic, more for anti-aliasing; 0 when the axis
  /// is kept.
  int64_t taps;
  /// `out_size` × `taps` source indices; a negative first index gives the extrapolation value.
  const int32_t *indices;
  /// `out_size` × `taps` weights, the ones of each result element summing to 1.
  const float *weights;
} mass_resize_axis;

/// Bytes of the scratch of `mass_resize_weighted_f32`, or -1 for sizes that overflow.
int64_t mass_resize_scratch_bytes(int32_t rank, const mass_resize_axis *axes);

/// Resamples every axis that has taps, one axis after another: linear, cubic and anti-aliased interpolation in any
/// number of dimensions. `scratch` is 64-byte aligned.
int32_t mass_resize_weighted_f32(int32_t threads, int32_t rank, const mass_resize_axis *axes, float extrapolation,
                                 const float *src, float *dst, void *scratch);

#ifdef __cplusplus
}
#endif

#endif
