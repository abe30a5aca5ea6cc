/* CBLAS as OpenBLAS declares it. */
#ifndef MASS_BLAS_H
#define MASS_BLAS_H
#include <cblas.h>
#endif
