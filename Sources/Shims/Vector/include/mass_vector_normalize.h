/// Normalizations on 32-bit floats: softmax, layer, RMS, group, instance and batch normalization, Lp norms.
///
/// Arrays are contiguous in the stated shape. Results may be written over the input (`dst == src`); other overlaps are
/// not allowed. Nothing allocates. `threads` is the size of the team.
#ifndef MASS_VECTOR_NORMALIZE_H
#define MASS_VECTOR_NORMALIZE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Softmax

/// Softmax along the middle axis of [outer, axis, inner].
void mass_softmax_f32(int32_t threads, int64_t outer, int64_t axis, int64_t inner, const float *src, float *dst);

/// Logarithm of the softmax along the middle axis of [outer, axis, inner].
void mass_log_softmax_f32(int32_t threads, int64_t outer, int64_t axis, int64_t inner, const float *src, float *dst);

/// Softmax of `scale · src + mask` along the last axis of [dims[0], dims[1], dims[2], axis].
///
/// `mask` may be null. `mask_strides` counts elements for the four axes; 0 broadcasts.
void mass_softmax_masked_f32(int32_t threads, const int64_t dims[3], int64_t axis, float scale, const float *src,
                             const float *mask, const int64_t mask_strides[4], float *dst);

// MARK: Over the last axis

/// Operands of `mass_layer_norm_f32` and `mass_rms_norm_f32`, each of shape [rows, count] or [count]. Only `x` and
/// `result` are required; null leaves a term or an output out.
typedef struct mass_row_norm {
  const float *x;
  /// Added to `x` first, of the same shape.
  const float *residual;
  /// Added to every row first, of shape [count].
  const float *bias;
  /// Multiplies the normalized row, of shape [count].
  const float *gamma;
  /// Added last, of shape [count].
  const float *beta;
  /// Receives `x + residual + bias`. May be `x` or `residual`.
  float *sum;
  float *result;
  /// Receives the mean of each row, of shape [rows]; layer normalization only.
  float *mean;
  /// Receives `1 / sqrt(variance + epsilon)` of each row, of shape [rows].
  float *inverse_deviation;
} mass_row_norm;

/// Layer normalization of each row: `(s - mean) / sqrt(variance + epsilon) · gamma + beta`, `s = x + residual + bias`.
void mass_layer_norm_f32(int32_t threads, int64_t rows, int64_t count, float epsilon, const mass_row_norm *operands);

/// Root-mean-square normalization of each row: `s / sqrt(mean(s²) + epsilon) · gamma + beta`.
void mass_rms_norm_f32(int32_t threads, int64_t rows, int64_t count, float epsilon, const mass_row_norm *operands);

/// Divides by the L1 (`p` = 1) or L2 (`p` = 2) norm along the middle axis of [outer, axis, inner]; a zero norm gives
/// zeros.
void mass_lp_normalize_f32(int32_t threads, int64_t outer, int64_t axis, int64_t inner, int32_t p, const float *src,
                           float *dst);

// MARK: Over channels

/// Bytes of the scratch of `mass_group_norm_f32`.
int64_t mass_group_norm_scratch_bytes(int64_t batch, int64_t channels);

/// Group normalization with `scale` and `bias` of shape [channels] (either may be null). `groups` divides `channels`;
/// as many groups as channels is instance normalization.
///
/// `src` is [batch, channels, spatial], or [batch, spatial, channels] when `channels_last` is not 0. `scratch` is
/// 64-byte aligned.
void mass_group_norm_f32(int32_t threads, int64_t batch, int64_t channels, int64_t spatial, int64_t groups,
                         int32_t channels_last, float epsilon, const float *src, const float *scale, const float *bias,
                         float *dst, void *scratch);

/// Folds the four parameters of a batch normalization into a factor and an offset per channel.
void mass_batch_norm_fold_f32(int64_t channels, float epsilon, const float *scale, const float *bias, const float *mean,
                              const float *variance, float *factor, float *offset);

/// `dst = src · factor[channel] + offset[channel]`, in the layouts of `mass_group_norm_f32`.
void mass_channel_affine_f32(int32_t threads, int64_t batch, int64_t channels, int64_t spatial, int32_t channels_last,
                             const float *src, const float *factor, const float *offset, float *dst);

#ifdef __cplusplus
}
#endif

#endif
