#include "vector_targets.h"

#include <hwy/highway.h>

#include "mass_vector_parallel.h"

namespace {

/// The targets better than `level`; in Highway a better target has a lower bit.
int64_t TargetsAbove(mass_vector_isa level) {
  switch (level) {
#if HWY_ARCH_X86
    case mass_vector_isa_baseline: return ~HWY_EMU128;
    case mass_vector_isa_sse4: return HWY_SSE4 - 1;
    case mass_vector_isa_avx2: return HWY_AVX2 - 1;
    case mass_vector_isa_avx512: return HWY_AVX3 - 1;
#endif
    default: return 0;
  }
}

}  // namespace

extern "C" {

void mass_vector_limit_isa(mass_vector_isa level) {
  hwy::DisableTargets(TargetsAbove(level));
  // Selects for this process now, so that the first kernel does not.
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

const char *mass_vector_isa_name(void) {
  // The best target that is both compiled and supported.
  const int64_t usable = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(usable & -usable);
}

}  // extern "C"
