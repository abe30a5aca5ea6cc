/// Scaled dot-product attention on 32-bit floats, fused over tiles so that no score matrix is ever stored.
#ifndef MASS_VECTOR_ATTENTION_H
#define MASS_VECTOR_ATTENTION_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Sizes, strides and scalars of an attention; strides count elements. Plain data, owned by the caller.
///
/// Queries have shape [batch, heads, queries, head_size], keys [batch, kv_heads, keys, head_size], values
/// [batch, kv_heads, keys, value_size] and the result [batch, heads, queries, value_size]. Their strides are those of
/// the first three axes and the last axis is contiguous, so arrays stored as [batch, sequence, heads, size], or packed
/// together, need no transpose.
typedef struct mass_attention {
  int64_t batch, heads, kv_heads, queries, keys, head_size, value_size;
  int64_t query_strides[3], key_strides[3], value_strides[3], out_strides[3];
  /// Strides of the additive mask over batch, head, query and key; 0 broadcasts.
  int64_t mask_strides[4];
  /// Multiplies the scores, usually 1/√head_size.
  float scale;
  /// When not 0, scores become `softcap · tanh(score / softcap)` before the mask is added.
  float softcap;
  /// When not 0, query `i` sees only keys `j <= i + causal_offset`.
  int32_t causal;
  int64_t causal_offset;
} mass_attention;

/// Bytes of the scratch of `mass_attention_f32`, or -1 when sizes are not supported: a negative size, or `kv_heads`
/// that do not divide `heads`.
int64_t mass_attention_scratch_bytes(int32_t threads, const mass_attention *attention);

/// `out = softmax(scale · Q·Kᵀ + mask) · V`, streaming over blocks of keys with a running maximum and sum.
///
/// `mask` may be null. `key_counts`, when not null, holds per batch how many keys are visible. A query that sees no
/// key, or only keys masked by -∞, gives zeros. `scratch` is 64-byte aligned and `out` overlaps no operand. Sizes are those
/// for which `mass_attention_scratch_bytes` gave a scratch.
void mass_attention_f32(int32_t threads, const mass_attention *attention, const float *query, const float *key,
                        const float *value, const float *mask, const int64_t *key_counts, float *out, void *scratch);

#ifdef __cplusplus
}
#endif

#endif
