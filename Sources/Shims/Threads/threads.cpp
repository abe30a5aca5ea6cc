#include "mass_threads.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cstring>

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
#endif

extern "C" {
void GOMP_parallel(void (*function)(void *), void *data, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_get_max_threads(void);
void omp_set_num_threads(int threads);
int omp_pause_resource_all(int kind);
}

namespace {

#if defined(__x86_64__) || defined(__i386__)

constexpr uint32_t kFlushBits = 0x8040;  // FTZ, DAZ
constexpr uint32_t kStatusBits = 0x3F;   // sticky exception flags: status, not control

uint32_t ControlWord() { return _mm_getcsr() & ~kStatusBits; }
void SetControlWord(uint32_t word) { _mm_setcsr((word & ~kStatusBits) | (_mm_getcsr() & kStatusBits)); }

#elif defined(__aarch64__)

constexpr uint32_t kFlushBits = 1u << 24;  // FZ

uint32_t ControlWord() {
  uint64_t word;
  __asm__ volatile("mrs %0, fpcr" : "=r"(word));
  return static_cast<uint32_t>(word);
}
void SetControlWord(uint32_t word) {
  __asm__ volatile("msr fpcr, %0" : : "r"(static_cast<uint64_t>(word)));
}

#else

constexpr uint32_t kFlushBits = 0;
uint32_t ControlWord() { return 0; }
void SetControlWord(uint32_t) {}

#endif

struct Loop {
  mass_parallel_body body;
  void *context;
  int64_t count;
  int64_t shares;
  uint32_t control;

  void Share(int64_t index, int thread) const {
    const int64_t size = count / shares, rest = count % shares;
    const int64_t begin = index * size + std::min(index, rest);
    body(context, begin, begin + size + (index < rest ? 1 : 0), thread);
  }
};

void RunShare(void *data) {
  const Loop &loop = *static_cast<const Loop *>(data);
  const int thread = omp_get_thread_num();
  const int team = omp_get_num_threads();
  const uint32_t own = ControlWord();
  if (own != loop.control) SetControlWord(loop.control);
  // A nested or limited team may be smaller than asked for: its members then take several shares.
  for (int64_t share = thread; share < loop.shares; share += team) loop.Share(share, thread);
  if (own != loop.control) SetControlWord(own);
}

void RunSetControlWord(void *word) { SetControlWord(*static_cast<const uint32_t *>(word)); }

}  // namespace

extern "C" {

void mass_parallel_for(int threads, int64_t count, int64_t grain, mass_parallel_body body, void *context) {
  if (count <= 0) return;
  const int64_t shares = std::min<int64_t>(threads, count / std::max<int64_t>(grain, 1));
  if (shares <= 1) return body(context, 0, count, 0);
  Loop loop = {body, context, count, shares, ControlWord()};
  // Always the whole team: libgomp ends and recreates workers when the size of the team changes.
  GOMP_parallel(RunShare, &loop, static_cast<unsigned>(threads), 0);
}

void mass_threads_set(int threads) { omp_set_num_threads(std::max(threads, 1)); }

int mass_threads_get(void) { return omp_get_max_threads(); }

void mass_threads_release(void) {
  constexpr int kSoftPause = 1;
  omp_pause_resource_all(kSoftPause);
}

void mass_threads_name(const char *name) {
  char shown[16];
  std::strncpy(shown, name, sizeof shown - 1);
  shown[sizeof shown - 1] = 0;
  pthread_setname_np(pthread_self(), shown);
}

int mass_threads_affinity(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 1;
}

uint32_t mass_floating_point_enter(void) {
  const uint32_t saved = ControlWord();
  SetControlWord(saved | kFlushBits);
  return saved;
}

void mass_floating_point_leave(uint32_t saved) { SetControlWord(saved); }

uint32_t mass_floating_point_enter_team(int threads) {
  const uint32_t saved = ControlWord();
  uint32_t word = saved | kFlushBits;
  SetControlWord(word);
  if (threads > 1) GOMP_parallel(RunSetControlWord, &word, static_cast<unsigned>(threads), 0);
  return saved;
}

void mass_floating_point_leave_team(int threads, uint32_t saved) {
  SetControlWord(saved);
  if (threads > 1) GOMP_parallel(RunSetControlWord, &saved, static_cast<unsigned>(threads), 0);
}

}  // extern "C"
