/// The choice of instruction set of the vector kernels.
#ifndef MASS_VECTOR_PARALLEL_H
#define MASS_VECTOR_PARALLEL_H

#include <stdint.h>

// Parallel loops and the floating-point environment stand in the threads shim.
#include "../../Threads/include/mass_threads.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The most capable instruction set that the vector kernels may use.
typedef enum mass_vector_isa {
  mass_vector_isa_baseline = 0,  // SSE2; NEON on ARM
  mass_vector_isa_sse4 = 1,
  mass_vector_isa_avx2 = 2,  // with FMA and F16C
  mass_vector_isa_avx512 = 3,
  mass_vector_isa_best = 4,  // whatever the processor has
} mass_vector_isa;

/// Limits the kernels of the whole process to `level`. Call before running any of them: not synchronized with them.
void mass_vector_limit_isa(mass_vector_isa level);

/// The name of the instruction set that the kernels use now, such as "AVX3" (AVX-512) or "AVX2".
const char *mass_vector_isa_name(void);

#ifdef __cplusplus
}
#endif

#endif
