/// One call of the attention kernel, as the C entry point hands it to the kernel of the processor.
#ifndef MASS_ATTENTION_CALL_H
#define MASS_ATTENTION_CALL_H

#include "mass_vector_attention.h"

namespace mass {

struct AttentionCall {
  const mass_attention *shape;
  const float *query, *key, *value, *mask;
  const int64_t *key_counts;
  float *out, *scratch;
  /// Queries of all the heads that share a key head, and how they are cut into tasks.
  int64_t rows, chunk_rows, chunks;
  /// Keys that are packed at a time, and the size of a thread's scratch.
  int64_t block, scratch_floats;
};

}  // namespace mass

#endif
