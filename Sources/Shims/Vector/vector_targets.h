/// The instruction sets that the vector kernels are compiled for; include before any Highway header.
#ifndef MASS_VECTOR_TARGETS_H
#define MASS_VECTOR_TARGETS_H

// SSSE3 without SSE4 is too rare to pay for. On x86-64 there remain the portable baseline, SSE4, AVX2 and AVX-512.
#define HWY_DISABLED_TARGETS HWY_SSSE3

#endif
