// The library, the machine and the team.

#include "internal.h"

// libgomp's own entry points: `-fopenmp` would bring a second OpenMP runtime into the process.
extern "C" {
int omp_get_max_threads(void);
void omp_set_num_threads(int);
}

namespace mass::onednn {

int teamSize() { return omp_get_max_threads(); }

TeamScope::TeamScope(int threads) : before(omp_get_max_threads()), changed(threads > 0 && threads != before) {
  if (changed) omp_set_num_threads(threads);
}

TeamScope::~TeamScope() {
  if (changed) omp_set_num_threads(before);
}

dnnl_engine_t engine() {
  static const dnnl_engine_t shared = [] {
    dnnl_engine_t made = nullptr;
    return dnnl_engine_create(&made, dnnl_cpu, 0) == dnnl_success ? made : nullptr;
  }();
  return shared;
}

mass_dnnl_status statusOf(dnnl_status_t status) {
  switch (status) {
    case dnnl_success:
      return MASS_DNNL_OK;
    case dnnl_invalid_arguments:
      return MASS_DNNL_INVALID;
    case dnnl_unimplemented:
    case dnnl_iterator_ends:
      return MASS_DNNL_UNSUPPORTED;
    case dnnl_out_of_memory:
      return MASS_DNNL_OUT_OF_MEMORY;
    default:
      return MASS_DNNL_FAILED;
  }
}

}  // namespace mass::onednn

const char *mass_dnnl_status_text(mass_dnnl_status status) {
  switch (status) {
    case MASS_DNNL_OK:
      return "no error";
    case MASS_DNNL_INVALID:
      return "the description is inconsistent";
    case MASS_DNNL_UNSUPPORTED:
      return "no implementation for this description";
    case MASS_DNNL_OUT_OF_MEMORY:
      return "out of memory";
    case MASS_DNNL_FAILED:
      return "the library failed";
  }
  return "unknown status";
}

const char *mass_dnnl_version(void) {
  struct Text {
    char characters[40] = {};
    Text() {
      const dnnl_version_t *version = dnnl_version();
      append(version->major, '.');
      append(version->minor, '.');
      append(version->patch, '\0');
    }
    void append(int number, char separator) {
      char digits[12];
      int count = 0;
      do {
        digits[count++] = static_cast<char>('0' + number % 10);
        number /= 10;
      } while (number > 0);
      while (count > 0) characters[used++] = digits[--count];
      characters[used++] = separator;
    }
    int used = 0;
  };
  static const Text text;
  return text.characters;
}

const char *mass_dnnl_cpu_isa(void) {
  switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41:
      return "sse41";
    case dnnl_cpu_isa_avx:
      return "avx";
    case dnnl_cpu_isa_avx2:
      return "avx2";
    case dnnl_cpu_isa_avx2_vnni:
      return "avx2_vnni";
    case dnnl_cpu_isa_avx512_mic:
      return "avx512_mic";
    case dnnl_cpu_isa_avx512_mic_4ops:
      return "avx512_mic_4ops";
    case dnnl_cpu_isa_avx512_core:
      return "avx512_core";
    case dnnl_cpu_isa_avx512_core_vnni:
      return "avx512_core_vnni";
    case dnnl_cpu_isa_avx512_core_bf16:
      return "avx512_core_bf16";
    case dnnl_cpu_isa_avx512_core_amx:
      return "avx512_core_amx";
    default:
      return "generic";
  }
}

int32_t mass_dnnl_set_threads(int32_t count) {
  const int before = omp_get_max_threads();
  if (count >= 1) omp_set_num_threads(count);
  return before;
}
