/// Parallel loops on libgomp's team, and the floating-point environment.
///
/// oneDNN and OpenBLAS run on libgomp too, so a process has one set of worker threads. Nothing here allocates,
/// except libgomp itself when a calling thread first asks for a team of a given size.
#ifndef MASS_THREADS_H
#define MASS_THREADS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// One share of a parallel loop: the indices `begin ..< end`, on team member `thread`.
typedef void (*mass_parallel_body)(void *context, int64_t begin, int64_t end, int thread);

/// Calls `body` on consecutive shares of `0 ..< count`, each at most once per team member, and returns when all are
/// done. The shares depend on `threads`, `count` and `grain` only, and `thread` is in `0 ..< threads`.
///
/// No share but the last holds fewer than `grain` indices. With one thread, or `count <= grain`, the whole range is
/// one share on the calling thread. Team members run under the caller's floating-point control word.
void mass_parallel_for(int threads, int64_t count, int64_t grain, mass_parallel_body body, void *context);

/// How many processors the process may run on, by its affinity mask; at least one.
int mass_threads_affinity(void);

/// Names the calling thread for the system's tools; they show 15 bytes.
void mass_threads_name(const char *name);

/// Sets how many threads the calling thread's later parallel regions use in other libraries (oneDNN).
void mass_threads_set(int threads);

/// How many threads the calling thread's parallel regions use in other libraries.
int mass_threads_get(void);

/// Ends the workers of the calling thread's team; its next parallel region starts new ones.
void mass_threads_release(void);

/// Makes the calling thread flush denormal results and inputs to zero; returns the control word for `leave`.
uint32_t mass_floating_point_enter(void);

/// Restores the control word that `mass_floating_point_enter` returned.
void mass_floating_point_leave(uint32_t saved);

/// As `mass_floating_point_enter`, on the calling thread and on every worker of its team of `threads`.
///
/// Needed around regions of other libraries; the loops of this one take the caller's control word with them.
uint32_t mass_floating_point_enter_team(int threads);

/// Restores the control word on the calling thread and on every worker of its team.
void mass_floating_point_leave_team(int threads, uint32_t saved);

#ifdef __cplusplus
}
#endif

#endif
